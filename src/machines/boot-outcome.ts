/** The line with which the first boot ends, read from a console. */

import { pause, Stopped } from '../system/wait';
import type { Machine } from './machine';

export type BootOutcome =
  | { readonly ready: true; readonly line: string }
  | { readonly ready: false; readonly why: string; readonly line: string };

/**
 * Finds `gen-cloudinit: ready` or `gen-cloudinit: failed: WHY`. A console puts time and unit in front. The line must be
 * complete, or the reason would be cut off. A later boot may repair what an earlier one could not, so the last
 * outcome counts; of several failures in a row the first is the cause.
 */
export function readBootOutcome(text: string): BootOutcome | undefined {
  let found: BootOutcome | undefined;
  for (const match of text.matchAll(/gen-cloudinit: (ready|failed)(?:: ?([^\r\n]*))?\r?\n/g)) {
    const [line, word, rest = ''] = match.map((part) => part?.trim());
    if (word === 'ready') found = { ready: true, line: line! };
    else if (found?.ready !== false) found = { ready: false, why: rest || 'no reason given', line: line! };
  }
  return found;
}

/**
 * Polls the console until it contains the outcome.
 * @param within milliseconds
 * @throws Stopped when the time is over or the signal is aborted; Error when the machine ends before
 */
export async function waitForBootOutcome(
  machine: Pick<Machine, 'console' | 'name'>,
  options: {
    readonly within: number;
    /** Milliseconds between two polls; 10 seconds when omitted. */
    readonly every?: number;
    readonly signal?: AbortSignal;
    readonly progress?: (line: string) => void;
  },
): Promise<BootOutcome> {
  const end = performance.now() + options.within;
  let told = '';
  for (;;) {
    const text = await machine.console();
    const outcome = readBootOutcome(text);
    if (outcome) return outcome;
    const news = [...text.matchAll(/gen-cloudinit: ([^\r\n]+)\r?\n/g)].at(-1)?.[1] ?? '';
    if (news !== told) options.progress?.(news);
    told = news;
    if (performance.now() >= end) {
      const minutes = Math.round(options.within / 60_000);
      throw new Stopped(
        `${machine.name} said neither ready nor failed within ${minutes} minutes; the end of its console:\n${lastLines(text)}`,
      );
    }
    await pause(options.every ?? 10_000, options.signal);
  }
}

/** The last lines of a console, for a message. */
export function lastLines(text: string, count = 15): string {
  const lines = text.trimEnd().split(/\r?\n/).slice(-count);
  return text.trim() === '' ? '  (nothing)' : lines.map((line) => `  ${line}`).join('\n');
}
