/** A running instance of multipass. */
import type { Executed } from '../../system/run';
import { pause } from '../../system/wait';
import { type Machine, MachineGone } from '../machine';
import { complaint, instanceNamed, MultipassError, multipass } from './client';

/** Marks the exit code of the script: multipass has exit codes of its own, and 255 and 2 could be either's. */
const END = 'gen-cloudinit-exit:';

/**
 * @param address its first IPv4 address
 * @param launching ended with the machine; until then multipass also waits for the first boot
 */
export function multipassMachine(name: string, address: string, launching: Launching): Machine {
  const exec = (script: string, options: { readonly timeoutMs?: number } = {}) =>
    runInside(name, script, options.timeoutMs ?? 60_000);
  let removal: Promise<void> | undefined;
  return {
    kind: 'multipass',
    name,
    exec,
    // multipass keeps no console; this is what cloud-init writes to it.
    async console() {
      return (await exec('cat /var/log/cloud-init-output.log 2>/dev/null || :')).stdout;
    },
    reach: (port) => ({ host: address, port }),
    howTo: { enter: `multipass shell ${name}`, remove: removeCommand(name) },
    destroy() {
      launching.stop();
      removal ??= removeInstance(name, { mayAppear: false }).catch((error: unknown) => {
        removal = undefined;
        throw error;
      });
      return removal;
    },
  };
}

/**
 * Runs an sh script as root. It travels by standard input, so that nothing quotes it again.
 * @throws MultipassError when it did not run, or its exit code did not arrive; MachineGone when the machine is off
 */
async function runInside(name: string, script: string, timeoutMs: number): Promise<Executed> {
  const found = await instanceNamed(name);
  if (!found || found.state === 'Deleted') throw new MachineGone(`the instance ${name} is gone`);
  if (found.state !== 'Running') {
    const why = `the instance ${name} is ${found.state.toLowerCase()}; exec would start it`;
    // A reboot has a state of its own.
    throw found.state === 'Stopped' ? new MachineGone(why) : new MultipassError(why);
  }
  // Read completely before it runs, and without the script as its standard input.
  const input = `(\n${script}\n) </dev/null\necho "${END}$?"\n`;
  const outcome = await multipass(['exec', name, '--', 'sudo', 'sh', '-s'], { input, timeoutMs });
  const at = outcome.stdout.lastIndexOf(END);
  const code = /^\d+/.exec(outcome.stdout.slice(at + END.length))?.[0];
  if (outcome.code === -1 || at < 0 || code === undefined) {
    const why = outcome.code === -1 ? `no end within ${timeoutMs / 1000} s` : complaint(outcome);
    throw new MultipassError(`multipass exec on ${name} failed: ${why || `exit code ${outcome.code}`}`);
  }
  return { code: Number(code), stdout: outcome.stdout.slice(0, at), stderr: outcome.stderr };
}

/** Removes an instance by the name that we gave it, regardless of its launch. */

/** `multipass launch`, while it runs. */
export interface Launching {
  /** Undefined while it runs. */
  ended: Executed | undefined;
  /** Ends the client; the daemon goes on making the instance all the same. */
  stop(): void;
}

/** The command that removes the instance and frees its name. */
export function removeCommand(name: string): string {
  return `multipass delete --purge ${name}`;
}

/** Milliseconds. */
const AGAIN = 2_000;
const WITHIN = 120_000;
/** How long an interrupted launch may still create an instance: the daemon continues without its client. */
const MAY_APPEAR = 20_000;

/**
 * Removes an instance and frees its name. A missing instance is not a failure.
 * @param mayAppear its launch was interrupted, so it may appear only now
 * @throws MultipassError with the command to use when it stays
 */
export async function removeInstance(
  name: string,
  { mayAppear }: { readonly mayAppear: boolean },
): Promise<void> {
  const begin = performance.now();
  let seen = false;
  for (;;) {
    const outcome = await multipass(['delete', '--purge', name]);
    const gone = outcome.code !== 0 && /does not exist/i.test(outcome.stderr);
    seen ||= outcome.code === 0;
    const waited = performance.now() - begin;
    // A delete counts only when the name is free: a machine that starts can refuse it.
    const isFree = (gone || outcome.code === 0) && (await isNameFree(name));
    if (isFree && (seen || !mayAppear || waited > MAY_APPEAR)) return;
    if (waited > WITHIN) {
      throw new MultipassError(
        `the instance ${name} could not be removed: ${complaint(outcome) || `exit code ${outcome.code}`}; try: ${removeCommand(name)}`,
      );
    }
    await pause(AGAIN);
  }
}

async function isNameFree(name: string): Promise<boolean> {
  return instanceNamed(name).then(
    (found) => found === undefined,
    () => false,
  );
}
