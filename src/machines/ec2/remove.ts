/** One pass of removal, in the order in which EC2 releases things. */

import { pause, until } from '../../system/wait';
import type { Action, Ec2, Input } from './client';
import { Ec2Error } from './errors';
import type { Pacing } from './pacing';
import type { Resource, ResourceKind } from './resources';

export interface Left {
  readonly thing: Pick<Resource, 'kind' | 'id' | 'region' | 'run'>;
  /** Why it still exists. */
  readonly reason: string;
  /** Something holds it that may release it: worth a retry. */
  readonly held: boolean;
}

export interface Outcome {
  readonly removed: readonly Resource[];
  readonly left: readonly Left[];
}

export interface Sweeping {
  readonly ec2: Ec2;
  readonly pace: Pacing;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Codes for things that are already gone, which is the goal. */
const GONE = [
  'InvalidGroup.NotFound',
  'InvalidAMIID.NotFound',
  'InvalidAMIID.Unavailable',
  'InvalidSnapshot.NotFound',
  'InvalidVolume.NotFound',
];
const HELD = ['DependencyViolation', 'InvalidSnapshot.InUse', 'VolumeInUse', 'ResourceInUse'];

/**
 * Removes the given things: machines first, because they hold the rest, images before their snapshots. An error
 * with one thing does not stop the others.
 * @returns what is gone, and what is left with the reason
 * @throws Stopped when the signal is aborted, nothing else
 */
export async function removeResources(things: readonly Resource[], sweeping: Sweeping): Promise<Outcome> {
  const removed: Resource[] = [];
  const left: Left[] = [];
  const of = (kind: ResourceKind) => things.filter((thing) => thing.kind === kind);

  const ending: Resource[] = [];
  for (const thing of of('instance')) {
    sweeping.progress(`removing ${thing.id}`);
    const failed = await terminate(thing, sweeping);
    if (failed) left.push({ thing, reason: failed.message, held: false });
    else ending.push(thing);
  }
  const ended = await waitTerminated(ending, sweeping);
  removed.push(...ended);
  for (const thing of ending.filter((each) => !ended.includes(each))) {
    left.push({ thing, reason: 'EC2 has not terminated it yet', held: false });
  }

  const remove = async <A extends Action>(thing: Resource, action: A, input: Input<A>) => {
    const failed = await persist(() => sweeping.ec2.call(action, input, sweeping.signal), sweeping);
    if (!failed || GONE.includes(failed.code)) removed.push(thing);
    else left.push({ thing, reason: failed.message, held: HELD.includes(failed.code) });
  };
  for (const thing of of('image')) await remove(thing, 'DeregisterImage', { ImageId: thing.id });
  for (const thing of of('snapshot')) await remove(thing, 'DeleteSnapshot', { SnapshotId: thing.id });
  for (const thing of of('volume')) {
    if (thing.state === 'available') await remove(thing, 'DeleteVolume', { VolumeId: thing.id });
    else left.push({ thing, reason: `it is ${thing.state}`, held: true });
  }
  for (const thing of of('security group')) await remove(thing, 'DeleteSecurityGroup', { GroupId: thing.id });
  return { removed, left };
}

/** @returns why it cannot be terminated, undefined when EC2 has accepted */
async function terminate({ id }: Resource, sweeping: Sweeping): Promise<Error | undefined> {
  const unknown = 'InvalidInstanceID.NotFound';
  // EC2 may not know a fresh instance everywhere yet.
  const failed = await persist(
    () => sweeping.ec2.call('TerminateInstances', { InstanceIds: [id] }, sweeping.signal),
    sweeping,
    [unknown],
  );
  return failed?.code === unknown ? undefined : failed;
}

/** Calls up to five times after errors of server or network, and after these codes. @returns the last error */
async function persist(
  work: () => Promise<unknown>,
  sweeping: Sweeping,
  codes: readonly string[] = [],
): Promise<Ec2Error | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (sweeping.signal?.aborted || !(error instanceof Ec2Error)) throw error;
      if (attempt === 5 || (error.refused && !codes.includes(error.code))) return error;
      await pause(sweeping.pace.poll, sweeping.signal);
    }
  }
}

/**
 * The SDK's own waiter gives up on an instance that was still pending or stopping at the terminate call, which is
 * normal after Ctrl-C; hence a loop of our own. An instance that is in no list counts as ended only when that
 * stays so.
 */
async function waitTerminated(things: readonly Resource[], sweeping: Sweeping): Promise<readonly Resource[]> {
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

/** States by id, of those that EC2 lists. By filter, because an unknown id would be an error. */
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
