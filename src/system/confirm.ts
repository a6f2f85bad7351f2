import { createInterface } from 'node:readline/promises';

/**
 * Asks a person; undefined where nobody sits at a terminal. The answer is no unless it begins with y; so it is when the
 * terminal is gone.
 * @param signal ends the question; Ctrl-C is left to whoever aborts it, so that it means the same at all times
 */
export function confirmation(signal: AbortSignal): ((question: string) => Promise<boolean>) | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
    try {
      const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed]);
      return /^y/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };
}
