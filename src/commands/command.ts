/** What a verb is: its words and flags in tables, and what it does. */
import { type FlagTable, type FlagValues, type RawValues, readFlags, unknownFlag } from '../config/flags';
import type { OptionName } from '../config/options';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic';
import type { Screen } from '../verify/progress-line';

/** What the command line provides to a verb. */
export interface Context {
  /** Aborted by Ctrl-C, for a verb that is interruptible. */
  readonly signal: AbortSignal;
  /** Takes the command that removes what may be left; it is printed when even the clean-up is interrupted. */
  readonly announce: (remove: string) => void;
  /** Asks a person; absent without a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** One line of progress, to standard error. */
  readonly progress: (line: string) => void;
  /** Prints the product before the verb has ended. */
  readonly print: (product: Product) => Promise<void>;
  /** Standard error, for a live display. */
  readonly screen: Screen;
  readonly colors: boolean;
  /** Name of the person's shell; empty where it is not known. */
  readonly shell: string;
  readonly now: Date;
}

/** For standard output. */
export interface Product {
  /** With --json. */
  readonly data: unknown;
  readonly text: string;
}

/** What a verb answers; only cli.ts prints it and turns it into an exit code. */
export interface Result {
  /** `failed`: the work is done and its result is negative (exit code 1). `refused`: the request was wrong (exit code 2). */
  readonly status: 'ok' | 'failed' | 'refused';
  /** Mistakes and warnings about the request. */
  readonly diagnostics?: readonly Diagnostic[];
  readonly product?: Product;
  /** The document that `generate` made. */
  readonly document?: DocumentFile;
  /** For a person, to standard error. */
  readonly report?: string;
}

export interface DocumentFile {
  readonly bytes: Uint8Array;
  /** Standard output if undefined. */
  readonly path: string | undefined;
  /** Permission bits of a new file. */
  readonly mode: number;
}

/** The request was wrong. */
export function refusal(diagnostics: readonly Diagnostic[]): Result {
  return { status: 'refused', diagnostics };
}

export interface Input<Table extends FlagTable> {
  /** The verb's own words and flags; not valid where `diagnostics` has an error. */
  readonly flags: FlagValues<Table>;
  /** The options of the document as given, `config` among them. */
  readonly options: RawValues;
  readonly diagnostics: readonly Diagnostic[];
}

export type OptionsListed = 'common' | 'all' | 'none';

interface Spec<Words extends FlagTable, Flags extends FlagTable> {
  readonly words?: Words;
  readonly flags: Flags;
  /** The options of the document that the verb accepts, and with them --config. */
  readonly options?: readonly OptionName[];
  /** Which of these options --help lists without --full: all but those that few people need, unless said otherwise. */
  readonly lists?: OptionsListed;
  readonly examples?: readonly (readonly [command: string, what: string])[];
  /** Whether Ctrl-C ends it early; it then cleans up. */
  readonly interruptible?: boolean;
  /** Without `options`, called only when the flags contain no mistake. */
  run(input: Input<Words & Flags>, context: Context): Promise<Result>;
}

/** Behind --db-password an unknown flag may be a password that begins with a hyphen. */
const HIDDEN: Diagnostic = {
  severity: 'error',
  code: 'unknown-option',
  path: '',
  message: 'an option that does not exist (not shown: it may be the password)',
  hint: 'write --db-password=PASSWORD',
};

/** A verb as the command line knows it. */
export interface Command {
  readonly words: FlagTable;
  readonly flags: FlagTable;
  readonly options: readonly OptionName[];
  readonly lists: OptionsListed;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly interruptible: boolean;
  /**
   * @param given words, flags and options by name, as they were typed
   * @param wrong what else is wrong with the command line
   */
  invoke(given: RawValues, wrong: readonly Diagnostic[], context: Context): Promise<Result>;
}

export function defineCommand<
  const Flags extends FlagTable,
  const Words extends FlagTable = Readonly<Record<never, never>>,
>(spec: Spec<Words, Flags>): Command {
  const { flags, options = [], lists = 'common', examples = [], interruptible = false } = spec;
  const words = spec.words ?? ({} as Words);
  const table: Words & Flags = { ...words, ...flags };
  return {
    ...{ words, flags, options, lists, examples, interruptible },
    async invoke(given, wrong, context) {
      const isOption = (name: string) =>
        options.length > 0 && (name === 'config' || options.some((option) => option === name));
      const pick = (isIts: (name: string) => boolean): RawValues =>
        Object.fromEntries(Object.entries(given).filter(([name]) => isIts(name)));
      const read = readFlags(
        table,
        pick((name) => Object.hasOwn(table, name)),
      );
      const unknown = Object.keys(given).filter((name) => !Object.hasOwn(table, name) && !isOption(name));
      const known = [...Object.keys(flags), ...options];
      const ofWords = (diagnostic: Diagnostic): Diagnostic =>
        Object.hasOwn(words, diagnostic.path)
          ? { ...diagnostic, path: diagnostic.path.toUpperCase() }
          : diagnostic;
      const diagnostics = [
        ...wrong,
        ...unknown.map((name) => (given['db-password'] === '' ? HIDDEN : unknownFlag(name, known, '--'))),
        ...read.diagnostics.map(ofWords),
      ];
      if (options.length === 0 && hasErrors(diagnostics)) return refusal(diagnostics);
      return spec.run({ flags: read.values, options: pick(isOption), diagnostics }, context);
    },
  };
}
