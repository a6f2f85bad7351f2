/** Completion by the shell. */
import { OPTION_NAMES } from '../deployment/options';

export const VERBS = ['schema', 'check', 'show', 'extract', 'verify', 'bake', 'sweep'];

/** yargs completes verbs and their flags; those of the nameless verb are added here. */
export function complete(
  current: string,
  argv: Readonly<Record<string, unknown>>,
  filtered: (done: (error: Error | null, words: string[] | undefined) => void) => void,
  done: (words: string[]) => void,
): void {
  filtered((_error, words = []) => {
    const typed = Array.isArray(argv._) ? argv._.slice(1) : [];
    const nameless = current.startsWith('-') && !VERBS.includes(String(typed[0]));
    const flags = nameless ? [...OPTION_NAMES, 'config', 'quiet'].map((name) => `--${name}`) : [];
    done([
      ...words.filter((word) => !word.startsWith('$0')),
      ...flags.filter((flag) => flag.startsWith(current)),
    ]);
  });
}
