/** What earlier runs have left, of any process on any machine: finds it by tag, lists it, removes it. */
import { removeAll } from './cleanup';
import { connect, type Ec2 } from './client';
import type { Ec2Account } from './ec2-flags';
import { PACING, type Pacing } from './pacing';
import type { Left } from './remove';
import { findResources, RESOURCE_KINDS, type Resource } from './resources';

export interface SweepOptions {
  readonly profile?: string | undefined;
  /** None means the region that the SDK finds in environment and ~/.aws. */
  readonly regions: readonly string[];
  /** Everything of this one run, regardless of its age, its image included unless `keepImages`. */
  readonly run?: string | undefined;
  /** Keeps the finished images of that run, with their snapshots. */
  readonly keepImages?: boolean;
  /** Also what has not expired yet: those runs may still be at work. */
  readonly all: boolean;
  /** False only lists. */
  readonly yes: boolean;
}

export interface Swept {
  /** The regions that were searched. */
  readonly regions: readonly string[];
  /** What to remove. */
  readonly found: readonly Resource[];
  /** Ours too, but kept: not expired yet, or the finished image of a bake. */
  readonly kept: readonly Resource[];
  readonly removed: readonly Resource[];
  readonly left: readonly Left[];
}

/**
 * Finds, and with `yes` removes, what runs have left in the given regions. It only ever touches things with our tag.
 * A finished image and its snapshots are the result of a bake, not leftovers: only their run's id without
 * `keepImages`, or `bakeRemove`, removes them.
 * @throws Ec2Error when a region does not answer; Stopped when the signal is aborted
 */
export async function sweepEc2(
  options: SweepOptions,
  events: { progress(line: string): void },
  signal: AbortSignal,
  surroundings: { readonly pace?: Pacing; readonly now?: () => Date } = {},
): Promise<Swept> {
  const pace = surroundings.pace ?? PACING;
  const now = surroundings.now?.() ?? new Date();
  const swept = {
    regions: [] as string[],
    ...{ found: [] as Resource[], kept: [] as Resource[], removed: [] as Resource[], left: [] as Left[] },
  };
  const regions = options.regions.length > 0 ? options.regions : [undefined];
  for (const region of regions) {
    const account: Ec2Account = { region, profile: options.profile };
    const ec2 = await connect(account, pace);
    swept.regions.push(ec2.region);
    try {
      const things = await everything(ec2, options.run, signal);
      const over = leftOver(things, options, now);
      swept.found.push(...over);
      swept.kept.push(...things.filter((thing) => !over.includes(thing)));
      if (!options.yes || over.length === 0) continue;
      const find = async () => {
        const still = leftOver(await everything(ec2, options.run, signal), options, now);
        return { things: still, left: [] };
      };
      const outcome = await removeAll(find, 1, { ec2, pace, progress: events.progress, signal });
      swept.removed.push(...outcome.removed);
      swept.left.push(...outcome.left);
    } finally {
      ec2.close();
    }
  }
  return swept;
}

async function everything(ec2: Ec2, run: string | undefined, signal: AbortSignal): Promise<Resource[]> {
  const things: Resource[] = [];
  for (const kind of RESOURCE_KINDS) things.push(...(await findResources(ec2, kind, run, signal)));
  return things;
}

/** Which of the things to remove. */
export function leftOver(
  things: readonly Resource[],
  options: Pick<SweepOptions, 'run' | 'all' | 'keepImages'>,
  now: Date,
): Resource[] {
  if (options.run) {
    const kept = options.keepImages ? things.filter(isFinished) : [];
    const ids = new Set(kept.flatMap(({ id, snapshots }) => [id, ...snapshots]));
    return things.filter(({ id }) => !ids.has(id));
  }
  const inImages = new Set(things.flatMap(({ snapshots }) => snapshots));
  return things.filter((thing) => {
    // An image that EC2 could not finish, and a snapshot whose image is gone, are useless.
    if (thing.kind === 'image') return ['failed', 'error', 'invalid'].includes(thing.state);
    if (thing.kind === 'snapshot')
      return !inImages.has(thing.id) && (options.all || thing.state !== 'pending');
    return options.all || (thing.expires !== undefined && thing.expires <= now);
  });
}

function isFinished({ kind, state }: Resource): boolean {
  return kind === 'image' && state === 'available';
}

/** The listing for people: one line per thing. */
export function sweepLines(things: readonly Resource[]): string[] {
  return things.map(({ region, kind, id, state, name, run, expires }) =>
    [
      region,
      kind,
      id,
      state,
      name,
      name.endsWith(run) ? '' : run,
      expires ? `expires ${expires.toISOString().slice(0, 16).replace('T', ' ')} UTC` : '',
    ]
      .filter(Boolean)
      .join('  '),
  );
}
