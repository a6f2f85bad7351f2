/** Verbs as yargs sees them, and the command line as the verbs read it. */
import type { Argv } from 'yargs';
import { type Flag, type FlagTable, oneOf, type RawValues } from '../config/flags';
import { OPTIONS } from '../config/options';
import { domainName } from '../config/rules';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { closestName } from '../diagnostics/did-you-mean';
import { quoteValue } from '../diagnostics/quote';
import { nameOf, VERBS, type Verb, type VerbGroup } from './all';
import type { Command } from './command';

/** One line of --help: the default and the other choices in brackets. */
function describe({ help, default: preset, defaultText, choices }: Flag): string {
  const value = preset ?? defaultText;
  const rest = choices?.filter((choice) => choice !== preset).join(', ');
  const notes = [value === undefined && rest ? 'none' : String(value ?? ''), rest ? `or ${rest}` : ''];
  return [help, ...notes.filter(Boolean).map((note) => `[${note}]`)].join(' ');
}

const CONFIG: FlagTable = {
  config: { type: 'string', group: 'Output', help: 'YAML file with options by the same names' },
};

/** The document's options that a verb accepts, as flags. */
export function optionFlags({ options }: Command): FlagTable {
  if (options.length === 0) return {};
  return { ...Object.fromEntries(options.map((name) => [name, OPTIONS[name]])), ...CONFIG };
}

/** Whether --help names the row only with --full. */
function isHidden({ flags, lists }: Command, name: string, { seldom = false }: Flag): boolean {
  if (Object.hasOwn(flags, name) || name === 'config' || lists === 'all') return false;
  return lists === 'none' || seldom;
}

/** Registers the words and flags of a verb with yargs, which checks none of them: one place reports all mistakes. */
export function declare(parser: Argv, command: Command): Argv {
  for (const [name, word] of Object.entries(command.words))
    parser.positional(name, { type: 'string', describe: describe(word) });
  const options = optionFlags(command);
  // A flag under a heading of the document's options follows them.
  const joins = ({ group }: Flag) => Object.values(options).some((option) => option.group === group);
  const own = Object.entries(command.flags);
  const rows = [
    ...own.filter(([, flag]) => !joins(flag)),
    ...Object.entries(options),
    ...own.filter(([, flag]) => joins(flag)),
  ];
  for (const [name, flag] of rows) {
    parser.option(name, {
      type: flag.type === 'boolean' ? 'boolean' : 'string',
      describe: describe(flag),
      ...(isHidden(command, name, flag) ? { hidden: true } : {}),
      ...(name === 'output' ? { alias: 'o' } : {}),
      ...(flag.group ? { group: `${flag.group}:` } : {}),
    });
  }
  if (rows.some(([name, flag]) => isHidden(command, name, flag)))
    parser.showHidden('full', 'with --help: every option, also the rarely used ones');
  for (const [example, what] of command.examples) parser.example(example, what);
  return parser;
}

/** Short forms, and flags that every verb has: yargs and cli.ts know what they mean. */
const ALIASES = ['h', 'V', 'o', 'no-color'];

