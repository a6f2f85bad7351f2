import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { ELEMENT, ELEMENT_STATE, STARTS } from '../support/programs';
import { BASE, type Called, LIB, type Sandbox } from '../support/sandbox';

/** Functions that every command uses: starting the containers, replacing files atomically, the journal, the lock. */
const test = suiteOf('lib');

const SITE = '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org/';
const HEALTH = '-so /dev/null -m 5 -w %{http_code} http://127.0.0.1:8008/health';
const NGINX = 'compose -f */root/nginx/compose.yml up -d --wait --wait-timeout 60';
const MATRIX = 'compose -f */docker-compose.yml';

/** A server on which everything starts and answers. */
function starts(server: Sandbox): void {
  server.put(`${BASE}/docker-compose.yml`, 'services:\n element:\n');
  server.sequence('up', '0');
  server.answer('docker', STARTS);
  server.answer('curl', { [ELEMENT]: ':', [SITE]: 'echo HTTP/2 200' });
  for (const name of ['iptables', 'ip6tables']) server.answer(name, { '*': ':' });
  server.answer('ip', { '*': 'exit 1' });
}
const slept = ({ calls }: Called) => calls.filter((call) => call.startsWith('sleep ')).length;
const asked = ({ calls }: Called, words: string) => calls.filter((call) => call.includes(words)).length;

test('a failure goes to standard error, or to the state file during the first boot', (server) => {
  const { code, stdout, stderr } = server.call("die 'no room'");
  assert.equal([code, stdout, stderr], [1, '', 'gen-cloudinit: failed: no room\n']);
  const boot = server.call("BOOT=1\ndie 'no room'");
  assert.equal([boot.code, boot.stdout], [1, 'gen-cloudinit: failed: no room\n']);
  assert.is(server.read(`${LIB}/facts/error`), 'no room\n');
});

