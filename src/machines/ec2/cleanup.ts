/** The end of a run: everything it made goes, whatever is remembered of it. */
import type { Making } from './making';
import { pause, SETTLE_LOOKS } from './pace';
import { type Left, type Outcome, removeThings, type Sweeping } from './remove';
import type { Run } from './tags';
import { findThings, nameless, type Thing, type ThingKind } from './things';

/** What a machine consists of, and what else an unfinished image leaves. */
export const MACHINE_KINDS: readonly ThingKind[] = ['instance', 'security group', 'volume'];
export const IMAGE_KINDS: readonly ThingKind[] = ['image', 'snapshot'];

/**
 * Finds things by the run's tag and by the ids that EC2 has named, removes them, and looks again until nothing
 * comes any more. Where a call had no answer it looks several times more, since what it made may turn up late.
 * @returns what is gone, and what is left with the reason
 */
export async function cleanUp(
  run: Run,
  kinds: readonly ThingKind[],
  making: Making,
  sweeping: Sweeping,
): Promise<Outcome> {
  const removed = new Map<string, Thing>();
  const looks = making.inDoubt ? SETTLE_LOOKS : 1;
  for (let quiet = 0; ; ) {
    const blind: Left[] = [];
    const things: Thing[] = [];
    for (const kind of kinds) {
      try {
        things.push(...(await findThings(sweeping.ec2, kind, run.id)));
      } catch (error) {
        const thing = { kind, id: `${kind}s`, region: run.region, run: run.id };
        blind.push({ thing, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    const known = [
      ...[...making.instances].map((id) => nameless('instance', id, run.region, run.id)),
      ...[...making.groups].map((id) => nameless('security group', id, run.region, run.id)),
      ...[...making.images].map((id) => nameless('image', id, run.region, run.id)),
    ].filter(({ kind, id }) => kinds.includes(kind) && !things.some((thing) => thing.id === id));
    // A list may name for a while what is gone already; a volume goes with its machine.
    const todo = [...known, ...things].filter(({ id, kind, state }) => {
      return !removed.has(id) && (kind !== 'volume' || state === 'available');
    });
    if (todo.length === 0) {
      if (blind.length > 0 || ++quiet >= looks) return { removed: [...removed.values()], left: blind };
      await pause(sweeping.pace.settle);
      continue;
    }
    quiet = 0;
    const outcome = await removeThings(todo, sweeping);
    for (const thing of outcome.removed) removed.set(thing.id, thing);
    if (outcome.left.length > 0) {
      return { removed: [...removed.values()], left: [...outcome.left, ...blind] };
    }
  }
}

/** What is left, and the command for it, as the message of an error. */
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
