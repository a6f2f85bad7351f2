import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { BACKUPS, BASE, type Called, LIB, type Sandbox } from '../support/sandbox';

/** A backup is either complete or absent, and the command reports which. */
const test = suiteOf('backup');

const FILES = `${BASE}/files`;
const KEY = `${FILES}/example.org.signing.key`;
const SIZE = "exec -i matrix-db-1 psql *SELECT pg_catalog.pg_database_size('synapse'::pg_catalog.name)";
const DUMP = 'exec matrix-db-1 pg_dump *';
const LOCAL_CA = 'exec nginx-nginx-1 tar *';
const MADE = /^matrix-\d{8}-\d{6}\.tar\.gz$/;

/** A server with a database of 10 MB, a signing key and a file of media. */
function lived(server: Sandbox): void {
  server.answer('docker', { [SIZE]: 'echo 10485760', [DUMP]: 'echo the dump' });
  for (const name of ['docker-compose.yml', 'element-config.json'])
    server.put(`${BASE}/${name}`, `${name}\n`);
  server.put('/root/nginx/compose.yml', 'nginx\n');
  server.put(KEY, 'ed25519 a_1 key\n', 0o600);
  server.put(`${FILES}/homeserver.yaml`, 'server_name: example.org\n');
  server.put(`${FILES}/pgpass`, 'a secret\n', 0o600);
  server.put(`${FILES}/media_store/local_content/one`, 'a picture\n');
  server.put(`${FILES}/media_store/remote_content/two`, 'of another server\n');
}

/** The content of a backup, and the result of `sha256sum -c`. */
function contentOf(server: Sandbox, path: string): { names: string[]; verdict: string } {
  const shell = (script: string) => spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  const file = server.at(path);
  const names = shell(`tar -tzf '${file}'`)
    .stdout.split('\n')
    .filter((name) => name && !name.endsWith('/'));
  const to = server.at('/unpacked');
  const { stdout, stderr } = shell(
    `rm -rf '${to}' && mkdir '${to}' && cd '${to}' && tar -xzf '${file}' && sha256sum -c --quiet --strict SHA256SUMS`,
  );
  return { names: names.sort(), verdict: stdout + stderr };
}
const unpacked = (server: Sandbox, name: string) => server.read(`/unpacked/${name}`);
const failed = ({ code }: Called) => assert.is.not(code, 0);
const fact = (server: Sandbox, name: string) => server.read(`${LIB}/facts/${name}`)?.trim();

test('one file for root alone with the database, the files and the configuration', (server) => {
  lived(server);
  server.put('/root/matrix-admin-password', 'of the admin\n');
  server.put('/root/matrix-password-bob', 'of bob\n');
  symlinkSync('/etc/passwd', server.at('/root/matrix-password-eve'));
  const { code, stdout, stderr } = server.call('write_backup $ROOT/root/now.tar.gz');
  assert.is(code, 0, stderr);
  assert.match(stdout, /^gen-cloudinit: backup: \/root\/now\.tar\.gz\n/);
  assert.is(server.call('stat -c %a $ROOT/root/now.tar.gz').stdout, '600\n');
  const { names, verdict } = contentOf(server, '/root/now.tar.gz');
  assert.is(verdict, '');
  assert.equal(names, [
    'SHA256SUMS',
    'config/db-password',
    'config/docker-compose.yml',
    'config/element-config.json',
    'config/gen-cloudinit.env',
    'config/homeserver.yaml',
    'config/matrix-admin-password',
    'config/matrix-password-bob',
    'config/nginx/compose.yml',
    'config/nginx/nginx-certbot.env',
    'database',
    'files/example.org.signing.key',
    'files/media_store/local_content/one',
    'manifest.json',
  ]);
  assert.is(unpacked(server, 'database'), 'the dump\n');
  const { made, ...manifest } = JSON.parse(unpacked(server, 'manifest.json') ?? '') as Record<string, string>;
  assert.match(made ?? '', /^\d{4}-\d\d-\d\dT/);
  assert.equal(manifest, { generator: '1.2.3', domain: 'matrix.example.org', server_name: 'example.org' });
  assert.match(fact(server, 'backup') ?? '', /^\/root\/now\.tar\.gz, \d{4}-/);
  assert.is(fact(server, 'backup_error'), '');
  assert.equal(
    server.list('/root').filter((name) => name.startsWith('.')),
    [],
    'nothing half made',
  );
  assert.not(server.has(`${LIB}/backup-place`));
});

