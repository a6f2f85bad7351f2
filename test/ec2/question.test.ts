// At a terminal the command asks a person before it costs money; `script` is the terminal.
import { spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { ec2Suite, environment, type World } from '../support/ec2/world';

const test = ec2Suite('the question at a terminal', 'ap-southeast-2');

/** Types this once the question appears. @returns the terminal's text without colours */
function answered(
  world: World,
  words: readonly string[],
  typed: string,
): Promise<[code: unknown, text: string]> {
  const command = [process.execPath, 'dist/cli.js', ...words].join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', ...environment(world.gate, world.region), NO_COLOR: '1' },
  });
  let text = '';
  let isAsked = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (!isAsked && text.includes('Start it? [y/N] ')) {
      isAsked = true;
      child.stdin.write(typed);
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve([code, text]));
  });
}

const VERIFY = ['verify', 'ec2', '--domain', 'matrix.example.org'];
const BAKE = ['bake', 'ec2', '--name', 'matrix'];
const CTRL_C = '\x03';

test('no and Ctrl-C create nothing', async (world) => {
  const cases = [
    { words: VERIFY, typed: 'n\n', code: 2, said: /not started: nothing was made\r\n$/ },
    { words: BAKE, typed: '\n', code: 2, said: /not started: nothing was made\r\n$/ },
    { words: VERIFY, typed: CTRL_C, code: 130, said: /gen-cloudinit: interrupted\r\n$/ },
    { words: BAKE, typed: CTRL_C, code: 130, said: /gen-cloudinit: interrupted\r\n$/ },
  ];
  await Promise.all(
    cases.map(async ({ words, typed, code, said }) => {
      const [ended, text] = await answered(world, words, typed);
      assert.is(ended, code, text);
      assert.match(text, /costs money/);
      assert.match(text, said);
    }),
  );
  assert.is(world.gate.calls('CreateSecurityGroup').length, 0);
});

test('yes starts it', async (world) => {
  world.gate.ec2.console = ['[ 61.5] gen-cloudinit: ready: https://matrix.example.org/\r\n'];
  const [code, text] = await answered(world, VERIFY, 'y\n');
  assert.is(code, 0, text);
  assert.is(world.gate.calls('RunInstances').length, 1);
});

test.run();
