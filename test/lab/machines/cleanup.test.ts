import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Registry, reclaimAbandoned, withRegistry } from './cleanup';
import { leftovers } from './leftovers';

const test = suite('lab registry');

/** Names that no other run uses: tests of several checkouts may run at the same time. */
const runid = (letter: string): string => `${letter}${process.pid}`;

const sleeper = (id: string): ChildProcess => spawn('sleep', ['300'], { argv0: `gci-${id}-sleeper` });

test('a failure ends everything that was recorded, and is reported', async () => {
  const id = runid('f');
  let child: ChildProcess | undefined;
  const failing = withRegistry(id, async (registry) => {
    child = sleeper(id);
    registry.addProcess(child.pid as number);
    await writeFile(join(registry.folder, 'disk'), 'x');
    const found = await leftovers(id, 0);
    assert.is(found.length, 2);
    assert.match(found[0] as string, new RegExp(`^process ${child.pid} gci-${id}-sleeper 300`));
    assert.is(found[1], `folder ${registry.folder}`);
    throw new Error('the scenario failed');
  });
  assert.is(await failing.catch((error: Error) => error.message), 'the scenario failed');
  assert.is(child?.signalCode, 'SIGTERM');
  assert.equal(await leftovers(id), []);
});

test('the next run ends what a killed run left; it does not touch a running one', async () => {
  const id = runid('k');
  const registry = new Registry(id);
  const child = sleeper(id);
  registry.addProcess(child.pid as number);
  assert.throws(() => new Registry(id), /under way or was not cleaned up/);
  await reclaimAbandoned();
  assert.ok(existsSync(registry.folder));

  const record = `${registry.folder}.json`;
  const ours = JSON.parse(await readFile(record, 'utf8')) as { owner: { started: string } };
  ours.owner.started = '1';
  await writeFile(record, JSON.stringify(ours));
  await withRegistry(runid('j'), async () => undefined);
  assert.not(existsSync(record));
  assert.equal(await leftovers(id), []);
});

test('a process that reuses the number of a recorded one is left alone', async () => {
  const id = runid('n');
  const child = sleeper(id);
  await withRegistry(id, async (registry) => {
    registry.add({ kind: 'process', pid: child.pid as number, started: '1' });
  });
  assert.is(child.exitCode, null);
  assert.is(child.signalCode, null);
  child.kill('SIGKILL');
});

test('nothing can be created in a run that is ending', async () => {
  const registry = new Registry(runid('e'));
  await registry.releaseAll();
  assert.throws(() => registry.add({ kind: 'netns', name: 'late' }), /is being ended/);
});

test('a run id that would not fit into a name is refused', () => {
  for (const id of ['', 'Run', 'a-b', 'elevenchars']) assert.throws(() => new Registry(id), /use 1 to 10 of/);
});

test.run();