test('without a name it is one of the nightly backups; a directory gets such a name', (server) => {
  lived(server);
  assert.is(server.call('write_backup').code, 0);
  assert.is(server.list(BACKUPS).filter((name) => MADE.test(name)).length, 1);
  server.directory('/root/shelf');
  assert.is(server.call('write_backup $ROOT/root/shelf').code, 0);
  assert.match(server.list('/root/shelf').join(), MADE);
});

test('a destination that cannot be a backup is refused before anything is written', (server) => {
  lived(server);
  spawnSync('mkfifo', [server.at('/root/pipe')]);
  const result = server.call('write_backup $ROOT/root/pipe');
  failed(result);
  assert.match(result.stderr, /failed: \/root\/pipe is not a regular file/);
  assert.equal(result.calls, []);
});

test('without the signing key there is no backup, except before a restore', (server) => {
  lived(server);
  symlinkSync('elsewhere', server.at(`${FILES}/example.org.signing.key.new`));
  server.call(
    'rm "$DATA/$SERVER_NAME.signing.key"; mv "$DATA/$SERVER_NAME.signing.key.new" "$DATA/$SERVER_NAME.signing.key"',
  );
  const result = server.call('write_backup');
  failed(result);
  assert.match(result.stderr, /failed: there is no .*example\.org\.signing\.key, or it is a link/);
  assert.match(fact(server, 'backup_error') ?? '', /^\d{4}-\S+ there is no /);
  assert.is(server.call('write_backup "$BACKUPS/before-restore.tar.gz" anyhow').code, 0);
  assert.ok(server.has(`${BACKUPS}/before-restore.tar.gz`));
});

for (const [what, lines, message] of [
  ['does not answer', 'exit 1', 'the database does not answer'],
  ['tells no size', 'echo', 'the database does not tell its size'],
  [
    'tells what bash would run',
    "echo 'BASH_VERSINFO[$(touch /tmp/x)]'",
    'the database does not tell its size',
  ],
  ['tells a number of base 8', 'echo 0777', 'the database does not tell its size'],
] as const)
  test(`a database that ${what}`, (server) => {
    lived(server);
    server.answer('docker', { [SIZE]: lines });
    const result = server.call('write_backup');
    failed(result);
    assert.match(result.stderr, `failed: ${message}\n`);
    assert.equal(server.list(BACKUPS), []);
  });

test('the space is checked: the media, the dump twice, and what PostgreSQL needs', (server) => {
  lived(server);
  // 10 MB of database, twice, and 50, and the reserve of 512.
  server.free(581);
  const result = server.call('write_backup');
  failed(result);
  assert.match(
    result.stderr,
    /581 MB are free in \/var\/backups\/matrix, up to 582 may be needed for a backup/,
  );
  server.free(582);
  assert.is(server.call('write_backup').code, 0);
});

test('media of unknown size count as empty', (server) => {
  lived(server);
  server.free(582);
  assert.is(server.call('as_synapse() { return 1; }\nrequire_space_for_backup "$ROOT"').code, 0);
});

test('a dump that fails leaves nothing but its reason', (server) => {
  lived(server);
  server.answer('docker', { [DUMP]: 'echo half; exit 1' });
  const result = server.call('write_backup');
  failed(result);
  assert.match(result.stderr, /failed: the backup failed while dumping the database\n$/);
  assert.match(fact(server, 'backup_error') ?? '', /dumping the database failed$/);
  assert.equal(server.list(BACKUPS), []);
  assert.is(server.call('write_backup').code === 0, false);
  server.answer('docker', { [DUMP]: 'echo the dump' });
  assert.is(server.call('write_backup').code, 0);
  assert.is(fact(server, 'backup_error'), '', 'until the next one works');
});

