/** Waits that can end early: by Ctrl-C, by a time limit. */

/** The work was stopped: by Ctrl-C, by a time limit, by a person who answered "no". */
export class Stopped extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Stopped';
  }
}

/** Throws `Stopped` when the signal is aborted. */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const { reason } = signal;
  throw new Stopped(reason instanceof Error ? reason.message : 'interrupted', { cause: reason });
}

/**
 * Waits.
 * @param ms milliseconds
 * @throws Stopped at once when the signal is aborted; no timer stays behind
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfStopped(signal);
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
  throwIfStopped(signal);
}

/**
 * Polls until there is an answer.
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
