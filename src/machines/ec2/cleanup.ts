/** Removes everything that turns up until nothing does any more, also when the run's own record is incomplete. */

import { pause } from '../../system/wait';
import { SETTLE_LOOKS } from './pacing';
import { type Left, type Outcome, removeResources, type Sweeping } from './remove';
import { findResources, type Resource, type ResourceKind, unnamed } from './resources';
import type { Run } from './tags';
import type { TrackedCalls } from './tracked-calls';

/** What a machine consists of, and what else an unfinished image leaves. */
export const MACHINE_KINDS: readonly ResourceKind[] = ['instance', 'security group', 'volume'];
export const IMAGE_KINDS: readonly ResourceKind[] = ['image', 'snapshot'];

/** What to remove now; `left` is what the search itself could not reach. */
type Find = () => Promise<{ readonly things: readonly Resource[]; readonly left: readonly Left[] }>;

/**
 * Searches, removes what it finds, and searches again: the holder of a thing may turn up only after the first search, and
 * a volume is free only when its machine is gone.
 * @param looks how many searches in a row must find nothing
 */
export async function removeAll(find: Find, looks: number, sweeping: Sweeping): Promise<Outcome> {
  const { pace, progress, signal } = sweeping;
  let begin = performance.now();
  const removed = new Map<string, Resource>();
  const stuck = new Map<string, Left>();
  let told = false;
  for (let quiet = 0; ; ) {
    const { things, left: blind } = await find();
    // A list may still name what is already gone.
    const todo = things.filter(({ id, state }) => !removed.has(id) && !stuck.has(id) && state !== 'deleting');
    quiet = todo.length === 0 ? quiet + 1 : 0;
    if (quiet >= looks || (quiet > 0 && blind.length > 0)) {
      return { removed: [...removed.values()], left: [...stuck.values(), ...blind] };
    }
    const { removed: gone, left } = await removeResources(todo, sweeping);
    for (const thing of gone) removed.set(thing.id, thing);
    // A machine may take minutes to end, and releases nothing before that: the patience starts when it has ended.
    if (gone.some(({ kind }) => kind === 'instance')) begin = performance.now();
    const waited = performance.now() - begin;
    for (const one of left) {
      // EC2 releases a security group minutes after the machine; other things soon or never. A holder that cannot be removed
      // releases nothing.
      const patience = one.thing.kind === 'security group' ? pace.remove : pace.remove / 5;
      const hopeless = left.some(({ held }) => !held) || waited > patience;
      if (!one.held || hopeless) stuck.set(one.thing.id, one);
    }
    const again = left.some(({ thing }) => !stuck.has(thing.id));
    // While the machine ends, it holds its disk: this needs no report.
    const isNews = again && !gone.some(({ kind }) => kind === 'instance');
    if (isNews && !told) progress('EC2 still holds some of it; trying again');
    told ||= isNews;
    if (quiet > 0) await pause(pace.settle, signal);
    else if (again) await pause(pace.poll, signal);
  }
}

/**
 * Removes everything of a run: by its tag, and by the ids that EC2 has named. After a call without an answer it
 * searches several more times, because the result of the call may turn up late.
 * @returns what is gone, and what is left with the reason
 */
export function cleanUp(
  run: Run,
  kinds: readonly ResourceKind[],
  making: TrackedCalls,
  sweeping: Sweeping,
): Promise<Outcome> {
  const find: Find = async () => {
    const left: Left[] = [];
    const things: Resource[] = [];
    for (const kind of kinds) {
      try {
        things.push(...(await findResources(sweeping.ec2, kind, run.id)));
      } catch (error) {
        const thing = { kind, id: `${kind}s`, region: run.region, run: run.id };
        left.push({ thing, reason: error instanceof Error ? error.message : String(error), held: false });
      }
    }
    const known = [
      ...[...making.instances].map((id) => unnamed('instance', id, run.region, run.id)),
      ...[...making.groups].map((id) => unnamed('security group', id, run.region, run.id)),
      ...[...making.images].map((id) => unnamed('image', id, run.region, run.id)),
    ].filter(({ kind, id }) => kinds.includes(kind) && !things.some((thing) => thing.id === id));
    return { things: [...known, ...things], left };
  };
  // The snapshot of an image that is not complete may turn up after the image has gone.
  const late = making.inDoubt || (kinds.includes('image') && making.images.size > 0);
  return removeAll(find, late ? SETTLE_LOOKS : 1, sweeping);
}

/** What is left, and the command that removes it, as the message of an error. */
export class LeftBehind extends Error {
  constructor(
    readonly left: readonly Left[],
    readonly run: Run,
    options?: ErrorOptions,
  ) {
    const first = options?.cause instanceof Error ? `${options.cause.message}\n` : '';
    const lines = left.map(({ thing, reason }) => `  ${thing.id}: ${reason}`);
    super(
      `${first}not everything could be removed, and it may cost money:\n${lines.join('\n')}\nto remove it: ${run.sweepCommand}`,
      options,
    );
    this.name = 'LeftBehind';
  }
}
