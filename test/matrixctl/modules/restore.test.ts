import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { ELEMENT, STARTS } from '../support/programs';
import { BACKUPS, BASE, type Called, LIB, type Sandbox } from '../support/sandbox';

/** A restore replaces everything or nothing, and its end can be repeated. */
const test = suiteOf('restore');

const FILES = `${BASE}/files`;
const RESTORED = `${BASE}/restored`;
const FILE = '$ROOT/root/backup.tar.gz';
const URL = 'https://backups.example.org/one.tar.gz?X-Signature=secret';
const PSQL = 'exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1';
const HAS_TABLES = `${PSQL} -c SELECT to_regclass('users') IS NULL`;
const HAS_DATA = `${PSQL} -v admin=@admin:example.org`;
const SWAP = `${PSQL} -d postgres`;
const MARK = `${PSQL} -d postgres -v mark=*`;
const LOAD = 'exec -i matrix-db-1 pg_restore -U synapse --exit-on-error -d restored';
const DROP = `${PSQL} -d postgres -c DROP DATABASE restored`;

/** A server whose database is empty and on which everything can be started. */
function empty(server: Sandbox): void {
  server.set({ ADMIN_USER: 'admin' });
  server.sequence('up', '0');
  server.sequence('mark', 't');
  server.answer('docker', {
    ...STARTS,
    [HAS_TABLES]: 'echo t',
    [HAS_DATA]: 'echo f',
    [`${PSQL} -d postgres -c DROP DATABASE IF EXISTS restored*`]: ':',
    [LOAD]: 'cat >"$ROOT/loaded"',
    // The script sets the mark, and later checks it.
    [MARK]: 'read -r statement; case $statement in SELECT*) next mark ;; esac',
    [`${PSQL} -d restored`]: 'cat >"$ROOT/forgotten"',
    [SWAP]: 'cat >"$ROOT/swapped"',
  });
  server.answer('iptables', { '*': ':' });
  server.answer('ip6tables', { '*': ':' });
  server.answer('ip', { '*': 'exit 1' });
  server.answer('curl', {
    [ELEMENT]: ':',
    '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org/': 'echo HTTP/2 200',
  });
  server.put(`${FILES}/homeserver.yaml`, "the server's own\n");
  server.put(`${FILES}/former`, 'previous\n');
  server.put(`${FILES}/example.org.signing.key`, 'former key\n', 0o600);
}

/** The same with users and rooms. */
function lived(server: Sandbox): void {
  empty(server);
  server.answer('docker', {
    [HAS_TABLES]: 'echo f',
    [HAS_DATA]: 'echo t',
    [`${PSQL} -c SELECT pg_catalog.pg_database_size*`]: 'echo 10485760',
    'exec matrix-db-1 pg_dump *': 'echo the previous dump',
    'ps -q *': 'exit 1',
  });
}

const WHOLE: Readonly<Record<string, string>> = {
  'manifest.json': '{"generator":"1.2.3","server_name":"example.org"}\n',
  database: 'the dump\n',
  'config/matrix-admin-password': 'of the admin\n',
  'config/matrix-password-bob': 'of bob\n',
  'config/docker-compose.yml': 'stays in the backup\n',
  'files/example.org.signing.key': 'the key\n',
  'files/homeserver.yaml': 'of the backup\n',
  'files/media/one': 'a picture\n',
  'files/config/database': 'names of the parts\n',
};

/** Creates a backup; `spoil` are commands that run before it is packed. */
function packed(server: Sandbox, parts: Readonly<Record<string, string | undefined>> = {}, spoil = ''): void {
  for (const [name, content] of Object.entries({ ...WHOLE, ...parts }))
    if (content !== undefined) server.put(`/pack/${name}`, content);
  const { status, stderr } = spawnSync(
    '/bin/sh',
    [
      '-c',
      `cd "$1/pack" && find . -type f | sed 's,^./,,' | xargs sha256sum >../sums && mv ../sums SHA256SUMS
      ${spoil}
      tar -czf ../root/backup.tar.gz * && chmod 644 ../root/backup.tar.gz
      if [ -e ../cut ]; then truncate -s 100000 ../root/backup.tar.gz; fi`,
      'sh',
      server.root,
    ],
    { encoding: 'utf8' },
  );
  assert.is(status, 0, stderr);
}

/** The command fails with this message. */
function fails({ code, stderr }: Called, message: RegExp | string): void {
  assert.is.not(code, 0);
  assert.match(stderr, message);
}
const untouched = (server: Sandbox) => {
  assert.is(server.read(`${FILES}/former`), 'previous\n');
  assert.not(server.has(RESTORED));
  assert.not(server.has(`${LIB}/unfinished`));
};

