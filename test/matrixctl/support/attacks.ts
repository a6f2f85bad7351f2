import { BACKUPS, FIRST_BOOT, land, OPERATORS_FILES, OPERATORS_IMAGE, publish } from './server';
import type { Ran, World } from './world';

/** An attack by Synapse (world/hostile.py), with one act for a whole command (`keep`) or another act at each program (`flip`). */
export interface Attack {
  readonly attack: string | null;
  readonly mode: 'keep' | 'flip';
  readonly seed: number;
}

/** Each attack with a seed, which shifts its acts so that each act meets other commands. */
const EACH: readonly Attack[] = [
  { attack: 'links', mode: 'keep', seed: 0 },
  { attack: 'links', mode: 'flip', seed: 0 },
  { attack: 'directories', mode: 'flip', seed: 0 },
  { attack: 'ill', mode: 'flip', seed: 0 },
  { attack: 'kinds', mode: 'keep', seed: 0 },
  { attack: 'pipes', mode: 'flip', seed: 0 },
  { attack: 'names', mode: 'keep', seed: 0 },
  { attack: 'links_and_sockets', mode: 'flip', seed: 0 },
  { attack: 'changing', mode: 'flip', seed: 0 },
  { attack: 'newcomers', mode: 'flip', seed: 0 },
];
/** The other mode of each attack, and further seeds. */
const MORE: readonly Attack[] = [
  { attack: 'links', mode: 'keep', seed: 3 },
  { attack: 'directories', mode: 'keep', seed: 0 },
  { attack: 'directories', mode: 'keep', seed: 1 },
  { attack: 'ill', mode: 'keep', seed: 0 },
  { attack: 'kinds', mode: 'flip', seed: 0 },
  { attack: 'pipes', mode: 'keep', seed: 0 },
  { attack: 'names', mode: 'flip', seed: 0 },
  { attack: 'links_and_sockets', mode: 'keep', seed: 0 },
  { attack: 'changing', mode: 'keep', seed: 0 },
];
export const ATTACKS: readonly Attack[] = [...EACH, ...(process.env.BENCH === 'whole' ? MORE : [])];

/** A command of an operator or of the timer. */
interface Deed {
  readonly name: string;
  before?(world: World): Promise<unknown>;
  readonly argv: readonly string[];
  /** Its exit code without an attack. */
  readonly code: number;
}

const MINE = '/tmp/mine.tar.gz';
const matrixctl = (words: string, code = 0): Deed => ({
  name: words,
  argv: ['/usr/local/sbin/matrixctl', ...words.split(' ')],
  code,
});

/** The life of a server: root's commands, in an order that covers every code path that writes files. */
export const LIFE: readonly Deed[] = [
  matrixctl('backup'),
  matrixctl(`backup ${MINE}`),
  matrixctl(`restore ${MINE}`, 1),
  matrixctl(`restore ${MINE} --force`),
  matrixctl('tick'),
  { ...matrixctl('update'), name: 'update to a good image', before: (world) => publish(world, 'good') },
  { ...matrixctl('update', 1), name: 'update to a sick image', before: (world) => publish(world, 'sick') },
  { ...matrixctl('update', 1), name: 'update to a spoiler', before: (world) => publish(world, 'spoiler') },
  matrixctl('tick'),
  { name: 'first boot of another instance', before: (world) => land(world), argv: FIRST_BOOT, code: 0 },
  matrixctl('tls retry'),
  matrixctl('doctor'),
  matrixctl('restart'),
  matrixctl('backup'),
];

const TRIES = 8;

/** Runs some deeds while Synapse attacks. @returns one sentence per violation */
export async function endured(world: World, attack: Attack, deeds: readonly Deed[]): Promise<string[]> {
  await world.order('fresh', { snapshot: 'operated' });
  const bots = await operatorsImage(world);
  await world.order('hostile', { ...attack });
  const found: string[] = [];
  const said: string[] = [];
  const seen = new Set<string>();
  for (const { name, before, argv, code } of deeds) {
    await before?.(world);
    const ran = await world.run(argv, { hostile: attack.attack !== null, limit: 120 });
    if (ran.late) found.push(`did not end: ${name}`);
    if (attack.attack === null && ran.code !== code)
      found.push(`${name} ended with ${ran.code}: ${tail(ran)}`);
    said.push(`$ ${name}: ${ran.code}\n${ran.stderr.slice(-500)}`);
    for (const what of await broken(world)) {
      if (!seen.has(what)) found.push(`after ${name}: ${what}`);
      seen.add(what);
    }
  }
  await world.order('hostile', { attack: null, mode: 'keep' });
  found.push(...(await settled(world)));
  found.push(...(await broken(world)).filter((what) => !seen.has(what)));
  if ((await operatorsImage(world)) !== bots) found.push("the operator's image has another name");
  found.push(...(await world.complaints()));
  if (found.length > 0 && process.env.ATTACK_SHOW) found.push(...said);
  return found;
}

const tail = ({ stdout, stderr }: Ran) => (stdout + stderr).trim().split('\n').slice(-3).join(' / ');

/** Finds the results that no attack may have. */
async function broken(world: World): Promise<string[]> {
  const { changes, owned, leaks } = await world.outside('operated');
  return [
    ...changes.map((change) => `changed outside the deployment: ${change}`),
    ...owned.map((path) => `${path} belongs to Synapse's user`),
    ...leaks.map((path) => `${path} has the content of /etc/shadow`),
    ...(await missingFiles(world)),
  ];
}

async function missingFiles(world: World): Promise<string[]> {
  const found: string[] = [];
  for (const path of OPERATORS_FILES) {
    const content = await world.order('read', { path }).catch(() => undefined);
    if (content !== `${path}\n`)
      found.push(`the operator's ${path.replace(`${BACKUPS}/`, '')} is gone or changed`);
  }
  return found;
}

async function operatorsImage(world: World): Promise<string | undefined> {
  const { images } = (await world.order('state')) as { images: Record<string, string> };
  return images[OPERATORS_IMAGE];
}

/** After the attack, unfinished work is completed or given up after a bounded number of tries. */
async function settled(world: World): Promise<string[]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { late } = await world.matrixctl(['tick'], { limit: 120 });
    if (late) return ['a tick after the attack did not end'];
    if (!(await world.facts()).unfinished) return [];
  }
  return [`work is unfinished after ${TRIES} ticks without an attack`];
}
