import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { ELEMENT, ELEMENT_STATE, STARTS } from '../support/programs';
import { BACKUPS, BASE, type Called, LIB, type Sandbox } from '../support/sandbox';

/** An update can be rolled back until the new images are healthy. */
const test = suiteOf('update');

const PSQL = 'exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1';
const MARK = `${PSQL} -d postgres -v mark=*`;
const DUMP = `${BACKUPS}/before-update.dump`;
const HEALTH = '-so /dev/null -m 5 -w %{http_code} http://127.0.0.1:8008/health';
const SITE = '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org/';

/** Two containers run; `docker pull` has brought a new image of the second one, or none. */
function running(server: Sandbox, pulled: 'new' | 'none' = 'new'): void {
  server.put(`${BASE}/docker-compose.yml`, 'services:\n element:\n');
  server.sequence('up', '0');
  server.sequence('mark', 't');
  server.put('/tags', `sha256:db postgres:16\n${pulled === 'new' ? 'sha256:new' : 'sha256:old'} synapse:1\n`);
  server.answer('docker', {
    ...STARTS,
    'ps -aq --filter label=com.docker.compose.project=matrix': 'printf "%s\\n" c1 c2',
    'inspect -f {{.Image}} {{.Config.Image}} c1 c2': 'echo sha256:db postgres:16; echo sha256:old synapse:1',
    'inspect -f {{.Image}} c1 c2': 'echo sha256:db; echo sha256:old; echo sha256:old',
    'inspect -f *': ':',
    'image inspect -f {{.Size}} sha256:db sha256:old': 'echo 104857600; echo 104857600',
    'image inspect -f {{.Id}} *': `shift 4; grep " $1\\$" "$ROOT/tags" | cut -d ' ' -f 1 | grep .`,
    'tag *': `grep -v " $3\\$" "$ROOT/tags" >"$ROOT/tags.new"; echo "$2 $3" >>"$ROOT/tags.new"; mv "$ROOT/tags.new" "$ROOT/tags"`,
    'image rm *': ':',
    'compose -f * pull': ':',
    [`${PSQL} -c SELECT pg_catalog.pg_database_size*`]: 'echo 10485760',
    'exec matrix-db-1 pg_dump *': 'echo the dump',
    'exec -i matrix-db-1 pg_restore *': 'cat >"$ROOT/loaded"',
    [MARK]: 'read -r statement; case $statement in SELECT*) next mark ;; esac',
    [`${PSQL} -d postgres*`]: 'cat >"$ROOT/swapped"',
    'ps -q *': 'exit 1',
  });
  server.answer('iptables', { '*': ':' });
  server.answer('ip6tables', { '*': ':' });
  server.answer('ip', { '*': 'exit 1' });
  server.sequence('site', '0');
  server.sequence('health', '200');
  server.answer('curl', {
    [ELEMENT]: ':',
    [SITE]: 'code=$(next site); [ "$code" != 0 ] || echo HTTP/2 200; exit "$code"',
    [HEALTH]: 'next health',
  });
}

const tag = (server: Sandbox) => /^(\S+) synapse:1$/m.exec(server.read('/tags') ?? '')?.[1];
const unfinished = (server: Sandbox) => server.read(`${LIB}/unfinished`)?.trim();
const removed = (calls: readonly string[]) =>
  calls.flatMap((call) => /^docker image rm (.*)/.exec(call)?.[1] ?? []);
const has = ({ calls }: Called, word: string) => calls.some((call) => call.includes(word));
function fails(result: Called, message: RegExp | string): void {
  assert.is.not(result.code, 0);
  assert.match(result.stderr, message);
}

test('new images start after a dump with Synapse stopped, and the former images are removed', (server) => {
  running(server);
  const result = server.call('update_images');
  assert.is(result.code, 0, result.stderr);
  assert.match(result.stdout, /gen-cloudinit: updated\n$/);
  const at = (word: string) => result.calls.findIndex((call) => call.includes(word));
  const order = [' pull', ' stop synapse', 'pg_dump', 'up -d --wait --wait-timeout', 'image rm'].map(at);
  assert.ok(order[0] !== -1, result.calls.join('\n'));
  assert.equal(
    order,
    [...order].sort((a, b) => a - b),
  );
  assert.is(server.read(DUMP), 'the dump\n');
  assert.equal(removed(result.calls), ['sha256:old']);
  assert.is(tag(server), 'sha256:new');
  assert.is(unfinished(server), undefined);
  assert.match(server.call(`stat -c '%a' $ROOT${DUMP} $ROOT${BACKUPS}`).stdout, '600\n700\n');
});

test('an image that Docker does not remove is not a failure', (server) => {
  running(server);
  server.answer('docker', { 'image rm *': 'exit 1' });
  assert.is(server.call('update_images').code, 0);
});

test('without new images nothing stops and nothing is dumped', (server) => {
  running(server, 'none');
  const result = server.call('update_images');
  assert.is(result.code, 0, result.stderr);
  assert.match(result.stdout, /gen-cloudinit: no new images\n$/);
  assert.not(has(result, ' stop ') || has(result, 'pg_dump') || has(result, ' up '));
  assert.is(unfinished(server), undefined);
});

for (const [what, free, message] of [
  [
    'the dump',
    531,
    /531 MB are free in \/var\/backups\/matrix, up to 532 may be needed for the dump of the database/,
  ],
  ['the images', 711, /711 MB are free in \/var\/lib, up to 712 may be needed for new images/],
] as const)
  test(`room for ${what} is checked first`, (server) => {
    running(server);
    server.free(free);
    const result = server.call('update_images');
    fails(result, message);
    assert.not(has(result, ' pull'));
  });