for (const [what, words, message] of [
  ['no word', '', /restore needs a file or a URL: matrixctl restore FILE-OR-URL/],
  ['another word than --force', 'x --now', /unexpected argument --now/],
  [
    'an address that is neither http nor https',
    'ftp://user:secret@backups.example.org/x?secret',
    /failed: ftp:\/\/backups\.example\.org\/x is not a file, http or https\n$/,
  ],
  ['a file that is not there', '/nowhere/x.tar.gz', /there is no \/nowhere\/x\.tar\.gz; put it there/],
] as const)
  test(`${what}: refused`, (server) => {
    empty(server);
    fails(server.call(`restore_backup ${words}`), message);
    untouched(server);
  });

test('while work is unfinished, or a file system is mounted below the directory, nothing is replaced', (server) => {
  empty(server);
  packed(server);
  server.put('/proc/self/mountinfo', `1 2 0:1 / / rw\n3 4 0:2 / ${server.at(FILES)}/media_store rw\n`);
  fails(
    server.call(`restore_backup ${FILE}`),
    /failed: \/srv\/matrix\/files\/media_store\S* is a file system of its own and cannot be replaced/,
  );
  server.put(`${LIB}/unfinished`, 'resume\n');
  fails(server.call(`restore_backup ${FILE}`), /unfinished work \(resume\)/);
});

// 1: nothing to lose; 0: users or rooms; 2: unknown.
for (const [tables, rows, code] of [
  ['t', '', 1],
  ['f', 'f', 1],
  ['f', 't', 0],
  ['f', '', 2],
  ['', '', 2],
] as const)
  test(`whether there is data: '${tables}', '${rows}' means ${code}`, (server) => {
    empty(server);
    server.answer('docker', { [HAS_TABLES]: `echo ${tables}`, [HAS_DATA]: `echo ${rows}` });
    assert.is(server.call('has_data').code, code);
  });

test('onto an empty server: the database, then the files, and everything starts', (server) => {
  empty(server);
  packed(server);
  const { code, stdout, stderr, calls } = server.call(`restore_backup ${FILE}`);
  assert.is(code, 0, stderr);
  assert.match(stdout, /gen-cloudinit: restored from \/root\/backup\.tar\.gz\n$/);
  assert.is(server.read('/loaded'), 'the dump\n');
  assert.match(
    server.read('/forgotten') ?? '',
    /DELETE FROM remote_media_cache WHERE quarantined_by IS NULL/,
  );
  assert.match(server.read('/swapped') ?? '', /ALTER DATABASE restored RENAME TO synapse/);
  const order = [' -d restored', ' rm -sf synapse', 'RESTORED', 'up -d --wait --wait-timeout'];
  const places = order
    .filter((word) => word !== 'RESTORED')
    .map((word) => calls.findIndex((call) => call.includes(word)));
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
    calls.join('\n'),
  );
  assert.ok(places.every((place) => place >= 0));

  assert.is(server.read(`${FILES}/example.org.signing.key`), 'the key\n');
  assert.is(server.read(`${FILES}/media/one`), 'a picture\n');
  assert.is(server.read(`${FILES}/config/database`), 'names of the parts\n');
  assert.is(server.read(`${FILES}/homeserver.yaml`), "the server's own\n");
  assert.match(server.read(`${FILES}/pgpass`) ?? '', /^db:5432:synapse:synapse:secret of the database\n$/);
  assert.not(server.has(`${FILES}/former`));
  assert.not(server.has(RESTORED));
  assert.is(server.read('/root/matrix-admin-password'), 'of the admin\n');
  assert.is(server.read('/root/matrix-password-bob'), 'of bob\n');
  assert.not(server.has('/root/docker-compose.yml'));
  assert.not(server.has(`${LIB}/unfinished`));
});

test("without a homeserver.yaml the document's is used", (server) => {
  empty(server);
  packed(server);
  server.put(`${LIB}/homeserver.yaml`, 'of the document\n');
  const { code } = server.call(`rm "$DATA/homeserver.yaml"\nrestore_backup ${FILE}`);
  assert.is(code, 0);
  assert.is(server.read(`${FILES}/homeserver.yaml`), 'of the document\n');
});

for (const [what, answers] of [
  ['users or rooms', {}],
  ['a database that does not answer', { [HAS_TABLES]: 'exit 1' }],
] as const)
  test(`${what}: nothing is replaced without --force`, (server) => {
    lived(server);
    server.answer('docker', answers);
    packed(server);
    const result = server.call(`restore_backup ${FILE}`);
    fails(result, /there are users or rooms here; with --force they are backed up and replaced/);
    assert.not.match(result.calls.join('\n'), / stop | rm /);
    untouched(server);
  });

