/** Removing things in the order in which EC2 lets go of them. */
import type { Ec2 } from './client';
import { Ec2Error, hasCode } from './errors';
import { type Pace, pause, until } from './pace';
import type { Thing, ThingKind } from './things';

export interface Left {
  readonly thing: Pick<Thing, 'kind' | 'id' | 'region' | 'run'>;
  /** Why it is still there. */
  readonly reason: string;
}

export interface Outcome {
  readonly removed: readonly Thing[];
  readonly left: readonly Left[];
}

export interface Sweeping {
  readonly ec2: Ec2;
  readonly pace: Pace;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What is gone already is what was wanted. */
const GONE = [
  'InvalidGroup.NotFound',
  'InvalidAMIID.NotFound',
  'InvalidAMIID.Unavailable',
  'InvalidSnapshot.NotFound',
  'InvalidVolume.NotFound',
];
/** Something holds it that is about to go. */
const HELD = ['DependencyViolation', 'InvalidSnapshot.InUse', 'VolumeInUse', 'ResourceInUse'];

/**
 * Removes the things given: machines first, since they hold the rest, images before their snapshots. An error
 * with one thing does not keep the others; volumes in use are left to their machines.
 * @returns what is gone, and what is left with the reason
 * @throws Stopped when the signal is aborted, nothing else
 */
export async function removeThings(things: readonly Thing[], sweeping: Sweeping): Promise<Outcome> {
  const removed: Thing[] = [];
  const left: Left[] = [];
  const of = (kind: ThingKind) => things.filter((thing) => thing.kind === kind);
  const one = async (thing: Thing, work: () => Promise<unknown>) => {
    try {
      await work();
      removed.push(thing);
    } catch (error) {
      if (sweeping.signal?.aborted) throw error;
      left.push({ thing, reason: error instanceof Error ? error.message : String(error) });
    }
  };
  const { ec2, pace, signal } = sweeping;

  const ending: Thing[] = [];
  for (const thing of of('instance')) {
    sweeping.progress(`removing ${thing.id}`);
    const failed = await terminate(thing, sweeping);
    if (failed) left.push({ thing, reason: failed.message });
    else ending.push(thing);
  }
  const ended = await waitTerminated(ending, sweeping);
  removed.push(...ended);
  for (const thing of ending.filter((each) => !ended.includes(each))) {
    left.push({ thing, reason: 'EC2 has not terminated it yet' });
  }

  for (const thing of of('image')) {
    await one(thing, () =>
      insist(sweeping, pace.remove / 5, () => ec2.call('DeregisterImage', { ImageId: thing.id }, signal)),
    );
  }
  for (const thing of of('snapshot')) {
    await one(thing, () =>
      insist(sweeping, pace.remove / 5, () => ec2.call('DeleteSnapshot', { SnapshotId: thing.id }, signal)),
    );
  }
  for (const thing of of('volume').filter(({ state }) => state === 'available')) {
    await one(thing, () =>
      insist(sweeping, pace.remove / 5, () => ec2.call('DeleteVolume', { VolumeId: thing.id }, signal)),
    );
  }
  // With a machine left there is no use in waiting until it lets go of its group.
  const patience = left.length === 0 ? pace.remove : 0;
  for (const thing of of('security group')) {
    await one(thing, () =>
      insist(sweeping, patience, () => ec2.call('DeleteSecurityGroup', { GroupId: thing.id }, signal)),
    );
  }
  return { removed, left };
}

/** @returns why it cannot be terminated, undefined when EC2 has accepted */
async function terminate({ id }: Thing, sweeping: Sweeping): Promise<Error | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sweeping.ec2.call('TerminateInstances', { InstanceIds: [id] }, sweeping.signal);
      return undefined;
    } catch (error) {
      if (sweeping.signal?.aborted || !(error instanceof Ec2Error)) throw error;
      // An instance made a moment ago may not be known yet everywhere.
      const mayPass = error.code === 'InvalidInstanceID.NotFound' || !error.refused;
      if (!mayPass || attempt === 5) {
        return error.code === 'InvalidInstanceID.NotFound' ? undefined : error;
      }
      await pause(sweeping.pace.poll, sweeping.signal);
    }
  }
}

/**
 * The SDK's own waiter gives up on an instance that was still pending or stopping when it was told to end, which is
 * the rule after Ctrl-C; hence a loop of our own. An instance that is in no list counts as ended only when that
 * stays so.
 */
async function waitTerminated(things: readonly Thing[], sweeping: Sweeping): Promise<readonly Thing[]> {
  if (things.length === 0) return [];
  const { ec2, pace, signal } = sweeping;
  const ids = things.map(({ id }) => id);
  const absent = new Map<string, number>();
  let over = new Set<string>();
  await until(
    async () => {
      const states = await instanceStates(ec2, ids, signal).catch((error) => {
        if (signal?.aborted) throw error;
        return error instanceof Ec2Error && error.refused ? 'refused' : 'later';
      });
      if (states === 'refused') return true;
      if (states === 'later') return undefined;
      for (const id of ids) if (!states.has(id)) absent.set(id, (absent.get(id) ?? 0) + 1);
      over = new Set(ids.filter((id) => states.get(id) === 'terminated' || (absent.get(id) ?? 0) >= 3));
      return over.size === ids.length || undefined;
    },
    { every: pace.poll, within: pace.remove, signal },
  );
  return things.filter(({ id }) => over.has(id));
}

/** States by id, of those that EC2 lists. By filter, since an id that is not known yet would be an error. */
export async function instanceStates(
  ec2: Ec2,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { Reservations = [] } = await ec2.call(
    'DescribeInstances',
    { Filters: [{ Name: 'instance-id', Values: [...ids] }] },
    signal,
  );
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  return new Map(instances.map(({ InstanceId = '', State }) => [InstanceId, State?.Name ?? '']));
}

/**
 * Calls again while something still holds the thing, for as long as the patience (milliseconds) lasts, and a few
 * times after errors of server or network. What is gone already counts as done.
 */
async function insist(sweeping: Sweeping, patience: number, work: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + patience;
  let wait = sweeping.pace.poll;
  for (let failures = 0; ; ) {
    try {
      await work();
      return;
    } catch (error) {
      if (hasCode(error, GONE)) return;
      const held = hasCode(error, HELD);
      if (held && performance.now() >= end) throw error;
      if (!held && (!(error instanceof Ec2Error) || error.refused || ++failures === 3)) throw error;
      await pause(wait, sweeping.signal);
      wait = Math.min(wait * 1.5, sweeping.pace.poll * 5);
    }
  }
}
