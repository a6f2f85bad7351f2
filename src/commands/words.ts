/** What yargs lets pass on a command line: words that belong to no flag, and flags given twice. */
import type { Diagnostic } from '../deployment/diagnostic';
import { OPTIONS, type OptionName, optionOf } from '../deployment/options';
import { VERBS } from '../flags/completion';
import { InputError } from './input';
import { strayWord } from './report';

type Flags = Record<string, unknown>;

/**
 * Words that belong to no flag. A lone `-` is the value of the flag before it, --config or --output, which yargs does
 * not see; it is put there.
 */
export function strayWords(words: readonly string[], asked: Flags): Diagnostic[] {
  const waiting = ['config', 'output'].filter((name) => asked[name] === '');
  return words.flatMap((word) => {
    const name = word === '-' ? waiting.shift() : undefined;
    if (name) asked[name] = '-';
    return name ? [] : [strayWord(word, VERBS)];
  });
}

/** What may be given several times, beside the options that are lists. */
const REPEATABLE: Readonly<Record<string, readonly string[]>> = {
  'sweep ec2': ['region'],
  'verify ec2': ['tag'],
  'bake ec2': ['tag'],
  'bake remove': ['image'],
};

/** A flag given twice comes as a list, which whoever reads it would take for none at all. */
export function onlyOnce({ _: words, ...flags }: Flags): true {
  const verb = Array.isArray(words) ? words.slice(0, 2).join(' ') : '';
  const isList = (name: string) =>
    Object.hasOwn(OPTIONS, name) && optionOf(name as OptionName).type === 'strings';
  const twice = Object.entries(flags).flatMap(([name, value]) =>
    Array.isArray(value) && !isList(name) && !REPEATABLE[verb]?.includes(name) ? [`--${name}`] : [],
  );
  if (twice.length > 0) throw new InputError(`${twice.join(', ')} was given more than once`);
  return true;
}