test('with --force the current state is backed up first, with Synapse stopped', (server) => {
  lived(server);
  packed(server);
  const { code, stdout, stderr, calls } = server.call(`restore_backup ${FILE} --force`);
  assert.is(code, 0, stderr);
  const [before] = server.list(BACKUPS);
  assert.match(before ?? '', /^before-restore-\d{8}-\d{6}\.tar\.gz$/);
  assert.match(stdout, `restored from /root/backup.tar.gz; what was here before: ${BACKUPS}/${before}`);
  const at = (word: string) => calls.findIndex((call) => call.includes(word));
  assert.ok(at(' stop synapse') < at('pg_dump') && at('pg_dump') < at('pg_restore'));
  assert.is(server.read(`${FILES}/media/one`), 'a picture\n');
  assert.not(server.has(`${LIB}/unfinished`));
});

test('when that backup fails everything starts as it was', (server) => {
  lived(server);
  packed(server);
  server.answer('docker', { 'exec matrix-db-1 pg_dump *': 'exit 1' });
  const result = server.call(`restore_backup ${FILE} --force`);
  fails(result, /failed: the backup failed while dumping the database/);
  assert.match(result.stdout, /started again after what failed or was cut short/);
  assert.match(result.calls.join('\n'), /stop synapse[\s\S]*up -d --wait --wait-timeout/);
  untouched(server);
});

for (const [drop, what] of [
  [':', 'dropped'],
  ['exit 1', 'left to the next try when the database is gone too'],
] as const)
  test(`a dump that cannot be loaded is ${what}`, (server) => {
    empty(server);
    server.answer('docker', { [LOAD]: 'exit 1', [DROP]: drop });
    packed(server);
    const result = server.call(`restore_backup ${FILE}`);
    fails(result, /failed: the database of \/root\/backup\.tar\.gz cannot be put back/);
    assert.ok(result.calls.some((call) => call.endsWith('-c DROP DATABASE restored')));
    untouched(server);
  });

const KEY = 'files/example.org.signing.key';
for (const [what, parts, spoil, message] of [
  ['with a changed file', {}, 'echo changed >files/media/one', /is damaged, or there is no room for it/],
  ['with a file that is not listed', {}, 'echo x >files/more', /is damaged/],
  ['with a listed file that is not there', {}, 'rm files/media/one', /is damaged/],
  ['with a link', {}, 'ln -s /etc/passwd files/link', /is damaged/],
  ['with a pipe', {}, 'mkfifo config/pipe', /is damaged/],
  ['without a database', {}, 'rm database', /is damaged/],
  [
    'that is cut off',
    {},
    'dd if=/dev/urandom of=files/media/two bs=1k count=300 2>/dev/null; : >../cut',
    /is damaged/,
  ],
  [
    'without a signing key',
    { [KEY]: undefined },
    '',
    /has no signing key of example\.org: another key is another server/,
  ],
  ['with an empty signing key', { [KEY]: '' }, '', /has no signing key of example\.org/],
  ['of another server', { 'manifest.json': '{"server_name":"other.org"}' }, '', /is not of example\.org/],
] as const)
  test(`a backup ${what} is refused, and goes when it was fetched`, (server) => {
    empty(server);
    packed(server, parts, spoil);
    const result = server.call(`cp ${FILE} $ROOT/fetched
      ( fetched=''; unpack_backup ${FILE} 'the backup' ) || :
      fetched=$ROOT/fetched; unpack_backup "$fetched" 'the same from a URL'`);
    fails(result, message);
    assert.match(result.stderr, /failed: the backup [\s\S]*failed: the same from a URL /);
    assert.not(server.has('/fetched'));
    assert.ok(server.has('/root/backup.tar.gz'));
  });

test('the space is checked before a backup is unpacked and before it is loaded', (server) => {
  empty(server);
  packed(server);
  server.free(511);
  fails(
    server.call(`restore_backup ${FILE}`),
    /511 MB are free in \S+, up to 512 may be needed to unpack \/root\/backup\.tar\.gz/,
  );
  server.free(611);
  fails(
    server.call(`restore_backup ${FILE}`),
    /611 MB are free in \/var\/lib, up to 612 may be needed to put /,
  );
  untouched(server);
});

