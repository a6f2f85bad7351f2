import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB, type Sandbox } from '../support/sandbox';

/** The state file is complete JSON at any time, whatever text it contains. */
const test = suiteOf('state');

const CONTAINERS = 'ps -aq --filter label=com.docker.compose.project=matrix';
const IMAGES = 'inspect -f {{json .Config.Image}}:{{json .Image}} c1 c2';

const stateOf = (server: Sandbox) =>
  JSON.parse(server.read(`${LIB}/state.json`) ?? '') as Record<string, unknown>;

test('the state file has the phase, the facts, Docker and the images', (server) => {
  server.answer('docker', {
    [CONTAINERS]: 'printf "%s\\n" c1 c2',
    [IMAGES]: `echo '"postgres:15":"sha256:1"'; echo '"synapse:1":"sha256:2"'`,
  });
  const { code, stdout } = server.call(
    'set_fact certificate "certificate for 89 days"\nset_phase starting\nstat -c %a $LIB/state.json',
  );
  assert.equal([code, stdout], [0, 'gen-cloudinit: starting: https://matrix.example.org/\n644\n']);
  const { since, ...state } = stateOf(server);
  assert.match(String(since), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(state, {
    phase: 'starting',
    error: '',
    domain: 'matrix.example.org',
    server_name: 'example.org',
    certificate: 'certificate for 89 days',
    backup: '',
    backup_error: '',
    disk: '',
    firewall: '',
    generator: '1.2.3',
    docker: '29.1.0',
    images: { 'postgres:15': 'sha256:1', 'synapse:1': 'sha256:2' },
  });
});

test('a failure is a phase with its reason, until the next phase', (server) => {
  const { stdout } = server.call("set_phase failed 'no room'");
  assert.is(stdout, 'gen-cloudinit: failed: no room\n');
  assert.is(stateOf(server).error, 'no room');
  server.call('set_phase ready');
  assert.equal([stateOf(server).phase, stateOf(server).error], ['ready', '']);
});

for (const [what, text, expected] of [
  ['quotes and backslashes', `a "b" c\\d \\" e`, `a "b" c\\d \\" e`],
  ['control characters and line ends', 'a\tb\nc\x1b[2Jd', 'abc[2Jd'],
  ['letters that are not ASCII, byte by byte', 'ä€', '?????'],
  ['nothing', '', ''],
] as const)
  test(`a text with ${what} is a JSON string`, (server) => {
    server.put('/text', text);
    assert.is(JSON.parse(server.call('json_string "$(cat "$ROOT/text")"').stdout), expected);
  });

test('without Docker the state file is written, and the next run queries Docker again', (server) => {
  server.answer('docker', { 'version -f {{.Server.Version}}': 'exit 1' });
  const { code } = server.call('set_phase preparing');
  assert.is(code, 0);
  assert.is(stateOf(server).docker, '');
  server.sequence('engine', '', '28.0.1');
  server.answer('docker', {
    'version -f {{.Server.Version}}': 'echo asked >>"$ROOT/engine"; next engine',
  });
  server.call('detect_engine; detect_engine; detect_engine; write_state');
  assert.is(stateOf(server).docker, '28.0.1');
  assert.is(server.read('/engine'), 'asked\nasked\n', 'once it is known, it is not asked for');
});

test('a full disk leaves the previous facts and the previous state file', (server) => {
  server.call('set_fact disk full\nset_phase ready');
  const before = server.read(`${LIB}/state.json`);
  server.answer('sync', { '*/facts/.matrixctl-*': 'exit 1', '*/.matrixctl-state.json.*': 'exit 1' });
  const { code, stderr } = server.call("set_fact disk ''\nwrite_state");
  assert.equal([code, stderr], [0, 'gen-cloudinit: the state file cannot be written\n']);
  assert.is(server.call('get_fact disk').stdout, 'full\n');
  assert.is(server.read(`${LIB}/state.json`), before);
  assert.equal(
    server.list(LIB).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a changed fact is reported once; an unchanged one writes nothing', (server) => {
  assert.is(
    server.call("update_fact firewall closed 'port 80 is closed'").stdout,
    'gen-cloudinit: port 80 is closed\n',
  );
  assert.is(stateOf(server).firewall, 'closed');
  server.put(`${LIB}/state.json`, 'as it was\n');
  assert.is(server.call("update_fact firewall closed 'port 80 is closed'").stdout, '');
  assert.is(server.read(`${LIB}/state.json`), 'as it was\n');
  assert.is(server.call("update_fact firewall ''").stdout, '', 'without words nothing is reported');
  assert.is(stateOf(server).firewall, '');
});

test('a fact that was never recorded is empty', (server) => {
  const { code, stdout } = server.call('get_fact backup');
  assert.equal([code, stdout], [0, '']);
});

test.run();
