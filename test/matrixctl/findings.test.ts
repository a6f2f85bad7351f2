import * as assert from 'uvu/assert';
import { suiteWith } from '../conformance/support/tools';
import { BACKUPS, BASE, imageId, OTHER, openWorlds, publish } from './support/server';
import type { World } from './support/world';

/** Earlier faults of root's scripts, one regression test each. */
const test = suiteWith('findings', ['root:bookworm', 'root:sid', 'python3-yaml']);

let worlds: World[] = [];
test.before(async () => {
  worlds = await openWorlds(1);
});
test.after(async () => {
  await Promise.all(worlds.map((world) => world.close()));
});

const LIB = '/var/lib/gen-cloudinit';
const LOCK = '/run/matrix.lock';
const NIGHTLY = /^matrix-\d{8}-\d{6}\.tar\.gz$/;
const MEDIA = `${BASE}/files/media_store/local_content/aa/bb/cccc`;

async function begin(snapshot: 'first' | 'lived'): Promise<World> {
  const world = worlds[0] as World;
  await world.order('fresh', { snapshot });
  return world;
}

const shell = (world: World, script: string) => world.run(['/bin/sh', '-c', script]);
const executable = (world: World, path: string, script: string) =>
  world.order('write', { path, content: `#!/bin/sh\n${script}\n`, mode: 0o755 });

async function state(world: World): Promise<Record<string, string>> {
  return JSON.parse(String(await world.order('read', { path: `${LIB}/state.json` })));
}
const nightly = async (world: World) => (await world.facts()).backups.filter((name) => NIGHTLY.test(name));

test('a restored database has no rows of files that the backup omits, except quarantined ones', async () => {
  const world = await begin('lived');
  await world.order('sql', {
    sql: `INSERT INTO remote_media_cache (media_origin, media_id, filesystem_id, quarantined_by)
        VALUES ('remote.example', 'bad', 'aabbbad', '@alice:matrix.example.org');
      INSERT INTO remote_media_cache_thumbnails (media_origin, media_id, filesystem_id)
        VALUES ('remote.example', 'bad', 'aabbbad');
      INSERT INTO local_media_repository_thumbnails (media_id) SELECT media_id FROM local_media_repository`,
  });
  await world.must(['/usr/local/sbin/matrixctl', 'backup', '/root/work/now.tar.gz']);
  await world.must(['/usr/local/sbin/matrixctl', 'restore', '/root/work/now.tar.gz', '--force']);
  const column = async (sql: string) => String(await world.order('sql', { sql })).split('\n');
  assert.equal(await column('SELECT media_id FROM remote_media_cache'), ['bad']);
  assert.equal(await column('SELECT media_id FROM remote_media_cache_thumbnails'), ['bad']);
  const local = ['aabbbob', 'aabbcccc'];
  assert.equal(await column('SELECT media_id FROM local_media_repository ORDER BY 1'), local);
  assert.equal(await column('SELECT media_id FROM local_media_repository_thumbnails ORDER BY 1'), local);
  assert.equal(await column('SELECT media_id FROM local_media_repository_url_cache'), ['']);
  const { missing, ailment } = await world.facts();
  assert.equal(missing, []);
  assert.is(ailment, '');
});

for (const [what, script] of [
  ['a directory', `mkdir ${MEDIA}`],
  ['a link', `ln -s /root/work ${MEDIA}`],
] as const) {
  test(`${what} in the place of a file of the backup does not stop a restore`, async () => {
    const world = await begin('lived');
    await world.must(['/usr/local/sbin/matrixctl', 'backup', '/root/work/now.tar.gz']);
    await shell(world, `rm ${MEDIA} && ${script}`);
    await world.must(['/usr/local/sbin/matrixctl', 'restore', '/root/work/now.tar.gz', '--force']);
    const { missing, ailment, unfinished } = await world.facts();
    assert.equal(missing, []);
    assert.is(ailment, '');
    assert.not(unfinished);
  });
}

test('a restore does not move and delete a file system that is mounted below the replaced directory', async () => {
  const world = await begin('lived');
  const media = `${BASE}/files/media_store`;
  const before = await world.facts();
  await world.order('bind', { path: '/mnt/output', to: media });
  const { code, stderr } = await world.matrixctl(['restore', OTHER, '--force']);
  assert.is(code, 1);
  assert.match(stderr, `${media} is a file system of its own and cannot be replaced`);
  assert.is((await shell(world, `test -e ${media}/other.tar.gz`)).code, 0);
  await world.order('unmount', { path: media });
  const after = await world.facts();
  assert.is(after.files, before.files);
  assert.is(after.rows, before.rows);
  assert.equal(after.stopped, []);
  assert.not(after.unfinished);
});