test('files count where the database lies only when both are on one disk', (server) => {
  empty(server);
  server.put(`${RESTORED}/database`, 'x');
  server.put(`${RESTORED}/files/large`, 'x'.repeat(5 << 20));
  server.free(612);
  fails(server.call('require_space_to_restore x'), /up to 617 may be needed/);
  server.answer('stat', { '-c %d */srv/matrix': 'echo 1', '*': 'exec /usr/bin/stat "$@"' });
  assert.is(server.call('require_space_to_restore x').code, 0);
});

/** curl as it fetches a backup: the URL is on its standard input. */
const FETCH = '-fsSL --speed-limit 1000 --speed-time 60 -o *.part -K -';
const fetches = (server: Sandbox, lines: string) =>
  server.answer('curl', { [FETCH]: `cat >"$ROOT/url"; while [ "$1" != -o ]; do shift; done; ${lines}` });

test('a backup is fetched once, and its URL is in no argument and no message', (server) => {
  empty(server);
  packed(server);
  fetches(server, 'cp "$ROOT/root/backup.tar.gz" "$2"');
  const { code, stdout, stderr, calls } = server.call(`restore_backup '${URL}'`);
  assert.is(code, 0, stderr);
  assert.is(server.read('/url'), `url = "${URL}"\n`);
  assert.not.match([stdout, stderr, ...calls].join('\n'), /Signature/);
  assert.match(stdout, /restored from https:\/\/backups\.example\.org\/one\.tar\.gz\n/);
  assert.match(server.list(BACKUPS).join(), /^fetched-[0-9a-f]{16}$/);
  const again = server.call(`fetched=''; fetch_backup '${URL}'; echo "$fetched"`);
  assert.match(again.stdout, /^\/var\/backups\/matrix\/fetched-[0-9a-f]{16}\n$/);
  assert.equal(again.calls, []);
});

test('http:// gives a warning, and a failed download is repeated', (server) => {
  server.sequence('codes', '7', '0');
  fetches(server, 'echo "curl: (7) Connection refused"; echo backup >"$2"; exit "$(next codes)"');
  const { code, stdout, stderr, calls } = server.call('fetch_backup http://backups.example.org/x');
  assert.is(code, 0);
  assert.match(stderr, /warning: http:\/\/ is not encrypted/);
  assert.match(stdout, /fetching the backup: no answer, is the network up\?; again in 5 s/);
  assert.ok(calls.includes('sleep 5'));
});

for (const [code, said] of [
  [401, 'curl: (22) The requested URL returned error: 401'],
  [403, 'curl: (22) The requested URL returned error: 403'],
  [404, 'curl: (22) The requested URL returned error: 404 Not Found'],
  [410, 'curl: (22) The requested URL returned error: 410'],
] as const)
  test(`an address that answers ${code} is refused at once, and nothing is replaced`, (server) => {
    empty(server);
    fetches(server, `echo '${said}' >&2; exit 22`);
    const result = server.command(`restore '${URL}'`);
    fails(
      result,
      `gen-cloudinit: failed: fetching the backup: the server answers ${code}: the URL is wrong or has expired\n`,
    );
    assert.not.match(result.calls.join('\n'), /sleep|docker/);
    assert.equal(result.journal, [
      `restore https://backups.example.org/one.tar.gz: failed: fetching the backup: the server answers ${code}: the URL is wrong or has expired`,
    ]);
    untouched(server);
  });

for (const code of [408, 429, 500, 503])
  test(`a request that is answered with ${code} is repeated`, (server) => {
    server.sequence('codes', '22', '0');
    fetches(
      server,
      `echo "curl: (22) The requested URL returned error: ${code}"; echo backup >"$2"; exit "$(next codes)"`,
    );
    const { code: ended, calls } = server.call(`fetch_backup '${URL}'`);
    assert.is(ended, 0);
    assert.ok(calls.includes('sleep 5'));
  });

for (const character of ['"', '\\', '\n', '\r'])
  test(`a URL with ${JSON.stringify(character)} is refused, because curl would read more than a URL`, (server) => {
    const result = server.call('fetch_backup "$(cat; echo x)"', `https://example.org/${character}`);
    fails(result, /failed: the URL has characters that no URL has/);
    assert.equal(result.calls, []);
  });

/** The state after a restore that was interrupted when everything was prepared. */
function prepared(server: Sandbox): void {
  empty(server);
  server.put(`${LIB}/loaded`, 'the mark\n');
  server.put(`${LIB}/unfinished`, 'finish_restore\n');
  server.put(`${RESTORED}/files/restored`, 'x');
  server.put(`${RESTORED}/config/matrix-admin-password`, 'of the admin\n');
}

