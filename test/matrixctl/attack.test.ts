import * as assert from 'uvu/assert';
import { suiteWith } from '../conformance/support/tools';
import { ATTACKS, type Attack, endured, LIFE } from './support/attacks';
import {
  BACKUPS,
  FIRST_BOOT,
  land,
  MUCH_PATIENCE,
  OPERATORS_FILES,
  OPERATORS_PIECES,
  openWorlds,
} from './support/server';
import type { World } from './support/world';

/**
 * Root's scripts against a compromised Synapse, which owns its directory. Whatever it does between any two commands, nothing
 * outside the deployment changes, and it cannot read root's files. Each attack runs in one variant; BENCH=whole runs all
 * variants, in twice the time. ATTACK_ONLY='links, keep' selects cases, and ATTACK_SHOW=1 shows the output of failed cases.
 */
const test = suiteWith('attack', ['root:bookworm', 'root:sid', 'python3-yaml']);
const WORKERS = 2;

let worlds: World[] = [];
/** The cases run two at a time, and each test waits for its own case. */
const results = new Map<string, Promise<string[]>>();
const title = ({ attack, mode, seed }: Attack) => `${attack ?? 'no attack'}, ${mode}, ${seed}`;
const ALL: readonly Attack[] = [{ attack: null, mode: 'keep', seed: 0 }, ...ATTACKS];
const CASES = ALL.filter((one) => new RegExp(process.env.ATTACK_ONLY ?? '.').test(title(one)));

test.before(async () => {
  worlds = await openWorlds(WORKERS);
});
test.after(async () => {
  await Promise.all(worlds.map((world) => world.close()));
});

test('every case of a life with and without an attack', async () => {
  const waiting = [...CASES];
  await Promise.all(
    worlds.map(async (world) => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const found = endured(world, one, LIFE);
        results.set(title(one), found);
        await found.catch(() => {});
      }
    }),
  );
});

for (const one of CASES) {
  test(`a whole life, attacked by: ${title(one)}`, async () => {
    const found = (await results.get(title(one))) ?? ['was not tried'];
    assert.equal(found, [], `\n${found.join('\n')}`);
  });
}

const first = () => worlds[0] as World;

test('answers of Synapse are data', async () => {
  // A different answer for each command; there are eleven answers.
  const retry = LIFE.filter(({ name }) => name === 'tls retry');
  const others = LIFE.filter(({ name }) => name === 'doctor' || name === 'restart');
  const deeds = [...Array.from({ length: 11 }, () => retry), others].flat();
  const found = await endured(first(), { attack: 'answers', mode: 'keep', seed: 0 }, deeds);
  assert.equal(found, [], `\n${found.join('\n')}`);
});

test("the operator's files among the backups are not ours", async () => {
  const world = first();
  await world.order('fresh', { snapshot: 'operated' });
  const names = [
    "matrix-it's mine.tar.gz",
    'matrix-1 copy.tar.gz',
    'matrix-new\nline.tar.gz',
    'matrix-z1.tar.gz',
  ];
  const paths = names.map((name) => `${BACKUPS}/${name}`);
  for (const path of paths) await world.order('write', { path, content: 'mine' });
  for (let times = 0; times < 3; times++) {
    const { code, stdout, stderr } = await world.matrixctl(['backup']);
    assert.is(code, 0, stdout + stderr);
    const made = /backup: (\S+\.tar\.gz)/.exec(stdout)?.[1];
    assert.ok(made && (await world.facts()).backups.includes(made.replace(`${BACKUPS}/`, '')), stdout);
    await new Promise((done) => setTimeout(done, 1100)); // The names contain seconds.
  }
  for (const path of [...OPERATORS_FILES, ...OPERATORS_PIECES, ...paths]) await world.order('read', { path });
  const { backups, bad } = await world.facts();
  assert.is(backups.filter((name) => /^matrix-\d{8}-\d{6}\.tar\.gz$/.test(name)).length, 2, backups.join());
  assert.equal(
    bad.filter((text) => /^matrix-\d{8}-\d{6}\.tar\.gz/.test(text)),
    [],
  );
});

test("an operator's container that has ended does not stop a first boot", async () => {
  const world = first();
  await world.order('fresh', { snapshot: 'operated' });
  await land(world, MUCH_PATIENCE);
  await world.order('slow', { times: 12 });
  const { code, stdout, stderr } = await world.run(FIRST_BOOT);
  assert.is(code, 0, stdout + stderr);
});

test('a full disk leaves the state file as it was, and ends when there is room', async () => {
  const world = first();
  const state = '/var/lib/gen-cloudinit/state.json';
  await world.order('fresh', { snapshot: 'operated' });
  await world.order('write', { path: '/run/plenty', content: '' });
  await world.order('tmpfs', { path: '/var/lib/gen-cloudinit', size: '128k' });
  for (const words of [['tick'], ['tls', 'retry'], ['backup'], ['update']]) {
    const { late } = await world.matrixctl(words, { limit: 120 });
    assert.not(late, words.join(' '));
    const text = String(await world.order('read', { path: state }));
    assert.not.throws(() => JSON.parse(text), `after ${words}: ${text}`);
  }
  await world.order('room', { path: '/var/lib/gen-cloudinit' });
  await world.matrixctl(['tick']);
  await world.matrixctl(['tls', 'retry']);
  const { ailment, unfinished } = await world.facts();
  assert.is(ailment, '');
  assert.not(unfinished);
  assert.not.throws(async () => JSON.parse(String(await world.order('read', { path: state }))));
});

test('a full disk for the backups leaves no half of one', async () => {
  const world = first();
  await world.order('fresh', { snapshot: 'operated' });
  await world.order('write', { path: '/run/plenty', content: '' });
  const before = (await world.facts()).backups;
  await world.order('tmpfs', { path: '/var/backups/matrix', size: '256k' });
  for (const words of [['backup'], ['restore', '/root/work/other.tar.gz', '--force'], ['update']]) {
    const { late } = await world.matrixctl(words, { limit: 120 });
    assert.not(late, words.join(' '));
    await world.matrixctl(['tick']);
    const { ailment, backups, bad } = await world.facts();
    assert.is(ailment, '', words.join(' '));
    assert.equal(
      bad.filter((text) => /^(?:matrix|before-restore)-\d{8}-\d{6}\.tar\.gz/.test(text)),
      [],
    );
    assert.equal(
      backups.filter(
        (name) => name !== 'filler' && !/^matrix-\d{8}-\d{6}\.tar\.gz$/.test(name) && !before.includes(name),
      ),
      [],
    );
  }
});

test.run();