export interface Typed {
  /** Words and flags by name, as the verb reads them. */
  readonly given: RawValues;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The command line with short forms in the long one: `-oFILE` is `-o FILE`.
 * @param line the words after the program's name
 */
export function expandShort(line: readonly string[]): string[] {
  return line.flatMap((word) => (/^-o[^=-]/.test(word) ? ['-o', word.slice(2)] : [word]));
}

/** Flags without a value to which the command line gives one: `--quiet=maybe`. yargs would take it for true. */
function valuesOfSwitches(command: Command, line: readonly string[]): Diagnostic[] {
  return Object.entries({ ...command.flags, 'no-color': { type: 'boolean' } }).flatMap(([name, { type }]) => {
    if (type !== 'boolean') return [];
    const start = `--${name}=`;
    const value = line.find((word) => word.startsWith(start))?.slice(start.length);
    if (value === undefined || value === 'true' || value === 'false') return [];
    return {
      severity: 'error',
      code: 'wrong-value',
      path: name,
      message: 'takes no value',
      given: quoteValue(value),
      expected: `--${name} alone, or nothing`,
    } satisfies Diagnostic;
  });
}

/**
 * The arguments after a verb. yargs does not see that a lone `-` is the value of the flag before it: it makes the
 * flag's value empty and the `-` a word.
 * @param argv as yargs parsed it
 * @param depth how many of its words are the verb itself
 * @param line the command line itself
 */
export function typed(argv: RawValues, depth: number, command: Command, line: readonly string[]): Typed {
  const { _: all, $0: _name, ...others } = argv;
  const flags = Object.entries(others).filter(([name]) => !ALIASES.includes(name));
  const words = Array.isArray(all) ? all.slice(depth).map(String) : [];
  const given: Record<string, unknown> = Object.fromEntries(flags.filter(([, value]) => value !== undefined));
  // yargs makes '' of a `-` where it expects a word, and drops it where it expects several.
  if (line.includes('-'))
    for (const [name, { type }] of Object.entries(command.words)) {
      if (type === 'strings') given[name] = [given[name] ?? [], '-'].flat();
      else if (given[name] === '') given[name] = '-';
    }
  const empty = ['config', 'output'].filter((name) => given[name] === '');
  const stray = words.filter((word) => {
    const name = word === '-' ? empty.shift() : undefined;
    if (name) given[name] = '-';
    return name === undefined;
  });
  // What stands beside a password may be a part of it.
  const isHidden = line.some((word) => /^-*db-password/.test(word));
  return {
    given,
    diagnostics: [
      ...strayWords(isHidden ? stray.map(() => undefined) : stray, depth),
      ...missing(command, given),
      ...valuesOfSwitches(command, line),
    ],
  };
}

const closestVerb = (word: string) => closestName(word.toLowerCase(), VERBS.map(nameOf));

/** Words that the verb does not accept. If the first is a mistyped verb, the others are its words. */
function strayWords(words: readonly (string | undefined)[], depth: number): Diagnostic[] {
  const [first] = words;
  const isVerb = depth === 0 && first !== undefined && closestVerb(first) !== undefined;
  return (isVerb ? words.slice(0, 1) : words).map((word) => strayWord(word, depth));
}

function strayWord(word: string | undefined, depth: number): Diagnostic {
  if (word === undefined) {
    return {
      severity: 'error',
      code: 'stray-word',
      path: '',
      message: 'unexpected argument (not shown: it may belong to the password)',
      hint: 'quote the password, and write --db-password=PASSWORD',
    };
  }
  const near = depth === 0 ? closestVerb(word) : undefined;
  const isDomain = depth === 0 && !domainName(word);
  return {
    severity: 'error',
    code: 'stray-word',
    path: '',
    message: `unexpected argument ${quoteValue(word)}`,
    hint: near
      ? `did you mean ${near}?`
      : isDomain
        ? `did you mean --domain ${word}?`
        : 'gen-cloudinit --help lists verbs and options',
  };
}

function missing({ words }: Command, given: RawValues): Diagnostic[] {
  return Object.entries(words)
    .filter(([name, { required }]) => required && [given[name] ?? []].flat().length === 0)
    .map(([name, { help }]) => ({
      severity: 'error',
      code: 'missing-argument',
      path: '',
      message: `${name.toUpperCase()} is required: ${help}`,
    }));
}

/** The mistake of a group called without one of its verbs. @param word what was typed instead */
export function noSuchVerb({ name, verbs }: VerbGroup, word: unknown): Diagnostic {
  const names = verbs.map((verb: Verb) => nameOf(verb));
  const near = typeof word === 'string' ? closestName(word, names) : undefined;
  const given = word === undefined ? '' : `, not ${quoteValue(word)}`;
  return {
    severity: 'error',
    code: word === undefined ? 'missing-argument' : 'stray-word',
    path: '',
    message: `${name} needs ${oneOf(names)}${given}`,
    hint: near ? `did you mean gen-cloudinit ${name} ${near}?` : `gen-cloudinit ${name} --help`,
  };
}
