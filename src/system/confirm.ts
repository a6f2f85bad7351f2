import { createInterface } from 'node:readline/promises';

/**
 * Asks a person; undefined without a terminal. The answer counts as no unless it starts with y, also when the
 * terminal has gone.
 * @param signal ends the question; the caller that aborts it handles Ctrl-C, which then means the same at all times
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
