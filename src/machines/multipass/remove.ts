/** Removing an instance by the name that we gave, whatever became of its launch. */
import type { Executed } from '../machine';
import { pause } from '../waiting';
import { complaint, instanceNamed, MultipassError, multipass } from './client';

/** `multipass launch`, while it runs. */
export interface Launching {
  /** Undefined while it runs. */
  ended: Executed | undefined;
  /** Ends the client; the daemon goes on making the instance all the same. */
  stop(): void;
}

/** The command that removes the instance and gives its name free. */
export function removeCommand(name: string): string {
  return `multipass delete --purge ${name}`;
}

/** Milliseconds. */
const AGAIN = 2_000;
const WITHIN = 120_000;
/** How long an interrupted launch may still bring an instance forth: the daemon goes on without its client. */
const MAY_APPEAR = 20_000;

/**
 * Removes an instance and gives its name free. One that is not there is no failure.
 * @param mayAppear its launch was cut short, so that it may turn up only now
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
    // What a delete says is believed only when the name is free: a machine that starts can refuse to go.
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