test('nothing runs, or work is unfinished: no update', (server) => {
  running(server);
  server.answer('docker', { 'ps -aq *': ':' });
  fails(server.call('update_images'), /failed: nothing runs here: matrixctl up/);
  server.put(`${LIB}/unfinished`, 'undo\n');
  fails(server.call('update_images'), /unfinished work \(undo\)/);
});

for (const [what, answer] of [
  ['a registry that does not answer', { 'compose -f */docker-compose.yml pull': 'exit 1' }],
  ['a dump that fails', { 'exec matrix-db-1 pg_dump *': 'echo half; exit 1' }],
] as const)
  test(`${what}: everything starts as it was`, (server) => {
    running(server);
    server.answer('docker', answer);
    const result = server.call('update_images');
    fails(result, /./);
    assert.match(result.stdout, /started again after what failed or was cut short/);
    assert.is(tag(server), 'sha256:old');
    assert.not(server.has(DUMP) || server.has(`${DUMP}.part`));
    assert.is(unfinished(server), undefined);
  });

test('an image name that points to nothing after the pull does not count as a new image', (server) => {
  running(server);
  server.put('/tags', 'sha256:new synapse:1\n');
  server.put(`${LIB}/images`, 'sha256:db postgres:16\nsha256:old synapse:1\n');
  assert.is(server.call('pulled_images').stdout, 'sha256:new synapse:1\n');
});

test('a site that does not answer although Synapse is healthy: the former images come back', (server) => {
  running(server);
  // Before the update, after its start (https asks once, then judge_update), and after the rollback.
  server.sequence('site', '0', '0', '7', '0');
  const result = server.call('update_images');
  fails(result, /failed: the new images do not become healthy; the former images run again\n$/);
  assert.is(tag(server), 'sha256:old');
  assert.equal(removed(result.calls), ['sha256:new']);
  assert.not(has(result, 'pg_restore'));
  assert.is(unfinished(server), undefined);
});

test('a site that did not answer before the update need not answer after it', (server) => {
  running(server);
  server.sequence('site', '7');
  server.put(`${LIB}/answered`, '');
  assert.is(server.call('update_images').code, 0);
  assert.not(server.has(`${LIB}/answered`));
});

test('former images with an incomplete start, but with a healthy Synapse, keep the database', (server) => {
  running(server);
  server.sequence('up', '1');
  const result = server.call('update_images');
  fails(result, /the former images run again\n$/);
  assert.not(has(result, 'pg_restore'));
});

test('when the former images do not become healthy either, the previous database comes back', (server) => {
  running(server);
  server.sequence('up', '1', '1', '0');
  server.sequence('health', '502');
  const result = server.call('update_images');
  fails(result, /the former images and database run again\n$/);
  assert.is(server.read('/loaded'), 'the dump\n');
  assert.match(server.read('/swapped') ?? '', /ALTER DATABASE restored RENAME TO synapse/);
  assert.is(tag(server), 'sha256:old');
  assert.equal(removed(result.calls), ['sha256:new']);
  assert.is(unfinished(server), undefined);
});

test('when nothing helps, the next tick continues with the database', (server) => {
  running(server);
  server.sequence('up', '1');
  server.sequence('health', '502');
  fails(server.call('update_images'), /failed: not healthy after the rollback: matrixctl logs synapse/);
  assert.is(unfinished(server), 'rollback_database');
  // The next tick: an image name that cannot be restored does not stop the rest.
  server.sequence('up', '0');
  server.answer('docker', { 'tag *': 'exit 1' });
  fails(server.call('rollback_database'), /former images and database run again/);
  assert.is(unfinished(server), undefined);
});

test('a dump that cannot be loaded leaves the rollback to the next tick', (server) => {
  running(server);
  server.sequence('up', '1');
  server.sequence('health', '502');
  server.answer('docker', { 'exec -i matrix-db-1 pg_restore *': 'exit 1' });
  fails(
    server.call('update_images'),
    /failed: the database of the dump before the update cannot be put back/,
  );
  assert.is(unfinished(server), 'rollback');
});

test('the journal gets a line for an update: done, or without new images', (server) => {
  running(server);
  assert.equal(server.command('update').journal, ['update: done']);
  // The containers are still the previous ones.
  server.put('/tags', 'sha256:db postgres:16\nsha256:old synapse:1\n');
  assert.equal(server.command('update').journal, ['update, no new images: done']);
});

test('the journal says why an update failed', (server) => {
  running(server);
  server.sequence('up', '1');
  assert.equal(server.command('update').journal, [
    'update: failed: the new images do not become healthy; the former images run again',
  ]);
  server.put('/tags', 'sha256:db postgres:16\nsha256:new synapse:1\n');
  server.sequence('up', '0');
  server.answer('docker', { 'compose -f */docker-compose.yml pull': 'exit 18' });
  const { code, journal } = server.command('update');
  assert.is.not(code, 0);
  assert.equal(journal, ['update: failed: exit code 18']);
  server.free(100);
  assert.equal(server.command('update').journal, [
    `update: failed: 100 MB are free in ${BACKUPS}, up to 532 may be needed for the dump of the database`,
  ]);
});

test('an Element that does not answer brings the former images back', (server) => {
  running(server);
  server.sequence('element', 'exited', 'running');
  server.answer('docker', { [ELEMENT_STATE]: 'next element' });
  server.sequence('elements', '7', '0');
  server.answer('curl', { [ELEMENT]: 'exit "$(next elements)"' });
  fails(
    server.call('update_images'),
    /failed: the new images do not become healthy; the former images run again\n$/,
  );
  assert.is(tag(server), 'sha256:old');
});

test.run();
