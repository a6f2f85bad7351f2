/** Waiting: how long between two looks, and how it ends early. */

/** Milliseconds. Tests against a simulator run the same code at a faster pace. */
export interface Pace {
  /** Between two looks at something that changes. */
  readonly poll: number;
  /** Between two looks at the console. */
  readonly console: number;
  /** How long an interrupted call that makes something may still answer, so that its id is known. */
  readonly grace: number;
  /**
   * Between two searches for things that a call without an answer may have made; `SETTLE_LOOKS` searches in a row
   * must find nothing. EC2 is eventually consistent: what was just made may be missing from a list for seconds.
   */
  readonly settle: number;
  /** One HTTP request, before the SDK tries again. */
  readonly request: number;
  /** From accepted to running. */
  readonly start: number;
  /** Terminating, and waiting until nothing holds the security group; EC2 takes minutes at times. */
  readonly remove: number;
  /** From CreateImage to an available image: 15 minutes are common, more with large disks. */
  readonly image: number;
}

export const SETTLE_LOOKS = 4;

export const PACE: Pace = {
  poll: 4_000,
  console: 10_000,
  grace: 10_000,
  settle: 3_000,
  request: 60_000,
  start: 600_000,
  remove: 900_000,
  image: 3_600_000,
};

/** Was told to end: by Ctrl-C, by a time limit, by a person who answered "no". */
export class Stopped extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Stopped';
  }
}

/** Throws `Stopped` when the signal is aborted. */
export function orStop(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const { reason } = signal;
  throw new Stopped(reason instanceof Error ? reason.message : 'interrupted', { cause: reason });
}

/**
 * Waits.
 * @param ms milliseconds
 * @throws Stopped at once when the signal is aborted, and then leaves no timer behind
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  orStop(signal);
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
  orStop(signal);
}

/**
 * Looks again and again until there is an answer.
 * @param look answers undefined for "not yet"
 * @returns the answer, or undefined when the time is over
 */
export async function until<T>(
  look: () => Promise<T | undefined>,
  limits: { readonly every: number; readonly within: number; readonly signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const end = performance.now() + limits.within;
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (performance.now() + limits.every > end) return undefined;
    await pause(limits.every, limits.signal);
  }
}
