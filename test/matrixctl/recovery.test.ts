import * as assert from 'uvu/assert';
import { suiteWith } from '../conformance/support/tools';
import { BACKUPS, BASE, openWorlds, psql as psqlIn } from './support/server';
import type { World } from './support/world';

/** Data that must never be lost: the database, the signing key, and the content that a backup promises. */
const test = suiteWith('recovery', ['root:bookworm', 'root:sid', 'python3-yaml']);

const LIB = '/var/lib/gen-cloudinit';
const KEY = `${BASE}/files/matrix.example.org.signing.key`;
const NOW = '/root/work/now.tar.gz';

let world: World;
test.before(async () => {
  [world] = (await openWorlds(1)) as [World];
});
test.after(() => world?.close());

/** A test that starts with a server that has users, rooms and media. */
const onServer = (name: string, body: () => Promise<void>) =>
  test(name, async () => {
    await world.order('fresh', { snapshot: 'lived' });
    await body();
  });

const shell = (script: string) => world.run(['/bin/sh', '-c', script]);
const matrixctl = (...words: string[]) => world.matrixctl(words);
const psql = (database: string, sql: string) => psqlIn(world, database, sql);

// The states that an interrupted first boot can leave. In each, an earlier run has recorded that the database is new.
for (const [name, script] of [
  ['in the middle of a restore', `rm ${LIB}/ready ${LIB}/database; echo finish_restore >${LIB}/unfinished`],
  ['on a server that is ready', `rm -f ${LIB}/database`],
  ['when the database has answered', `rm ${LIB}/ready`],
] as const) {
  onServer(`the first boot's steps repeated ${name} keep the database`, async () => {
    const { rows } = await world.facts();
    await shell(`${script}; echo another-boot >${LIB}/new-database`);
    const { code, stdout, stderr } = await matrixctl('boot', 'prepare');
    assert.is(code, 0, stdout + stderr);
    await world.must(['/bench/bin/docker', 'start', 'matrix-db-1']);
    assert.is((await world.facts()).rows, rows);
  });
}

onServer(
  'a first boot is not ready while the database does not answer, and restores nothing silently',
  async () => {
    await psql('postgres', 'ALTER DATABASE synapse RENAME TO away');
    for (const step of ['wait', 'begin']) {
      const { code, stdout } = await matrixctl('boot', step);
      assert.is(code, 1, step);
      assert.match(stdout, /failed: the database does not answer/);
    }
  },
);

onServer('a restore whose loaded database is gone moves no files', async () => {
  const before = await world.facts();
  await shell(`mkdir -p ${BASE}/restored/files; chown 991:991 ${BASE}/restored/files
    echo some-mark >${LIB}/loaded; echo finish_restore >${LIB}/unfinished`);
  const { code, stderr } = await matrixctl('continue');
  assert.is(code, 1);
  assert.match(stderr, /failed: the database that was loaded is gone/);
  assert.is((await world.facts()).files, before.files);
});

onServer('work that was given up can be tried again', async () => {
  await shell(`echo resume >${LIB}/given-up`);
  const { code, stdout, stderr } = await matrixctl('continue');
  assert.is(code, 0, stdout + stderr);
  assert.is((await shell(`test -e ${LIB}/given-up`)).code, 1);
});

onServer('files and folders with the names of parts of a backup come back', async () => {
  await shell(`cd ${BASE}/files && mkdir -p config sub/database && echo 1 >config/bridge.yaml && echo 2 >sub/database/x &&
    echo 3 >sub/SHA256SUMS && echo 4 >manifest.json && chown -R 991:991 config sub manifest.json`);
  assert.is((await matrixctl('backup', NOW)).code, 0);
  const { code, stdout, stderr } = await matrixctl('restore', NOW, '--force');
  assert.is(code, 0, stdout + stderr);
  const { stdout: now } = await shell(
    `cd ${BASE}/files && cat config/bridge.yaml sub/database/x sub/SHA256SUMS manifest.json`,
  );
  assert.is(now, '1\n2\n3\n4\n');
});

onServer('a backup comes back from a URL too', async () => {
  assert.is((await matrixctl('backup', NOW)).code, 0);
  const { code, stdout, stderr } =
    await shell(`cd /root/work && /usr/bin/python3 -m http.server 8020 --bind 127.0.0.1 2>/dev/null &
    server=$!; /usr/bin/sleep 1; matrixctl restore http://127.0.0.1:8020/now.tar.gz --force; code=$?; kill $server; exit $code`);
  assert.is(code, 0, stdout + stderr);
  assert.match(stderr, /warning: http:\/\/ is not encrypted/);
  assert.is((await shell(`ls ${BACKUPS} | grep -c fetched`)).stdout, '1\n', 'kept until the next tick');
});

onServer("links and pipes among the operator's configuration do not spoil a backup", async () => {
  await shell(`cd /data/nginx/user_conf.d && ln -s matrix.example.org.conf other.conf && ln -s /nowhere dangling.conf &&
    mkfifo /root/nginx/pipe`);
  const { code, stdout, stderr } = await matrixctl('backup', NOW);
  assert.is(code, 0, stdout + stderr);
  const restored = await matrixctl('restore', NOW, '--force');
  assert.is(restored.code, 0, restored.stdout + restored.stderr);
});