test('the rest of a restore can be repeated from any interruption', (server) => {
  prepared(server);
  // The former files are moved away, completely or in part.
  server.put(`${RESTORED}/former/old`, 'x');
  assert.is(server.call('mv "$DATA" "$RESTORED/former"\nfinish_restore').code, 0);
  assert.equal(server.list(FILES), ['restored']);
  // Both are in their places.
  server.put(`${RESTORED}/config/matrix-password-bob`, 'of bob\n');
  assert.is(server.call('finish_restore').code, 0);
  assert.equal(server.list(FILES), ['restored']);
  assert.is(server.read('/root/matrix-password-bob'), 'of bob\n');
  assert.not(server.has(RESTORED));
  assert.is(server.call('finish_restore').code, 0, 'and when nothing is left to do');
});

test('without the database that was loaded no file is moved', (server) => {
  prepared(server);
  server.sequence('mark', 'f');
  fails(server.call('finish_restore'), /failed: the database that was loaded is gone/);
  assert.ok(server.has(`${FILES}/former`) && server.has(`${RESTORED}/files/restored`));
  assert.is(server.read(`${LIB}/unfinished`), 'finish_restore\n');
});

test('a certificate authority of its own comes back where the server has one', (server) => {
  for (const [environment, comes] of [
    ['USE_LOCAL_CA=1\n', true],
    ['USE_LOCAL_CA=0\n', false],
  ] as const) {
    prepared(server);
    server.put(`${RESTORED}/config/local_ca.tar`, 'the authority');
    server.put('/data/nginx/nginx-certbot.env', environment);
    server.answer('docker', { 'compose -f */root/nginx/compose.yml run *': 'cat >"$ROOT/authority"' });
    assert.is(server.call('finish_restore').code, 0);
    assert.is(server.read('/authority'), comes ? 'the authority' : undefined);
    server.call('rm -f "$ROOT/authority"');
  }
});

test('during the first boot nothing starts yet', (server) => {
  prepared(server);
  const { code, calls } = server.call('BOOT=1\nfinish_restore');
  assert.is(code, 0);
  assert.not.match(calls.join('\n'), /wait-timeout/);
  assert.not(server.has(`${LIB}/unfinished`));
});

test('a Synapse that does not become healthy is reported, and the timer starts it again', (server) => {
  prepared(server);
  server.sequence('up', '1');
  fails(server.call('finish_restore'), /failed: not healthy after the restore: matrixctl logs synapse/);
  assert.is(server.read(`${LIB}/unfinished`), 'resume\n');
  assert.not(server.has(RESTORED));
});

test('the journal gets one line for a restore, and one more for the backup that --force makes', (server) => {
  empty(server);
  packed(server);
  assert.equal(server.command(`restore ${FILE}`).journal, ['restore /root/backup.tar.gz: done']);
  lived(server);
  const { code, journal } = server.command(`restore ${FILE} --force`);
  assert.is(code, 0);
  const [before] = server.list(BACKUPS);
  assert.equal(journal, [`backup ${BACKUPS}/${before}: done`, 'restore /root/backup.tar.gz --force: done']);
});

test('the journal says why a restore failed', (server) => {
  lived(server);
  packed(server);
  assert.equal(server.command(`restore ${FILE}`).journal, [
    'restore /root/backup.tar.gz: failed: there are users or rooms here; with --force they are backed up and replaced',
  ]);
  server.answer('docker', { 'exec matrix-db-1 pg_dump *': 'exit 1' });
  const { journal } = server.command(`restore ${FILE} --force`);
  assert.is(journal.length, 2, journal.join('\n'));
  assert.match(
    journal[0] ?? '',
    /^backup \/var\/backups\/matrix\/before-restore-\S+: failed: dumping the database$/,
  );
  assert.is(journal[1], 'restore /root/backup.tar.gz --force: failed: backing up what is here');
  untouched(server);
});

test('a restore that a signal ends after Synapse was stopped starts everything, and the journal says so', (server) => {
  lived(server);
  packed(server);
  server.answer('docker', { [LOAD]: 'kill -TERM "$PPID"' });
  const { code, journal, stdout } = server.command(`restore ${FILE} --force`);
  assert.is.not(code, 0);
  assert.match(stdout, /started again after what failed or was cut short/);
  assert.match(journal[1] ?? '', /^restore \/root\/backup\.tar\.gz --force: failed: /);
  untouched(server);
});

for (const words of ['', `${FILE} --now`])
  test(`a restore with the words '${words}' leaves no line in the journal`, (server) => {
    empty(server);
    const { code, journal, calls } = server.command(`restore ${words}`);
    assert.equal([code, journal, calls], [1, [], []]);
  });

test.run();
