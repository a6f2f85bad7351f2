/**
 * The options in the fragment of the address, so that a link brings them back: `#domain=matrix.example.org&tls=staging`. The
 * names are those of the options, which makes links permanent; an unknown name is reported and ignored.
 */
import type { RawValues } from '../config/flags';
import { isOption, OPTION_NAMES, type OptionName, optionOf } from '../config/options';

export type Values = Readonly<Partial<Record<OptionName, string>>>;

/** Options of the page: all but the name of the file, which the browser asks for. */
export const PAGE_OPTIONS: readonly OptionName[] = OPTION_NAMES.filter((name) => name !== 'output');

/** A secret stays out of links: an address lands in the history, in chats and in logs. */
export const isPrivate = (name: OptionName) => optionOf(name).secret === true;

export function toFragment(values: Values): string {
  const pairs = PAGE_OPTIONS.filter((name) => values[name] && !isPrivate(name));
  return new URLSearchParams(pairs.map((name) => [name, values[name] ?? ''])).toString();
}

export function fromFragment(fragment: string): { values: Values; unknown: readonly string[] } {
  const pairs = [...new URLSearchParams(fragment.replace(/^#/, ''))];
  const isKnown = (name: string): name is OptionName =>
    isOption(name) && name !== 'output' && !isPrivate(name);
  return {
    values: Object.fromEntries(pairs.filter(([name]) => isKnown(name))),
    unknown: pairs.map(([name]) => name).filter((name) => !isKnown(name)),
  };
}

/** What the form's texts mean: an empty one is not given, and a repeatable option has one value per line. */
export function optionValues(values: Values): RawValues {
  const given = Object.entries(values).filter(([, text]) => text !== '');
  return Object.fromEntries(
    given.map(([name, text]) => {
      const isList = isOption(name) && optionOf(name).type === 'strings';
      return [
        name,
        isList
          ? text
              .split('\n')
              .map((line) => line.trim())
              .filter(Boolean)
          : text,
      ];
    }),
  );
}

/** The reverse: options as a config file has them. */
export function formValues(options: RawValues): Values {
  const given = Object.entries(options).filter(
    ([name, value]) => isOption(name) && name !== 'output' && value !== undefined,
  );
  return Object.fromEntries(
    given.map(([name, value]) => [name, Array.isArray(value) ? value.join('\n') : String(value)]),
  );
}
