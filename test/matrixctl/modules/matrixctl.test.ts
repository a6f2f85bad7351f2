import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB } from '../support/sandbox';

/** The complete script: which word calls which function, and how the command ends. */
const test = suiteOf('matrixctl');

test('a word leads to the function cmd_WORD, with the rest of the words', (server) => {
  const { stdout, journal } = server.call(
    `cmd_logs() { printf '<%s>' "$@"; }\ndispatch logs 'a b' '' c\ndispatch logs`,
  );
  assert.equal([stdout, journal], ['<a b><><c><>', []]);
});

for (const words of ['', '-h', '--help', 'help'])
  test(`the help: matrixctl ${words}`, (server) => {
    const { code, stdout } = server.command(words);
    assert.is(code, 0);
    assert.match(stdout, /^matrixctl COMMAND, as root on the Matrix server; /);
  });

for (const words of ['up -h', 'up --help', 'up now --help'])
  test(`the help of one command, which does not run: matrixctl ${words}`, (server) => {
    const { code, stdout, calls } = server.command(words);
    assert.equal([code, calls], [0, []]);
    assert.match(stdout, /^usage: matrixctl up\n/);
  });

// The script's functions, and bash's own commands, are not commands of matrixctl.
for (const word of ['nonsense', 'lock', 'cmd_up', 'echo', '$(id)', '-v', 'up;id'])
  test(`matrixctl ${word} is unknown`, (server) => {
    const { code, stdout, stderr, journal } = server.call(`dispatch '${word}'`);
    assert.equal([code, stdout, journal], [1, '', []]);
    assert.is(stderr, `gen-cloudinit: failed: unknown command ${word}; matrixctl help\n`);
  });

test('a command that fails ends the script with its code', (server) => {
  server.answer('docker', { 'compose -f */docker-compose.yml down': 'exit 18' });
  const { code, journal } = server.command('down');
  assert.equal([code, journal], [18, ['down: failed: exit code 18']]);
});

test('the directory of the facts is made', (server) => {
  server.call(`rm -rf $ROOT${LIB}`);
  server.command('help');
  assert.ok(server.has(`${LIB}/facts`));
});

test.run();
