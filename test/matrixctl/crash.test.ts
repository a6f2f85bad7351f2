import * as assert from 'uvu/assert';
import { suiteWith } from '../conformance/support/tools';
import { faults, OPERATIONS, type Operation } from './support/operations';
import { openWorlds } from './support/server';
import type { Facts, Ran, World } from './support/world';

/**
 * Kills every command that changes a server, with all its processes, at each program that it starts; then the timer ticks.
 * Consecutive programs that find the same state give the same result, so the first of them is enough. The test tries every
 * third of those; BENCH=whole tries each, and CRASH_ALL=1 every program. CRASH_ONLY=NAME selects one operation, and
 * CRASH_SHOW=1 shows the output of failed cases.
 */
const test = suiteWith('crash', ['root:bookworm', 'root:sid', 'python3-yaml']);
const WORKERS = 2;
const TICKS = 6;

let worlds: World[] = [];
test.before(async () => {
  worlds = await openWorlds(WORKERS);
});
test.after(async () => {
  await Promise.all(worlds.map((world) => world.close()));
});

interface Learned {
  readonly before: Facts;
  readonly after: Facts;
  readonly ran: Ran;
  /** The numbers of the programs at which a kill leaves another state than at the previous program. */
  readonly kills: readonly number[];
}

async function begin(world: World, operation: Operation): Promise<void> {
  await world.order('fresh', { snapshot: operation.snapshot });
  await operation.prepare?.(world);
}

async function learn(world: World, operation: Operation): Promise<Learned> {
  await begin(world, operation);
  const before = await world.facts();
  const ran = await world.matrixctl(operation.words, { tracing: true, marks: true });
  const after = await world.facts();
  const numbers = Array.from({ length: ran.steps }, (_, index) => index + 1);
  const isOther = (n: number) => n === 1 || ran.marks[n - 1] !== ran.marks[n - 2];
  if (process.env.CRASH_ALL === '1') return { before, after, ran, kills: numbers };
  const others = numbers.filter(isOther);
  const kills = process.env.BENCH === 'whole' ? others : others.filter((_, index) => index % 3 === 1);
  return { before, after, ran, kills };
}

/** Kills at one program, and ticks until nothing is unfinished. @returns the remaining errors */
async function killed(world: World, operation: Operation, { before, after }: Learned, at: number) {
  await begin(world, operation);
  const cut = await world.matrixctl(operation.words, { kill_at: at });
  const said = [cut.stderr];
  const late = cut.late;
  let now: Facts;
  let ticks = 0;
  do {
    const tick = await world.matrixctl(['tick']);
    said.push(tick.stdout + tick.stderr);
    if (tick.late || late) return ['a command did not end'];
    now = await world.facts();
    ticks++;
  } while (now.unfinished && ticks < TICKS);
  const wrong = faults(now, before, after);
  return wrong.length > 0 && process.env.CRASH_SHOW ? [...wrong, ...said] : wrong;
}

/** The result of an undisturbed operation, for the comparison. */
function undisturbed(operation: Operation, { before, after, ran }: Learned): string[] {
  return [
    ...(ran.late ? ['did not end'] : []),
    ...faults(after, before, after),
    ...(operation.wrong?.(before, after) ?? []),
  ];
}

for (const operation of OPERATIONS) {
  if (process.env.CRASH_ONLY && operation.name !== process.env.CRASH_ONLY) continue;
  test(`${operation.name}: undisturbed, and killed at each program`, async () => {
    const [first] = worlds;
    assert.ok(first);
    const learned = await learn(first, operation);
    const found = undisturbed(operation, learned).map((what) => `undisturbed: ${what}`);
    const waiting = [...learned.kills];
    const started = performance.now();
    await Promise.all(
      worlds.map(async (world) => {
        for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
          const number = n;
          const name = learned.ran.trace.find((line) => line.startsWith(`${number}: `)) ?? `${number}`;
          // If one world fails, the other must still finish before the next test starts.
          const wrong = await killed(world, operation, learned, n).catch((error: unknown) => [String(error)]);
          found.push(...wrong.map((what) => `killed at ${name}\n    ${what}`));
        }
      }),
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    process.stderr.write(
      `${operation.name}: ${learned.kills.length} of ${learned.ran.steps} programs, ${seconds} s\n`,
    );
    for (const world of worlds) found.push(...(await world.complaints()));
    assert.equal(found, [], `\n${found.join('\n')}`);
  });
}

test.run();
