// A judge's observation, on one line.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from './verdict';

const test = suite('a verdict');

test('a long output keeps its beginning and its end', () => {
  const line = oneLine(
    `synapse: restarting\n${'  at a frame\n'.repeat(200)}No such file: /data/nowhere/key\n`,
  );
  assert.is(line.length, 1000);
  assert.ok(line.startsWith('synapse: restarting at a frame'));
  assert.ok(line.endsWith('No such file: /data/nowhere/key'));
});

test('a short output is only joined', () => {
  assert.is(oneLine('  two\n lines\n'), 'two lines');
});

test.run();
