/** Shell completion: verbs, their flags, and the values of a flag. */
import { isGroup, nameOf, VERBS, type Verb } from './all';
import { optionFlags } from './argv';
import type { Command } from './command';
import { generateCommand } from './generate';

/** The verb that was typed, and the names that may follow. */
function verbAt(words: readonly string[]): { readonly verb?: Verb; readonly next: readonly string[] } {
  const [first, second] = words;
  const found = VERBS.find((one) => nameOf(one) === first);
  if (!found) return { next: VERBS.map(nameOf) };
  if (!isGroup(found)) return { verb: found, next: [] };
  const verb = found.verbs.find((one) => nameOf(one) === second);
  return verb ? { verb, next: [] } : { next: found.verbs.map(nameOf) };
}

/**
 * @param words the words before the one to complete, without the program's name
 * @returns nothing where the shell's own completion of file names is right
 */
export async function complete(words: readonly string[], current: string): Promise<string[]> {
  const { verb, next } = verbAt(words.filter((word) => !word.startsWith('-')));
  const command: Command = verb ? await verb.load() : generateCommand;
  const flags = { ...command.flags, ...optionFlags(command) };
  const before = words.at(-1)?.replace(/^--/, '') ?? '';
  const flag = words.at(-1)?.startsWith('--') ? flags[before] : undefined;
  const begins = (text: string) => text.startsWith(current);
  if (flag && flag.type !== 'boolean') return (flag.choices ?? []).filter(begins);
  if (current.startsWith('-'))
    return [...Object.keys(flags), 'help'].map((name) => `--${name}`).filter(begins);
  const [word] = Object.values(command.words);
  return [...next, ...(verb ? (word?.choices ?? []) : [])].filter(begins);
}
