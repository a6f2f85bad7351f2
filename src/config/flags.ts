/** Flags in tables: one row gives --help, the README, the schema, completion and the checked values of a flag. */
import type { Code } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { closestName } from '../diagnostics/did-you-mean';
import { quoteName, quoteValue } from '../diagnostics/quote';
import type { Rule } from './rules';

/** One flag of the command line. A flag that is an option of the document too has the same name in the config file. */
export interface Flag {
  /** `strings` may be repeated. */
  readonly type: 'string' | 'number' | 'strings' | 'boolean';
  /** One line: what the flag does. */
  readonly help: string;
  /** The value when none is given; a sentence in `defaultText` where it depends on others. */
  readonly default?: string | number;
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  /** Other common names of choices, for the hint. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Unit of a number; then `4G` and the like are numbers too. */
  readonly unit?: Unit;
  /** Checks the given text. */
  readonly rule?: Rule;
  /** What an editor needs to know beside the type: JSON Schema's own words. A value must also pass the rule. */
  readonly schema?: ValueSchema;
  /** The value names a file whose content is used. */
  readonly file?: boolean;
  /** A required word. */
  readonly required?: boolean;
  /** Messages do not repeat the value. */
  readonly secret?: boolean;
  /** Heading in --help. */
  readonly group?: string;
  /** The hint for an empty value, as an unset variable or a missing file leaves it. */
  readonly emptyHint?: string;
  /** Few people need it: --help names it only with --full. */
  readonly seldom?: boolean;
}

export interface ValueSchema {
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly (string | number)[];
}

/** Powers of 1024 bytes. */
export type Unit = 'MiB' | 'GiB';

export type FlagTable = Readonly<Record<string, Flag>>;

/** Values as given on the command line or in the config file, by name; undefined means not given. */
export type RawValues = Readonly<Record<string, unknown>>;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ValueOf<Row extends Flag> = Row['type'] extends 'boolean'
  ? boolean
  : Row['type'] extends 'number'
    ? number
    : Row['type'] extends 'strings'
      ? readonly string[]
      : Row extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string;

type IsAlwaysThere<Row extends Flag> = Row extends
  | { readonly default: string | number }
  | { readonly type: 'boolean' | 'strings' }
  ? true
  : false;

/** The values of a table, by its names in camel case. A boolean that is not given is false, a list is empty. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table & string as CamelCase<Name>]: IsAlwaysThere<Table[Name]> extends true
    ? ValueOf<Table[Name]>
    : ValueOf<Table[Name]> | undefined;
};

/** `instance-type` as the code spells it: `instanceType`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export interface ReadFlags<Table extends FlagTable> {
  /** Not valid where a diagnostic is an error. */
  readonly values: FlagValues<Table>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks values against their table and fills in the defaults.
 * @param given values by flag name; a name that the table does not have is an error
 */
export function readFlags<const Table extends FlagTable>(table: Table, given: RawValues): ReadFlags<Table> {
  const diagnostics: Diagnostic[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    const texts = given[name] === undefined ? [] : checkValue(name, flag, given[name], diagnostics);
    values[camelCase(name)] = typedValue(flag, texts);
  }
  for (const name of Object.keys(given)) {
    if (given[name] !== undefined && !Object.hasOwn(table, name))
      diagnostics.push(unknownFlag(name, Object.keys(table)));
  }
  return { values: values as FlagValues<Table>, diagnostics };
}

/** @param texts as `checkValue` returns them */
function typedValue(flag: Flag, texts: readonly string[]): unknown {
  if (flag.type === 'strings') return texts;
  if (flag.type === 'boolean') return texts[0] === 'true';
  const [text = flag.default] = texts;
  return flag.type === 'number' && text !== undefined ? Number(text) : text;
}

/**
 * The values of one flag as texts.
 * @param diagnostics receives the mistakes
 * @returns only the right ones
 */
