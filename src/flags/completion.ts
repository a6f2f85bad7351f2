/** Completion by the shell. */
import { OPTION_NAMES, optionOf } from '../deployment/options';

export const VERBS = ['schema', 'check', 'show', 'extract', 'verify', 'bake', 'sweep'];

/** yargs completes verbs and their flags; those of the nameless verb are added here, and the values of an option. */
export function complete(
  current: string,
  argv: Readonly<Record<string, unknown>>,
  filtered: (done: (error: Error | null, words: string[] | undefined) => void) => void,
  done: (words: string[]) => void,
): void {
  // Behind an option comes its value: one of its choices, or (no words) whatever the shell completes, such as files.
  const before = OPTION_NAMES.find((name) => `--${name}` === process.argv.at(-2));
  if (before) {
    done((optionOf(before).choices ?? []).filter((choice) => choice.startsWith(current)));
    return;
  }
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
