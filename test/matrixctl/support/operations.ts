import { BACKUPS, OTHER, publish } from './server';
import type { Facts, World } from './world';

/** A command that the test kills at every program that it starts. */
export interface Operation {
  readonly name: string;
  /** The server that it starts with (server.ts). */
  readonly snapshot: 'first' | 'lived';
  readonly words: readonly string[];
  prepare?(world: World): Promise<unknown>;
  /** Further conditions on the server after an undisturbed run. */
  wrong?(before: Facts, after: Facts): string[];
}

async function moreBackups(world: World): Promise<void> {
  for (const [days, name] of ['matrix-20251231-030000.tar.gz', 'matrix-20251230-030000.tar.gz'].entries()) {
    await world.order('copy', { path: `case:${OTHER}`, to: `case:${BACKUPS}/${name}` });
    await world.order('age', { path: `${BACKUPS}/${name}`, seconds: (days + 1) * 86_400 });
  }
}

const same = (before: Facts, after: Facts) =>
  before.files === after.files && before.rows === after.rows && `${before.running}` === `${after.running}`;
const isBefore = (before: Facts, after: Facts) =>
  same(before, after) ? [] : ['an undisturbed run has changed the server'];
const isNew = (before: Facts, after: Facts) =>
  same(before, after) ? ['an undisturbed run has changed nothing'] : [];

export const OPERATIONS: readonly Operation[] = [
  { name: 'backup', snapshot: 'lived', words: ['backup'], wrong: isBefore },
  { name: 'retention', snapshot: 'lived', words: ['backup'], prepare: moreBackups, wrong: isBefore },
  { name: 'restore', snapshot: 'first', words: ['restore', OTHER], wrong: isNew },
  { name: 'restore --force', snapshot: 'lived', words: ['restore', OTHER, '--force'], wrong: isNew },
  {
    name: 'update to a good image',
    snapshot: 'lived',
    words: ['update'],
    prepare: (world) => publish(world, 'good'),
    wrong: isNew,
  },
  {
    name: 'update to an image that never gets healthy',
    snapshot: 'lived',
    words: ['update'],
    prepare: (world) => publish(world, 'sick'),
    wrong: isBefore,
  },
  {
    name: 'update to an image that spoils the database',
    snapshot: 'lived',
    words: ['update'],
    prepare: (world) => publish(world, 'spoiler'),
    wrong: isBefore,
  },
];

const MADE = /^(?:matrix|before-restore)-\d{8}-\d{6}\.tar\.gz$/;

/** The differences of a server from the states before and after an operation: it must equal one of them. */
export function faults(now: Facts, before: Facts, after: Facts): string[] {
  const newest = before.backups.filter((name) => MADE.test(name)).at(-1);
  const found = [
    ...(now.ailment ? [`Synapse is not healthy: ${now.ailment}`] : []),
    ...now.stopped.map((name) => `${name} does not run`),
    ...now.images.map((text) => `another image than its name: ${text}`),
    ...now.missing.map((media) => `no file for the media ${media}`),
    ...now.bad.map((text) => `bad backup ${text}`),
    ...now.databases
      .filter((name) => !before.databases.includes(name))
      .map((name) => `database ${name} is left`),
    ...now.base
      .filter((name) => ![...before.base, ...after.base].includes(name))
      .map((name) => `${name} is left`),
    ...now.backups
      .filter((name) => !MADE.test(name) && ![...before.backups, ...after.backups].includes(name))
      .map((name) => `${name} is left among the backups`),
    ...(newest && !now.backups.includes(newest) ? [`the newest backup ${newest} was deleted`] : []),
    ...(now.unfinished ? ['work is still unfinished'] : []),
  ];
  if (!same(now, before) && !same(now, after)) {
    const parts = (['files', 'rows', 'running'] as const).map(
      (part) =>
        `${part} of ${`${now[part]}` === `${before[part]}` ? 'before' : `${now[part]}` === `${after[part]}` ? 'after' : 'neither'}`,
    );
    const differs = (part: 'tree' | 'content') =>
      now[part].filter((line) => !before[part].includes(line) && !after[part].includes(line)).slice(0, 5);
    const lines = [...differs('tree'), ...differs('content')].map((line) => `\n    ${line.slice(0, 300)}`);
    found.push(`neither the state before nor the state after: ${parts.join(', ')}${lines.join('')}`);
  }
  return found;
}
