import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { ELEMENT, STARTS } from '../support/programs';
import { BASE, LIB, type Sandbox } from '../support/sandbox';

/** The help, and the commands that only call Docker. */
const test = suiteOf('commands');

const MATRIX = `docker compose -f ${BASE}/docker-compose.yml`;
const NGINX = 'docker compose -f /root/nginx/compose.yml';

/** Docker accepts these calls of Docker Compose, for both stacks. */
function takes(server: Sandbox, words: string): void {
  server.answer('docker', { [`compose -f * ${words}`]: ':' });
}

for (const words of ['', 'help', '-h', '--help', 'help --help'])
  test(`the list of commands: matrixctl ${words}`, (server) => {
    const { code, stdout, stderr, calls } = server.command(words);
    assert.equal([code, stderr, calls], [0, '', []]);
    if (words !== 'help --help')
      assert.match(stdout, /^matrixctl COMMAND, as root .*\n {2}help \[COMMAND\] /);
    for (const command of words === 'help --help' ? ['help'] : ['up', 'user', 'tls', 'backup', 'continue'])
      assert.match(stdout, new RegExp(`\\b${command}\\b`));
  });

for (const words of ['help user', 'user --help', 'user alice --admin -h'])
  test(`one command alone: matrixctl ${words}`, (server) => {
    const { code, stdout } = server.command(words);
    assert.is(code, 0);
    assert.match(
      stdout,
      /^usage: matrixctl user NAME \[--admin\]\nexample: matrixctl user alice --admin\neffect: creates /,
    );
  });

for (const [words, message] of [
  ['help nonsense', 'no help on nonsense; matrixctl help'],
  ['help up down', 'unexpected argument down; matrixctl help'],
  ['nonsense', 'unknown command nonsense; matrixctl help'],
  // Functions of the script that are not commands.
  ['lock', 'unknown command lock; matrixctl help'],
  ...['up', 'down', 'restart', 'status', 'pull', 'clean'].map(
    (word) => [`${word} now`, 'unexpected argument now; matrixctl help'] as const,
  ),
  ['logs synapse db', 'unexpected argument db; matrixctl help'],
] as const)
  test(`matrixctl ${words} is refused`, (server) => {
    const { code, stdout, stderr, calls, journal } = server.command(words);
    assert.equal([code, stdout, stderr], [1, '', `gen-cloudinit: failed: ${message}\n`]);
    assert.equal([calls, journal], [[], []]);
  });

for (const word of ['down', 'restart', 'pull'])
  test(`matrixctl ${word} is for both stacks, with a line in the journal`, (server) => {
    takes(server, word);
    const { code, calls, journal } = server.command(word);
    assert.is(code, 0);
    assert.equal(calls, [`${MATRIX} ${word}`, `${NGINX} ${word}`]);
    assert.equal(journal, [`${word}: done`]);
  });

test('a failure of Docker is that of the command', (server) => {
  server.answer('docker', { 'compose -f */docker-compose.yml down': 'exit 18' });
  const { code, calls, journal } = server.command('down');
  assert.equal([code, calls.length, journal], [18, 1, ['down: failed: exit code 18']]);
});

test('matrixctl clean removes what Docker does not use', (server) => {
  server.answer('docker', { 'builder prune -f': ':', 'system prune -f': ':' });
  const { code, stderr, journal } = server.command('clean');
  assert.is(code, 0);
  assert.is(stderr, '+ docker builder prune -f\n+ docker system prune -f\n');
  assert.equal(journal, ['clean: done']);
});

test('matrixctl up starts everything', (server) => {
  server.put(`${BASE}/docker-compose.yml`, 'services:\n element:\n');
  server.sequence('up', '0');
  server.answer('docker', STARTS);
  server.answer('curl', {
    [ELEMENT]: ':',
    '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org/': 'echo HTTP/2 200',
  });
  for (const name of ['iptables', 'ip6tables']) server.answer(name, { '*': ':' });
  server.answer('ip', { '*': 'exit 1' });
  const { code, journal } = server.command('up');
  assert.equal([code, journal], [0, ['up: done']]);
  server.sequence('up', '1');
  const failed = server.command('up');
  assert.equal([failed.code, failed.journal], [1, ['up: failed: exit code 1']]);
});

for (const word of ['up', 'down', 'restart', 'pull', 'clean', 'user alice', 'password alice', 'token'])
  test(`matrixctl ${word} is refused while work is unfinished`, (server) => {
    server.put(`${LIB}/unfinished`, 'undo\n');
    const { code, stderr, calls } = server.command(word);
    assert.equal([code, calls], [1, []]);
    assert.match(stderr, /^gen-cloudinit: failed: unfinished work \(undo\) goes on within three minutes/);
  });

test('matrixctl status shows the containers and the state file, without the lock', (server) => {
  takes(server, 'ps -a');
  server.put(`${LIB}/state.json`, '{"phase":"ready"}\n');
  server.put(`${LIB}/unfinished`, 'undo\n');
  const { code, stdout, calls, journal } = server.command('status');
  assert.equal([code, stdout], [0, '{"phase":"ready"}\n']);
  assert.equal([calls, journal], [[`${MATRIX} ps -a`, `${NGINX} ps -a`], []]);
});

for (const [words, call] of [
  ['logs', `${MATRIX} logs -n 99`],
  ['logs synapse', `${MATRIX} logs -n 99 synapse`],
  ['logs nginx', `${NGINX} logs -n 99`],
] as const)
  test(`matrixctl ${words}`, (server) => {
    server.answer('docker', { 'compose -f * logs -n 99*': ':' });
    const { code, calls } = server.command(words);
    assert.equal([code, calls], [0, [call]]);
  });

test.run();
