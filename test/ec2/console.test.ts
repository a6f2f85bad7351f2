import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readBootOutcome, waitForBootOutcome } from '../../src/machines/boot-outcome';
import { joinConsole } from '../../src/machines/ec2/console';

const test = suite('console of EC2');
const WINDOW = 65_536;
/** A console's text in which no part repeats. */
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `[${String(from + n).padStart(9)}.000000] line\r\n`).join('');

test('joins windows that move on', () => {
  const whole = lines(0, 20_000);
  let seen = '';
  for (let end = 100; end < whole.length; end += 30_011) {
    seen = joinConsole(seen, whole.slice(Math.max(0, end - WINDOW), end));
    assert.is(seen, whole.slice(0, end));
  }
});

test('an older answer, the same again or none adds nothing', () => {
  const seen = lines(0, 50);
  for (const window of [seen, lines(0, 10), lines(10, 30), '']) assert.is(joinConsole(seen, window), seen);
});

test('says where a part is missing, also after a restart', () => {
  const joined = joinConsole(lines(0, 10), lines(50, 60));
  assert.is(joined, `${lines(0, 10)}\n[part of the console is missing here]\n${lines(50, 60)}`);
});

test('an overlap by chance does not count', () => {
  assert.match(joinConsole('first boot\r\n', '\r\nsecond boot\r\n'), /is missing here/);
});

test('64 KB of one character are joined at the longest overlap', () => {
  const run = 'a'.repeat(WINDOW);
  assert.is(joinConsole(run, `${run.slice(1)}b`), `${run}b`);
  assert.is(
    joinConsole(`${run.slice(1)}c`, run),
    `${run.slice(1)}c\n[part of the console is missing here]\n${run}`,
  );
});
test.run();

const outcome = suite('boot outcome');
const failed = (why: string) => `[ 1.2] cloud-init[7]: gen-cloudinit: failed: ${why}\r\n`;
const ready = '[ 9.9] cloud-init[7]: gen-cloudinit: ready: https://matrix.example.org/\r\n';

outcome("is read despite the console's time and unit", () => {
  assert.equal(readBootOutcome(`x\r\n${ready}y`), {
    ready: true,
    line: 'gen-cloudinit: ready: https://matrix.example.org/',
  });
  assert.equal(readBootOutcome(failed('the disk is full')), {
    ready: false,
    why: 'the disk is full',
    line: 'gen-cloudinit: failed: the disk is full',
  });
  assert.is(readBootOutcome('gen-cloudinit: ready\n')?.ready, true);
});

outcome('is not read before its line has ended, and not from other words', () => {
  assert.is(readBootOutcome(failed('half a rea').trimEnd()), undefined);
  assert.is(readBootOutcome('gen-cloudinit: ready or not\ngen-cloudinit: installing Docker\n'), undefined);
});

outcome('the first failure is the cause, and a later success counts', () => {
  const two = `${failed('no Docker')}${failed('the first boot')}`;
  const found = readBootOutcome(two);
  assert.is(found && !found.ready && found.why, 'no Docker');
  assert.is(readBootOutcome(`${two}${ready}`)?.ready, true);
  assert.is(readBootOutcome(`${ready}${failed('later')}`)?.ready, false);
});

outcome('is polled until the time limit', async () => {
  const said: string[] = [];
  let looks = 0;
  const machine = {
    name: 'i-1',
    console: async () => ['', 'gen-cloudinit: installing Docker\n', ready][Math.min(looks++, 2)]!,
  };
  const options = { within: 1_000, every: 1, progress: (line: string) => said.push(line) };
  assert.is((await waitForBootOutcome(machine, options)).ready, true);
  assert.equal(said, ['installing Docker']);
  const silent = { name: 'i-2', console: async () => 'the last line\n' };
  const words = await waitForBootOutcome(silent, { within: 20, every: 5 }).then(String, String);
  assert.match(words, /i-2 said neither ready nor failed within 0 minutes.*\n {2}the last line$/);
});
outcome.run();