test('work that never completes is given up with a message, and every command stays usable', async () => {
  const world = await begin('first');
  const compose = `${BASE}/docker-compose.yml`;
  await world.order('write', { path: `${LIB}/unfinished`, content: 'resume\n' });
  await shell(world, `/bench/bin/docker stop matrix-synapse-1; mv ${compose} ${compose}.away`);
  assert.match((await world.matrixctl(['up'])).stderr, /unfinished work \(resume\)/);
  let said = '';
  for (let ticks = 0; ticks < 8; ticks++) {
    const { stdout, stderr } = await world.matrixctl(['tick']);
    said += stdout + stderr;
  }
  assert.match(said, /gave up after five tries .*matrixctl up.*matrixctl restore/);
  assert.is(said.match(/gave up/g)?.length, 1);
  assert.not((await world.facts()).unfinished);
  await shell(world, `mv ${compose}.away ${compose}`);
  const { code, stderr } = await world.matrixctl(['up']);
  assert.is(code, 0, stderr);
  assert.match((await world.matrixctl(['doctor'])).stdout, /^failed: unfinished work/m);
});

/** A disk with room for one backup at most. */
const ONE_FITS = `n=$(ls ${BACKUPS} | grep -c '^matrix-2')
printf 'a\\nb 0 0 %s 0%% /\\n' $((n < 2 ? 5000000 : 10000))`;
const free = (mb: number) => `printf 'a\\nb 0 0 %s 0%% /\\n' ${mb * 1024}`;

async function withBackups(): Promise<World> {
  const world = await begin('lived');
  const older = `${BACKUPS}/matrix-20251231-030000.tar.gz`;
  await world.order('copy', { path: `case:${OTHER}`, to: `case:${older}` });
  assert.ok((await nightly(world)).length >= 2);
  return world;
}

test('old backups are removed before the space for a new one is checked', async () => {
  const world = await withBackups();
  await executable(world, '/run/df', ONE_FITS);
  const { code, stdout, stderr } = await world.matrixctl(['backup']);
  assert.is(code, 0, stdout + stderr);
  assert.is((await nightly(world)).length, 2);
});

