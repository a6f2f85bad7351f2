import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cached, labCache, onMaking } from './cache';
import { startTime } from './processes';

const test = suite('lab cache');

const kind = `test-${process.pid}`;
const folder = join(labCache(), kind);
test.before(async () => {
  await mkdir(folder, { recursive: true });
});
test.after(() => rm(folder, { recursive: true }));

test('a folder is created once for any number of requests, and its creation is reported', async () => {
  const told: string[] = [];
  onMaking((line) => told.push(line.replace(/[\d.]+ s$/, 'N s')));
  let made = 0;
  const make = async (into: string) => {
    made += 1;
    await writeFile(join(into, 'file'), 'x');
  };
  const paths = await Promise.all([cached(kind, 'a', make), cached(kind, 'a', make)]);
  assert.equal([...paths, await cached(kind, 'a', make)], Array(3).fill(join(folder, 'a')));
  assert.is(made, 1);
  assert.equal(told, ['making a', 'made a in N s']);
  onMaking(() => {});
});

test('a failed creation leaves nothing, and the next request tries again', async () => {
  const failing = cached(kind, 'b', async (into) => {
    await writeFile(join(into, 'half'), 'x');
    throw new Error('no network');
  });
  assert.is(await failing.catch((error: Error) => error.message), 'no network');
  assert.equal(
    (await readdir(folder)).filter((name) => name.startsWith('b')),
    [],
  );
  await cached(kind, 'b', async () => {});
  assert.ok(existsSync(join(folder, 'b')));
});

test('a folder that an ended process left unfinished is created again', async () => {
  // Held by a number that no process can have (proc(5), pid_max), and by one that another process has now.
  for (const holder of ['4194305 1', `${process.pid} 1`]) {
    await rm(join(folder, 'c'), { recursive: true, force: true });
    await writeFile(join(folder, 'c.lock'), holder);
    await mkdir(join(folder, 'c.4194305.partial'));
    await cached(kind, 'c', async () => {});
    assert.equal(
      (await readdir(folder)).filter((name) => name.startsWith('c')),
      ['c'],
    );
  }
});

test('a request waits for the creation by another process', async () => {
  const lock = join(folder, 'd.lock');
  await writeFile(lock, `${process.pid} ${startTime(process.pid)}`);
  let other = false;
  setTimeout(async () => {
    other = true;
    await mkdir(join(folder, 'd'));
    await rm(lock);
  }, 300);
  await cached(kind, 'd', () => Promise.reject(new Error('made twice')));
  assert.ok(other);
});

test.run();