onServer('no backup without the signing key, and no restore that makes another', async () => {
  await shell(`cp -a ${BASE}/files/. /root/work/good; mv ${KEY} ${BASE}/files/moved && ln -s moved ${KEY}`);
  const backup = await matrixctl('backup', NOW);
  assert.is(backup.code, 1);
  assert.match(backup.stderr, /signing\.key, or it is a link: put the key itself there/);
  assert.match((await matrixctl('doctor')).stdout, /^warning: backup .*signing\.key/m);
  // The state that a restore replaces is backed up as it is, so that backup has no key.
  const [nightly] = (await world.facts()).backups.filter((name) => /^matrix-2/.test(name));
  const forced = await matrixctl('restore', `${BACKUPS}/${nightly}`, '--force');
  assert.is(forced.code, 0, forced.stdout + forced.stderr);
  const without = (await world.facts()).backups.find((name) => name.startsWith('before-restore-2'));
  const refused = await matrixctl('restore', `${BACKUPS}/${without}`, '--force');
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /has no signing key of matrix\.example\.org/);
});

onServer('a signing key that is kept elsewhere stays, also while its place is not mounted', async () => {
  await shell(`rm ${KEY}; ln -s /mnt/keys/key ${KEY}`);
  const { stdout, stderr } = await matrixctl('boot', 'files');
  assert.is((await shell(`readlink ${KEY}`)).stdout, '/mnt/keys/key\n', stdout + stderr);
});

onServer('a sparse file counts with its apparent size', async () => {
  await shell(
    `truncate -s 200T ${BASE}/files/media_store/sparse; chown 991:991 ${BASE}/files/media_store/sparse`,
  );
  const { code, stderr } = await matrixctl('backup', NOW);
  assert.is(code, 1);
  assert.match(stderr, /MB are free in \S+, up to \d+ may be needed for a backup/);
});

onServer('a dump and an archive stop at the reserve', async () => {
  // Enough space during the check, and then much less: a file may have one megabyte.
  await world.order('write', {
    path: '/run/df',
    content: `#!/bin/sh\necho >>/run/asked\n[ $(wc -l </run/asked) -gt 1 ] && kb=525312 || kb=99999999\nprintf 'a\\nb 0 0 %s 0%% /\\n' $kb\n`,
    mode: 0o755,
  });
  await shell(
    `head -c 5000000 /dev/urandom >${BASE}/files/media_store/large; chown 991:991 ${BASE}/files/media_store/large`,
  );
  const { code, stderr } = await matrixctl('backup', NOW);
  assert.is.not(code, 0, stderr);
  assert.match(stderr, /failed: the backup failed while writing the archive/);
  assert.is((await shell('ls -A /root/work | grep -c matrix-backup')).stdout, '0\n');
});

onServer('the timer removes leftovers of a killed backup in any directory', async () => {
  await shell(
    `mkdir -p /mnt/far/.matrix-backup.AbCdEf /mnt/far/.matrix-backup.mine; echo /mnt/far >${LIB}/backup-place`,
  );
  await matrixctl('tick');
  assert.is((await shell('ls -A /mnt/far')).stdout, '.matrix-backup.mine\n');
});

onServer("a backup dated in the future does not count as last night's", async () => {
  await shell(
    `rm ${BACKUPS}/matrix-2*; touch -d '+5 years' ${BACKUPS}/matrix-20310101-030000.tar.gz; rm -f ${LIB}/tried`,
  );
  await matrixctl('tick');
  const made = (await world.facts()).backups.filter((name) => /^matrix-20(?!31)/.test(name));
  assert.is(made.length, 1);
});

onServer('a new password applies once it is in the database', async () => {
  await shell('echo former >/root/matrix-password-bob; /bench/bin/docker stop matrix-synapse-1');
  const { code } = await matrixctl('password', 'bob');
  assert.is(code, 1);
  assert.is((await shell('cat /root/matrix-password-bob')).stdout, 'former\n');
});

onServer('unknown arguments change nothing', async () => {
  const before = await world.facts();
  for (const words of [
    ...['up', 'down', 'restart', 'clean', 'backup', 'update', 'token', 'tls', 'doctor'].map((word) => [
      word,
      '--help',
    ]),
    ...[
      ['restart', 'synapse'],
      ['down', '-v'],
      ['tls', 'now'],
      ['tls'],
      ['backup', '--all'],
      ['backup', '/dev/null'],
    ],
    ...[
      ['backup', NOW, 'more'],
      ['update', 'now'],
      ['user', 'eve', '--admin', '/root/x', 'y'],
      ['password', 'bob', 'x'],
    ],
  ]) {
    const { code, stdout, stderr } = await matrixctl(...words);
    if (words[1] === '--help')
      assert.match(stdout, new RegExp(`^usage: matrixctl ${words[0]}`), words.join(' '));
    else assert.ok(code !== 0 && /failed: /.test(stderr), `${words.join(' ')}: ${code} ${stdout}${stderr}`);
  }
  const after = await world.facts();
  assert.equal([after.running, after.backups, after.rows], [before.running, before.backups, before.rows]);
  assert.is((await shell('test -c /dev/null')).code, 0);
});

onServer('a Docker daemon that hangs does not hold a tick for long', async () => {
  const script = `timeout() { shift; case $* in *docker*) return 124 ;; *) "$@" ;; esac; }
    docker() { echo "unlimited: $*" >>/run/unlimited; return 1; }
    set -- help; . /usr/local/sbin/matrixctl >/dev/null; write_state; renew_certificate ''; update_firewall_fact; update_disk_fact; :`;
  await world.run(['/bin/bash', '-c', script]);
  assert.is((await shell('cat /run/unlimited 2>/dev/null')).stdout, '');
});

test.run();