test('an archive that cannot be written leaves nothing but its reason', (server) => {
  lived(server);
  server.answer('gzip', { '*': 'exit 1' });
  const result = server.call('write_backup');
  failed(result);
  assert.match(result.stderr, /failed: the backup failed while writing the archive\n$/);
  assert.equal(server.list(BACKUPS), []);
});

test('checksums that cannot be written fail the backup, which could not be restored', (server) => {
  lived(server);
  const { code, stderr } = server.call('archive_files 3>/dev/full >/dev/null');
  assert.is.not(code, 0);
  assert.match(stderr, 'No space left on device');
});

test('missing configuration is omitted and reported', (server) => {
  lived(server);
  server.call('rm "$BASE_DIR/element-config.json" "$DATA/homeserver.yaml"');
  const { code, stderr } = server.call('write_backup $ROOT/root/now.tar.gz');
  assert.is(code, 0);
  assert.match(stderr, /some of the configuration cannot be copied and is left out/);
  assert.match(stderr, /homeserver\.yaml cannot be read and is left out/);
  assert.ok(contentOf(server, '/root/now.tar.gz').names.includes('config/db-password'));
});

for (const [what, lines, said] of [
  ['is taken along', 'echo the authority', false],
  ['is left out when nginx does not run', 'exit 1', true],
] as const)
  test(`the key of a certificate authority of its own ${what}`, (server) => {
    lived(server);
    server.put('/data/nginx/nginx-certbot.env', 'STAGING=0\nUSE_LOCAL_CA=1\n');
    server.answer('docker', { [LOCAL_CA]: lines });
    const { code, stderr } = server.call('write_backup $ROOT/root/now.tar.gz');
    assert.is(code, 0);
    assert.is(/the local certificate authority is left out: nginx does not run/.test(stderr), said);
    contentOf(server, '/root/now.tar.gz');
    assert.is(unpacked(server, 'config/local_ca.tar'), said ? '' : 'the authority\n');
  });

test('files that cannot be read, links and pipes are omitted and reported; names are shown without control characters', (server) => {
  lived(server);
  const at = (name: string) => server.at(`${FILES}/media_store/${name}`);
  server.put(`${FILES}/media_store/closed`, 'x', 0);
  server.put(`${FILES}/media_store/a\x1bb\\c\nd`, 'kept\n');
  server.put(`${FILES}/media_store/shut\x1b/x`, 'x');
  chmodSync(at('shut\x1b'), 0);
  symlinkSync('/etc/passwd', at('link'));
  spawnSync('mkfifo', [at('pipe')]);
  server.put(`${FILES}/.matrixctl-abcdefgh`, 'half of a file');
  const { code, stdout, stderr } = server.call('write_backup $ROOT/root/now.tar.gz');
  chmodSync(at('shut\x1b'), 0o755);
  assert.is(code, 0);
  const out = stderr.split('\n').filter((line) => line.includes('left out: '));
  assert.equal(out.map((line) => line.replace('gen-cloudinit: left out: ', '')).sort(), [
    'media_store/closed: Permission denied',
    'media_store/link: Too many levels of symbolic links',
    'media_store/pipe: not a file',
    // Python gives a folder's name without its path.
    'shut?: Permission denied',
  ]);
  assert.match(stdout, /backup: \/root\/now\.tar\.gz, 4 files left out\n$/);
  assert.match(fact(server, 'backup') ?? '', /, 4 files left out$/);
  const { names, verdict } = contentOf(server, '/root/now.tar.gz');
  assert.is(verdict, '');
  assert.is(unpacked(server, 'files/media_store/a\x1bb\\c\nd'), 'kept\n');
  assert.not.match(names.join(), /closed|link|pipe|matrixctl-/);
});

test('a file too large for the memory is read in pieces', (server) => {
  lived(server);
  const large = `${FILES}/media_store/large`;
  server.put(large, 'begin');
  truncateSync(server.at(large), (1 << 26) + 5);
  const { code } = server.call('write_backup $ROOT/root/now.tar.gz');
  assert.is(code, 0);
  assert.is(contentOf(server, '/root/now.tar.gz').verdict, '');
});