test('a backup that does not fit keeps the newest one and the reserve, and is reported', async () => {
  const world = await withBackups();
  const newest = (await nightly(world)).at(-1);
  // More than the backup needs, but less than backup and PostgreSQL need together.
  await executable(world, '/run/df', free(400));
  const { code, stderr } = await world.matrixctl(['backup']);
  assert.is(code, 1);
  assert.match(stderr, /400 MB are free in .* may be needed for a backup/);
  assert.equal(await nightly(world), [newest]);
  assert.match((await state(world)).backup_error ?? '', /400 MB are free/);
  const doctor = await world.matrixctl(['doctor']);
  assert.match(doctor.stdout, /^warning: backup \(.*the last one failed: .*400 MB are free/m);
});

test('media that change or disappear during the backup are omitted and reported', async () => {
  const world = await begin('lived');
  const folder = `${BASE}/files/media_store/local_content/aa/bb`;
  await shell(
    world,
    `: >${folder}/shrinks && : >${folder}/gone && chown 991:991 ${folder}/shrinks && chmod 0 ${folder}/gone`,
  );
  // Its size is 4096, but fewer bytes can be read.
  await world.order('bind', { path: '/sys/class/net/lo/mtu', to: `${folder}/shrinks` });
  const { code, stdout, stderr } = await world.matrixctl(['backup', '/root/work/now.tar.gz']);
  assert.is(code, 0, stdout + stderr);
  assert.match(stderr, /left out: media_store\/local_content\/aa\/bb\/shrinks: changed while it was read/);
  assert.match(stderr, /left out: media_store\/local_content\/aa\/bb\/gone: /);
  assert.match(stdout, /backup: \S+, 2 files left out/);
  assert.match((await state(world)).backup ?? '', /2 files left out/);
  const listed = await shell(world, 'tar -tzf /root/work/now.tar.gz');
  assert.is(listed.code, 0);
  assert.match(listed.stdout, /aa\/bb\/cccc\n/);
  assert.not.match(listed.stdout, /shrinks|gone/);
  await world.order('unmount', { path: `${folder}/shrinks` });
  await world.must(['/usr/local/sbin/matrixctl', 'restore', '/root/work/now.tar.gz', '--force']);
});

test('an update without new images stops nothing and dumps nothing', async () => {
  const world = await begin('lived');
  const before = await world.order('state');
  const { code, stdout, trace } = await world.matrixctl(['update'], { tracing: true });
  assert.is(code, 0);
  assert.match(stdout, /no new images/);
  const calls = trace.filter((line) => line.startsWith('   docker '));
  assert.ok(calls.some((line) => / pull\b/.test(line)));
  assert.equal(
    calls.filter((line) => / (?:stop|restart|rm|down|kill|up|pg_dump) /.test(line)),
    [],
  );
  assert.equal(await world.order('state'), before);
  assert.not((await world.facts()).unfinished);
});

test('only root can open the lock, and a command that finds it held for long reports that', async () => {
  const world = await begin('lived');
  await shell(world, `rm -f ${LOCK}; umask 0; : >${LOCK}`);
  await world.must(['/usr/local/sbin/matrixctl', 'tick']);
  assert.is((await shell(world, `stat -c '%a %u' ${LOCK}`)).stdout, '600 0\n');
  const held = (since: string) =>
    shell(world, `exec 9>>${LOCK}; flock 9; touch -d '${since}' ${LOCK}; /usr/local/sbin/matrixctl tick`);
  assert.is((await held('5 minutes ago')).stdout, '');
  assert.match(
    (await held('2 hours ago')).stdout,
    /waiting for another matrixctl: tick, process \d+, since /,
  );
});

test('a pull does not inherit the lock and has a time limit', async () => {
  const world = await begin('first');
  await world.order('registry', { images: { 'new/image:1': imageId('new image') } });
  // Earlier in PATH than the real one.
  await executable(
    world,
    '/usr/local/sbin/timeout',
    '{ echo "$@"; ls -l /proc/$$/fd; } >>/run/held; exec /usr/bin/timeout "$@"',
  );
  const pull = '/usr/local/sbin/matrixctl boot pull new/image:1';
  const { code, stderr } = await shell(world, `exec 9>>${LOCK}; flock 9; ${pull}`);
  assert.is(code, 0, stderr);
  const seen = String(await world.order('read', { path: '/run/held' }));
  assert.match(seen, /^\d+ docker pull -q new\/image:1$/m);
  assert.not.match(seen, /matrix\.lock/);
});

const SIGNATURE = 'canary-of-a-signature';

/** A first boot's restore from a URL with a signature, whose files and output are searched for it. */
async function fetched(name: string) {
  const world = await begin('first');
  const from = `http://127.0.0.1/${name}?X-Signature=${SIGNATURE}&b=1`;
  await world.order('append', { path: '/etc/gen-cloudinit.env', content: `\nRESTORE_FROM='${from}'\n` });
  // Before the real one in PATH; what it is called with everybody can see while it runs.
  await executable(world, '/usr/local/sbin/curl', 'echo "$@" >>/run/arguments; exec /usr/bin/curl "$@"');
  const ran = await world.matrixctl(['boot', 'begin'], { tracing: true });
  assert.match(String(await world.order('read', { path: '/run/arguments' })), /-K -/);
  const found = await shell(
    world,
    `grep -rl ${SIGNATURE} ${LIB} /var/backups /var/log /run /root /data /tmp`,
  );
  return { world, ...ran, found: found.stdout };
}

test("a signed URL's query appears nowhere", async () => {
  const { code, stdout, stderr, trace, found } = await fetched('backup.tar.gz');
  assert.is(code, 0, stdout + stderr);
  assert.match(stdout, /restored from http:\/\/127\.0\.0\.1\/backup\.tar\.gz/);
  assert.match(stderr, /warning: http:\/\/ is not encrypted/);
  assert.not.match(`${stdout}${stderr}${trace.join('\n')}`, SIGNATURE);
  assert.is(found, '');
});

test("a signed URL's query appears nowhere when the restore fails", async () => {
  const { world, code, stdout, stderr, trace, found } = await fetched('damaged.tar.gz');
  assert.is(code, 1);
  const { phase, error } = await state(world);
  assert.is(phase, 'failed');
  assert.match(error ?? '', 'http://127.0.0.1/damaged.tar.gz is damaged');
  assert.not.match(`${stdout}${stderr}${trace.join('\n')}`, SIGNATURE);
  assert.is(found, '');
});

test('restores and updates leave their results in the journal, also of the backup that a restore makes first', async () => {
  const world = await begin('lived');
  await executable(world, '/usr/local/sbin/logger', 'echo "$@" >>/run/journal');
  const lines = async () => {
    const { stdout } = await shell(world, 'cat /run/journal && rm /run/journal');
    return stdout
      .replace(/\d{8}-\d{6}/g, 'NOW')
      .trim()
      .split('\n');
  };
  await world.must(['/usr/local/sbin/matrixctl', 'restore', OTHER, '--force']);
  assert.equal(await lines(), [
    `-t matrixctl -- backup ${BACKUPS}/before-restore-NOW.tar.gz: done`,
    `-t matrixctl -- restore ${OTHER} --force: done`,
  ]);
  assert.is((await world.matrixctl(['restore', OTHER])).code, 1);
  assert.equal(await lines(), [
    `-t matrixctl -- restore ${OTHER}: failed: there are users or rooms here; with --force they are backed up and replaced`,
  ]);
  await world.must(['/usr/local/sbin/matrixctl', 'update']);
  assert.equal(await lines(), ['-t matrixctl -- update, no new images: done']);
  await publish(world, 'sick');
  assert.is((await world.matrixctl(['update'])).code, 1);
  assert.equal(await lines(), [
    '-t matrixctl -- update: failed: the new images do not become healthy; the former images run again',
  ]);
});

test.run();
