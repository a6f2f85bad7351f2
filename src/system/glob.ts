import { existsSync } from 'node:fs';
import { glob } from 'tinyglobby';
import { quoteValue } from '../diagnostics/quote';
import { InputError } from './input';

/**
 * The files that a word of the command line means: those that match where it is a pattern, else the word itself.
 * @throws InputError when nothing matches a pattern
 */
export async function matchingFiles(word: string): Promise<readonly string[]> {
  if (!/[*?{[]/.test(word) || existsSync(word)) return [word];
  const found = await glob(word, { expandDirectories: false, onlyFiles: true });
  if (found.length === 0) throw new InputError('unreadable-file', `no file matches ${quoteValue(word)}`);
  return found.sort();
}