export function checkValue(
  name: string,
  flag: Flag,
  value: unknown,
  diagnostics: Diagnostic[],
): readonly string[] {
  const quoted = (given: unknown) => {
    if (!flag.secret) return quoteValue(given);
    return typeof given === 'string' ? `${given.length} characters` : typeof given;
  };
  const error = (code: Code, message: string, given: string, expected: string, hint?: string) =>
    diagnostics.push({
      severity: 'error',
      code,
      path: name,
      message,
      given,
      expected,
      ...(hint ? { hint } : {}),
    });
  const items = Array.isArray(value) ? value : [value];
  if (items.length > 1 && flag.type !== 'strings') {
    const given = items.slice(0, 4).map(quoted).join(', ');
    error('repeated-option', 'was given more than once', given, 'one value');
    return [];
  }
  if (Array.isArray(value) && flag.type !== 'strings') {
    error('wrong-type', 'has a value of the wrong type', 'a list', 'one value');
    return [];
  }
  const texts: string[] = [];
  for (const item of items) {
    if (!hasType(item, flag.type)) {
      const expected =
        flag.type === 'number' ? 'a number' : flag.type === 'boolean' ? 'true or false' : 'text';
      const hint = typeof item === 'number' || typeof item === 'boolean' ? 'put it in quotes' : undefined;
      error('wrong-type', 'has a value of the wrong type', quoted(item), expected, hint);
      continue;
    }
    const text = flag.unit ? inUnit(String(item), flag.unit) : String(item);
    const wrong = violation(flag, text);
    if (wrong && text === '')
      diagnostics.push({
        severity: 'error',
        code: 'missing-value',
        path: name,
        message: 'needs a value',
        ...(flag.emptyHint ? { hint: flag.emptyHint } : {}),
      });
    else if (wrong) error('wrong-value', 'has an invalid value', quoted(item), wrong.expected, wrong.hint);
    else texts.push(text);
  }
  return texts;
}

function hasType(item: unknown, type: Flag['type']): boolean {
  if (type === 'boolean') return typeof item === 'boolean';
  return typeof item === 'string' || (typeof item === 'number' && type === 'number');
}

const EXPONENTS: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3, T: 4 };

/** `4G` and `4096M` as the number of units; any other text as it is. */
function inUnit(text: string, unit: Unit): string {
  const [, digits, letter = ''] = /^(\d{1,9}(?:\.\d{1,6})?)([KMGT])(?:i?B)?$/i.exec(text) ?? [];
  if (digits === undefined) return text;
  const exponent = (EXPONENTS[letter.toUpperCase()] ?? 0) - (EXPONENTS[unit.charAt(0)] ?? 0);
  return String(Number(digits) * 1024 ** exponent);
}

export const oneOf = (names: readonly string[]) => `${names.length > 1 ? 'one of ' : ''}${names.join(', ')}`;

function violation({ type, choices, synonyms, rule }: Flag, text: string) {
  if (type === 'boolean') return undefined;
  if (choices && text !== '' && !choices.includes(text)) {
    const word = text.toLowerCase();
    const near = synonyms && Object.hasOwn(synonyms, word) ? synonyms[word] : closestName(word, choices);
    return {
      expected: oneOf(choices),
      hint: near === undefined ? undefined : `did you mean ${near}?`,
    };
  }
  return text === '' ? { expected: 'a value', hint: undefined } : rule?.(text);
}

/**
 * @param known the names that would have been right
 * @param dashes what precedes a name where it was given: `--` on the command line
 */
export function unknownFlag(name: string, known: readonly string[], dashes: '--' | '' = ''): Diagnostic {
  const near = closestName(name, known);
  return {
    severity: 'error',
    code: 'unknown-option',
    path: quoteName(name),
    message: 'is not an option',
    hint: near ? `did you mean ${dashes}${near}?` : 'gen-cloudinit --help --full lists every option',
  };
}

/** The same table with one heading for all of its flags in --help. */
export function grouped<const Table extends FlagTable>(group: string, table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([name, flag]) => [name, { ...flag, group }])) as Table;
}