test('up starts Synapse with its database, then the others, and asks Element and nginx', (server) => {
  starts(server);
  const result = server.call('start_all');
  assert.is(result.code, 0, result.stderr);
  const at = (call: string) => result.calls.indexOf(call);
  const order = [
    `docker compose -f ${BASE}/docker-compose.yml up -d --wait --wait-timeout 60 synapse`,
    `docker compose -f ${BASE}/docker-compose.yml up -d`,
    `curl ${ELEMENT}`,
    `curl ${SITE}`,
  ].map(at);
  assert.ok(
    order.every((place) => place >= 0),
    result.calls.join('\n'),
  );
  assert.equal(
    order,
    [...order].sort((a, b) => a - b),
  );
  assert.ok(at('docker compose -f /root/nginx/compose.yml up -d --wait --wait-timeout 60') >= 0);
  assert.match(server.read(`${BASE}/.env`) ?? '', /^# by matrixctl/);
  assert.is(slept(result), 0);
});

for (const [what, failing, others] of [
  ['Synapse', { [`${MATRIX} up -d --wait --wait-timeout 60 synapse`]: 'exit 1' }, false],
  ['the others', { [`${MATRIX} up -d`]: 'exit 1' }, true],
  ['nginx', { [NGINX]: 'exit 1' }, true],
] as const)
  test(`up fails when the start of ${what} fails, and waits for nginx nevertheless`, (server) => {
    starts(server);
    server.answer('docker', failing);
    const result = server.call('start_all');
    assert.is.not(result.code, 0);
    assert.is(asked(result, '/nginx/compose.yml up'), 1);
    assert.is(
      result.calls.some((call) => call.endsWith('/docker-compose.yml up -d')),
      others,
    );
    assert.is(asked(result, SITE), 0, 'nginx is not asked');
  });

test('the request to Element is repeated until it answers', (server) => {
  starts(server);
  server.sequence('element', '7', '22', '0');
  server.answer('curl', { [ELEMENT]: 'exit "$(next element)"' });
  const result = server.call('wait_for_element');
  assert.is(result.code, 0);
  assert.equal([asked(result, ELEMENT), slept(result)], [3, 2]);
});

for (const state of ['exited', 'dead', 'restarting', 'exited unhealthy'])
  test(`the start fails at once when Element's container is ${state}`, (server) => {
    starts(server);
    server.answer('curl', { [ELEMENT]: 'exit 7' });
    server.answer('docker', { [ELEMENT_STATE]: `echo ${state}` });
    const result = server.call('wait_for_element || { echo "$WHY"; exit 1; }');
    assert.is(result.code, 1);
    assert.match(result.stdout, 'Element does not answer on 127.0.0.1:8080');
    assert.equal([asked(result, ELEMENT), slept(result)], [1, 0]);
    assert.is.not(server.call('start_all').code, 0, 'the whole start fails too');
  });

test('an Element that its owner has moved to another port counts by its own check', (server) => {
  starts(server);
  server.answer('curl', { [ELEMENT]: 'exit 7' });
  server.sequence('state', 'running starting', '', 'running healthy');
  server.answer('docker', { [ELEMENT_STATE]: 'next state' });
  const result = server.call('wait_for_element');
  assert.equal([result.code, slept(result)], [0, 2]);
});

test('a server without Element does not wait for it', (server) => {
  starts(server);
  server.put(`${BASE}/docker-compose.yml`, 'services:\n synapse:\n');
  const result = server.call('wait_for_element');
  assert.equal([result.code, asked(result, ELEMENT)], [0, 0]);
});

test('Element that never answers is waited for as long as HEALTH_TIMEOUT says', (server) => {
  starts(server);
  server.answer('curl', { [ELEMENT]: 'exit 7' });
  const result = server.call('wait_for_element');
  assert.is(result.code, 1);
  // The sandbox's clock moves by a second per pause, and on its own.
  assert.ok(slept(result) > 20 && slept(result) <= 60, `${slept(result)}`);
});

test('nginx is waited for until it serves TLS, for a minute at most', (server) => {
  starts(server);
  server.sequence('site', '7', '7', '0');
  server.answer('curl', { [SITE]: 'exit "$(next site)"' });
  assert.is(slept(server.call('wait_for_https')), 2);
  server.sequence('site', '7');
  const result = server.call('wait_for_https');
  assert.is(result.code, 0);
  assert.ok(slept(result) > 20 && slept(result) <= 60, `${slept(result)}`);
});

for (const [answer, code] of [
  ['printf 200', 0],
  ['printf 502', 1],
  ['printf 000; exit 7', 1],
] as const)
  test(`Synapse's health: curl does ${answer}`, (server) => {
    server.answer('curl', { [HEALTH]: answer });
    assert.is(server.call('health').code, code);
  });

test('a docker command is shown without its time limit', (server) => {
  server.answer('docker', { 'exec -i matrix-db-1 psql *': ':' });
  const { stderr } = server.call('sql -c "SELECT 1"');
  assert.is(stderr, '+ docker exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1 -c SELECT 1\n');
});

test('a recreated database has the settings that Synapse requires', (server) => {
  server.answer('docker', { 'exec -i matrix-db-1 psql *': ':' });
  assert.equal(server.call('recreate_database synapse').calls, [
    'docker exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1 -d postgres -c DROP DATABASE IF EXISTS synapse ' +
      "-c CREATE DATABASE synapse ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
  ]);
});

test('a command for both stacks ends with the first that fails', (server) => {
  server.answer('docker', { [`${MATRIX} pull`]: 'exit 1', 'compose -f */root/nginx/compose.yml pull': ':' });
  assert.is(server.call('compose_both pull').calls.length, 1);
  server.answer('docker', { [`${MATRIX} pull`]: ':' });
  assert.is(server.call('compose_both pull').calls.length, 2);
});

test('the images of all containers, and of none', (server) => {
  assert.equal(server.call("container_images '{{.Image}}'").calls, []);
  server.answer('docker', {
    'ps -aq --filter label=com.docker.compose.project=matrix': 'echo c1',
    'ps -aq --filter label=com.docker.compose.project=nginx': 'echo c2',
    'inspect -f {{.Image}} c1 c2': 'echo sha256:one',
  });
  assert.is(server.call("container_images '{{.Image}}'").stdout, 'sha256:one\n');
});

test('room: the megabytes that are free, and no file that uses up the reserve', (server) => {
  server.free(513);
  const { stdout } = server.call('free_mb /; require_space / 513 "to write"; (keep_reserve / && ulimit -f)');
  assert.is(stdout, '513\n1024\n');
  const { code, stderr } = server.call('require_space / 514 "to write"');
  assert.equal(
    [code, stderr],
    [1, 'gen-cloudinit: failed: 513 MB are free in /, up to 514 may be needed to write\n'],
  );
});

test('a file is replaced whole, or stays as before', (server) => {
  server.put('/root/file', 'one\ntwo\n', 0o640);
  assert.is(
    server.call('edit_file "$ROOT/root/file" grep -v one; stat -c %a "$ROOT/root/file"').stdout,
    '640\n',
  );
  assert.is(server.read('/root/file'), 'two\n');
  assert.is.not(server.call('edit_file "$ROOT/root/file" grep none').code, 0);
  server.answer('sync', { '*/.matrixctl-file.*': 'exit 1' });
  const result = server.call('replace_file "$ROOT/root/file" 600 <<<three');
  assert.is(result.code, 1);
  assert.is(server.read('/root/file'), 'two\n');
  assert.equal(server.list('/root'), ['file', 'nginx']);
});

test('a secret is made once', (server) => {
  server.call('write_once "$ROOT/root/secret" random_secret');
  const secret = server.read('/root/secret') ?? '';
  assert.match(secret, /^[\w-]{43}\n$/);
  assert.is(
    server.call('write_once "$ROOT/root/secret" random_secret; stat -c %a "$ROOT/root/secret"').stdout,
    '600\n',
  );
  assert.is(server.read('/root/secret'), secret);
});

for (const [minutes, found] of [
  [5, true],
  [15, false],
  // A date in the future, written with a wrong clock.
  [-30, false],
] as const)
  test(`a file that is ${minutes} minutes old is${found ? '' : ' not'} younger than ten`, (server) => {
    server.put(`${LIB}/order`, '');
    server.age(`${LIB}/order`, minutes);
    assert.is(server.call('recent_files 10 $LIB order').stdout, found ? `${LIB}/order\n` : '');
    assert.is(server.call('older_than order 10').code, found ? 1 : 0);
  });

for (const [url, shown] of [
  ['/root/a?b#c', '/root/a?b#c'],
  ['https://user:pass@example.org/a/b?secret#more', 'https://example.org/a/b'],
  ['https://example.org', 'https://example.org'],
] as const)
  test(`of ${url} is shown ${shown}`, (server) => {
    assert.is(server.call(`shown_url '${url}'`).stdout, `${shown}\n`);
  });

test('the journal gets one line without control characters, and without logger nothing fails', (server) => {
  assert.equal(server.call("journal $'a\\nb\\033[2J -c'").journal, ['a b [2J -c']);
  server.answer('logger', { '*': 'exit 1' });
  const { code, stdout, stderr } = server.call('journal text');
  assert.equal([code, stdout, stderr], [0, '', '']);
});

for (const [how, lines, line] of [
  ['is done', 'DONE=0', 'up: done'],
  ['fails with a reason', "die 'no room' 2>/dev/null", 'up: failed: no room'],
  ['fails within a step', "STEP='dumping'; exit 3", 'up: failed: dumping'],
  ['fails without a reason', 'exit 3', 'up: failed: exit code 3'],
  ['ends at a signal', 'kill -TERM $$', 'up: failed: interrupted'],
  ['ends at a signal within a step', "STEP='dumping'; kill -TERM $$", 'up: failed: dumping'],
] as const)
  test(`a command that ${how} leaves the line ${line}`, (server) => {
    assert.equal(server.call(`journal_result up\n${lines}`).journal, [line]);
  });

test('the trap of a command cleans up after its line; a wrong argument leaves none', (server) => {
  const { stdout, journal } = server.call("journal_result up\ntrap 'on_exit echo cleaned up' EXIT\nexit 3");
  assert.equal([stdout, journal], ['cleaned up\n', ['up: failed: exit code 3']]);
  const refused = server.call("journal_result up\nrefuse 'no such word'");
  assert.equal([refused.code, refused.journal], [1, []]);
  assert.is(refused.stderr, 'gen-cloudinit: failed: no such word\n');
});

test('the lock names its holder, and a command that does not get it reports that', (server) => {
  const { code, stdout, journal } = server.call('WORD=up\nlock\nstat -c %a $LOCK\numask\ncat $LOCK\nDONE=0');
  assert.is(code, 0);
  assert.match(stdout, /^600\n0022\nup, process \d+, since \d{4}-\d\d-\d\dT\S+Z\n$/);
  assert.equal(journal, ['up: done']);
  server.answer('flock', { '-w 60 9': 'exit 1' });
  const second = server.call('WORD=down\nlock');
  assert.is(second.code, 1);
  assert.match(
    second.stderr,
    /^gen-cloudinit: failed: another matrixctl is running: up, process \d+, since /,
  );
  assert.equal(second.journal, []);
});

test('a lock that is held for more than an hour is reported', (server) => {
  server.put('/run/matrix.lock', 'backup, process 7\n');
  assert.is(server.call('report_lock_holder').stdout, '');
  server.age('/run/matrix.lock', 61);
  assert.is(
    server.call('report_lock_holder').stdout,
    'gen-cloudinit: waiting for another matrixctl: backup, process 7\n',
  );
});

test.run();
