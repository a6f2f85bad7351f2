/** A machine on EC2. */
import type { Progress } from '../../system/run';
import type { Driver, Launch, Machine } from '../machine';
import { cleanUp, LeftBehind, MACHINE_KINDS } from './cleanup';
import { ConsoleLog } from './console';
import { type EC2_FLAGS, type Ec2Options, ec2Options, isDebian } from './ec2-flags';
import { describeInstance, ended, type Started, start } from './instance';
import { PACING, tolerateOutages } from './pacing';
import type { Prepared } from './plan';
import { prepare, type Surroundings } from './preflight';
import { TrackedCalls } from './tracked-calls';

/**
 * Starts machines on EC2. Everything that a launch creates carries its run's tag. When it fails or is interrupted it
 * removes that before it throws, and `LeftBehind` names what could not be removed.
 * The machine has no `exec`: its console shows how the first boot went; `reach` is there when ports are open.
 */
export function launchEc2(options: Ec2Options, surroundings: Surroundings = {}): Launch {
  return async (document, events, signal) => {
    const prepared = await prepare('verify', document, options, surroundings, events, signal);
    const pace = surroundings.pace ?? PACING;
    const making = new TrackedCalls(prepared.ec2, pace, signal);
    const remove = async () => {
      const sweeping = { ec2: prepared.ec2, pace, progress: events.progress };
      const { left } = await cleanUp(prepared.run, MACHINE_KINDS, making, sweeping);
      if (left.length > 0) throw new LeftBehind(left, prepared.run);
      events.progress('everything of this run is removed');
      prepared.ec2.close();
    };
    surroundings.announce?.(prepared.run);
    try {
      const started = await start(prepared, making, pace, events, signal);
      return ec2Machine(prepared, started, remove, signal);
    } catch (error) {
      throw await removeAfter(error, remove, events);
    }
  };
}

/**
 * Removes after a failure.
 * @returns the error to throw: the first one, or `LeftBehind` with the first one as its cause
 */
export async function removeAfter(
  error: unknown,
  remove: () => Promise<void>,
  events: Progress,
): Promise<unknown> {
  events.progress('removing what was made');
  try {
    await remove();
    return error;
  } catch (failed) {
    return failed instanceof LeftBehind ? new LeftBehind(failed.left, failed.run, { cause: error }) : failed;
  }
}

/** The running instance as a machine. `remove` is what `destroy` does. */
export function ec2Machine(
  { ec2, run, options, data }: Prepared,
  { instance, address }: Started,
  remove: () => Promise<void>,
  signal: AbortSignal,
): Machine {
  const log = new ConsoleLog(ec2, instance);
  const look = tolerateOutages(() => describeInstance(ec2, instance, signal));
  let isGone = false;
  let removal: Promise<void> | undefined;
  const output = `aws ec2 get-console-output --latest --output text --region ${run.region} --instance-id ${instance}`;
  return {
    kind: 'ec2',
    name: instance,
    async console() {
      // The end is reported once: the output up to it is still needed.
      if (isGone) {
        await log.refresh(signal).catch(() => false);
        return log.text;
      }
      // Only a console without new output makes it worth asking whether the machine still exists.
      if (!(await log.refresh(signal))) {
        const found = await look();
        const state = found?.State?.Name;
        if (state && state !== 'running' && state !== 'pending') {
          isGone = true;
          throw ended(instance, state, found.StateReason?.Message);
        }
      }
      return log.text;
    },
    ...(address && options.open ? { reach: (port: number) => ({ host: address, port }) } : {}),
    ...(options.open && !address
      ? {
          unreachable: '--open needs a public address, and the instance has none: choose another --subnet',
        }
      : {}),
    howTo: {
      enter:
        options.keyPair && address
          ? `ssh ${isDebian(options.release) ? 'admin' : 'ubuntu'}@${address}`
          : output,
      remove: run.sweepCommand,
      ...(data.deadMan
        ? { until: `its dead man's switch ends it before ${run.expires.toISOString().slice(11, 16)} UTC` }
        : {}),
    },
    destroy() {
      // After a failure the next call tries again.
      removal ??= remove().catch((error: unknown) => {
        removal = undefined;
        throw error;
      });
      return removal;
    },
  };
}

/** EC2 as a kind of machine. Importing this module loads the AWS SDK. */

export const driver: Driver<typeof EC2_FLAGS> = {
  configure(flags, _document, { distro, confirm, announce }) {
    const launch = launchEc2(ec2Options(flags, distro), {
      ...(confirm ? { confirm: () => confirm('Start it?') } : {}),
      announce: (run) => announce(run.sweepCommand),
    });
    return { launch, diagnostics: [] };
  },
};