/** The timer's backups from the first days of January, a file of the owner, and a directory. */
function shelf(server: Sandbox, ...days: number[]): void {
  for (const day of days) server.put(`${BACKUPS}/matrix-2020010${day}-030000.tar.gz`, 'x');
  server.put(`${BACKUPS}/matrix-mine.tar.gz`, 'x');
  server.directory(`${BACKUPS}/matrix-20200101-040000.tar.gz`);
}
const days = (server: Sandbox) =>
  server
    .list(BACKUPS)
    .flatMap((name) => /^matrix-2020010(\d)-03/.exec(name)?.[1] ?? [])
    .join('');

for (const [keep, left] of [
  [9, '1234'],
  [4, '1234'],
  [3, '234'],
  [1, '4'],
  // It never removes the newest.
  [0, '4'],
] as const)
  test(`of four backups ${keep} are to stay`, (server) => {
    shelf(server, 3, 1, 4, 2);
    assert.is(server.call(`prune_backups ${keep}`).code, 0);
    assert.is(days(server), left);
    assert.ok(server.has(`${BACKUPS}/matrix-mine.tar.gz`));
    assert.ok(server.has(`${BACKUPS}/matrix-20200101-040000.tar.gz`));
  });

test('BACKUP_KEEP counts the new backup, and room is made before it; a backup to a file prunes nothing', (server) => {
  lived(server);
  server.set({ BACKUP_KEEP: '2' });
  shelf(server, 1, 2, 3);
  assert.is(server.call('write_backup $ROOT/root/now.tar.gz').code, 0);
  assert.is(days(server), '123');
  const { code } = server.call('write_backup');
  assert.is(code, 0);
  assert.is(days(server), '3');
  assert.is(server.list(BACKUPS).filter((name) => /^matrix-2(?!0200101-04)/.test(name)).length, 2);
});

test('leftovers of a killed backup are removed, also in another directory, and nothing else', (server) => {
  server.put(`${LIB}/backup-place`, `${server.at('/mnt')}\n`);
  for (const place of [BACKUPS, '/mnt'])
    for (const name of ['.matrix-backup.AbCdEf', '.matrix-backup.mine', 'other'])
      server.put(`${place}/${name}/x`, '');
  mkdirSync(server.at('/mnt/other/.matrix-backup.AbCdEf'));
  assert.is(server.call('remove_partial_backups').code, 0);
  assert.equal(server.list(BACKUPS), ['.matrix-backup.mine', 'other']);
  assert.equal(server.list('/mnt'), ['.matrix-backup.mine', 'other']);
  assert.not(server.has(`${LIB}/backup-place`));
  assert.is(server.call('remove_partial_backups').code, 0, 'again, without the note');
});

test('the journal gets a line for a backup: where it is, or why there is none', (server) => {
  lived(server);
  assert.equal(server.command('backup $ROOT/root/now.tar.gz').journal, ['backup /root/now.tar.gz: done']);
  const nightly = server.command('backup').journal;
  assert.equal(nightly, [`backup ${BACKUPS}/${server.list(BACKUPS)[0]}: done`]);
  server.free(581);
  assert.equal(server.command('backup $ROOT/root/now.tar.gz').journal, [
    'backup /root/now.tar.gz: failed: 581 MB are free in /root, up to 582 may be needed for a backup',
  ]);
  server.free(100_000);
  server.answer('docker', { [DUMP]: 'exit 1' });
  const result = server.command('backup $ROOT/root/now.tar.gz');
  failed(result);
  assert.equal(result.journal, ['backup /root/now.tar.gz: failed: dumping the database']);
});

test('a backup that a signal ends leaves nothing but a line in the journal', (server) => {
  lived(server);
  server.answer('gzip', { '*': 'kill -TERM "$(cat "$ROOT/process")"; sleep 0.1; exec cat' });
  const { code, journal } = server.command('backup $ROOT/root/now.tar.gz', 'echo $$ >"$ROOT/process"');
  assert.is.not(code, 0);
  assert.equal(journal, ['backup /root/now.tar.gz: failed: writing the archive']);
  assert.equal(
    server.list('/root').filter((name) => name !== 'nginx'),
    [],
  );
});

test.run();
