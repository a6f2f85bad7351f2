import yargs, { type Argv } from 'yargs';
import { isGroup, VERBS, type Verb } from './commands/all';
import { declare, expandShort, noSuchVerb, typed } from './commands/argv';
import type { Command, Context, Product, Result } from './commands/command';
import { complete } from './commands/completion';
import { generateCommand } from './commands/generate';
import type { RawValues } from './config/flags';
import { redactUrls } from './diagnostics/quote';
import { diagnosticsText } from './diagnostics/render-text';
import { InputError, USAGE } from './system/input';
import { interruptible } from './system/interrupt';
import { printOut, writeOutput } from './system/output';

/** Exit codes: done; the world failed or a check found errors; the request was wrong; interrupted. */
const EXIT = { ok: 0, failed: 1, refused: 2, interrupted: 130 } as const;

/** For a person: any message may contain the URL of a flag, also one of Node or of yargs. */
function say(text: string): void {
  process.stderr.write(`${redactUrls(text)}\n`);
}

/** As NO_COLOR (no-color.org) or the flag requests. */
const hasColors = () =>
  !process.argv.includes('--no-color') && (process.env.NO_COLOR === undefined || process.env.NO_COLOR === '');

function print({ data, text }: Product, json: boolean): Promise<void> {
  const printed = json ? JSON.stringify(data, null, 2) : text;
  return printOut(printed === '' ? '' : `${printed}\n`);
}

/** Prints what a verb has answered, and sets the exit code. @param verb its words, for the hint */
async function render(result: Result, verb: string, json: boolean): Promise<void> {
  const { status, diagnostics = [], product, document, report } = result;
  if (diagnostics.length > 0) say(diagnosticsText(diagnostics));
  if (status === 'refused')
    say(`gen-cloudinit: nothing was done; gen-cloudinit${verb && ` ${verb}`} --help shows the options`);
  if (document && document.path === undefined && document.bytes[0] === 0x1f && process.stdout.isTTY)
    throw new InputError(
      'unusable-output',
      'gzip is not written to a terminal: redirect it to a file, or use --output FILE',
    );
  if (document?.path !== undefined) writeOutput(document.path, document.bytes, document.mode);
  else if (document) await printOut(document.bytes);
  if (product) await print(product, json);
  if (report !== undefined) say(report);
  process.exitCode = EXIT[status];
}

/** With --quiet: errors and the product only. */
const silent = ({ report: _report, ...result }: Result): Result => result;

/** Runs work that Ctrl-C ends early, and that cleans up after itself. */
async function interruptibly(
  work: (around: Pick<Context, 'signal' | 'announce' | 'confirm'>) => Promise<void>,
): Promise<void> {
  const { confirmation } = await import('./system/confirm');
  let remove: string | undefined;
  const ctrlC = interruptible(
    // Replaces the line that shows the progress.
    (line) => say(process.stderr.isTTY ? `\r\x1b[K${line}` : line),
    () => remove,
    (code) => process.exit(code),
  );
  const confirm = confirmation(ctrlC.signal);
  const announce = (command: string) => {
    remove = command;
  };
  try {
    await work({ signal: ctrlC.signal, announce, ...(confirm ? { confirm } : {}) });
  } catch (error) {
    if (!ctrlC.interrupted) throw error;
    say(`gen-cloudinit: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.interrupted;
  } finally {
    ctrlC.release();
  }
}

/** Calls a verb with what was typed. @param verb its words, such as `verify ec2` */
async function call(command: Command, verb: string, argv: RawValues): Promise<void> {
  const depth = verb === '' ? 0 : verb.split(' ').length;
  const { given, diagnostics } = typed(argv, depth, command, expandShort(process.argv.slice(2)));
  const json = given.json === true;
  const isQuiet = given.quiet === true;
  const progress = isQuiet ? () => {} : say;
  const work = async (around: Pick<Context, 'signal' | 'announce' | 'confirm'>) => {
    const result = await command.invoke(given, diagnostics, {
      ...around,
      progress,
      print: (product) => print(product, json),
      screen: isQuiet ? { write: () => true } : process.stderr,
      colors: hasColors(),
      shell: process.env.SHELL?.replace(/.*\//, '') ?? '',
      now: new Date(),
    });
    await render(isQuiet ? silent(result) : result, verb, json);
  };
  if (command.interruptible) await interruptibly(work);
  else await work({ signal: new AbortController().signal, announce: () => {} });
}

/** Registers a verb with yargs; its file is loaded when it is called. @param group the verb above it */
function register(parser: Argv, { usage, describe, load }: Verb, group = ''): void {
  const [name = '', ...words] = usage.split(' ');
  const verb = group === '' ? name : `${group} ${name}`;
  // This file reports a missing word: to yargs every word is optional.
  const optional = words.map((word) => word.replace(/^<(.*)>$/, '[$1]'));
  let command: Command | undefined;
  parser.command(
    [name, ...optional].join(' '),
    describe,
    async (own: Argv) => {
      command = await load();
      return declare(own.usage(`$0 ${verb} ${words.join(' ')}`.trimEnd()), command);
    },
    async (argv) => {
      if (command) await call(command, verb, argv);
    },
  );
}

async function main(argv: string[]): Promise<void> {
  if (argv[0] === '--complete') {
    const words = await complete(argv.slice(1, -1), argv.at(-1) ?? '');
    await printOut(words.map((word) => `${word}\n`).join(''));
    return;
  }
  const parser = yargs(expandShort(argv))
    .scriptName('gen-cloudinit')
    .usageConfiguration({ 'hide-types': true })
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
      // `-abc` is one unknown flag, and not three.
      'short-option-groups': false,
    })
    .locale('en')
    .command(
      '$0',
      'generate cloud-init user data for a Matrix server',
      (own) => declare(own, generateCommand),
      (flags) => call(generateCommand, '', flags),
    );
  for (const one of VERBS) {
    if (!isGroup(one)) {
      register(parser, one);
      continue;
    }
    parser.command(one.name, one.describe, (own) => {
      for (const verb of one.verbs) register(own, verb, one.name);
      return own.command(
        '$0',
        false,
        () => {},
        ({ _: words }) =>
          render({ status: 'refused', diagnostics: [noSuchVerb(one, words[1])] }, one.name, false),
      );
    });
  }
  await parser
    .version(__VERSION__)
    .alias({ help: 'h', version: 'V' })
    .describe({ help: 'show this help', version: 'show the version number' })
    .option('no-color', { type: 'boolean', describe: 'no colors in the output' })
    .wrap(Math.min(100, process.stdout.columns || 100))
    .fail((message, cause) => {
      // Without a cause, yargs itself refuses the command line.
      throw cause ?? new InputError('wrong-value', message);
    })
    .parseAsync();
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough is not a failure; printOut reports what else went wrong.
  if (error.code !== 'EPIPE') process.exitCode = EXIT.failed;
});
// Standard error is closed: no one is left to read a message.
process.stderr.on('error', () => {});
main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  // By its code: the verbs are bundles of their own, each with its own class.
  const isUsage = error instanceof Error && 'code' in error && error.code === USAGE;
  const rule = isUsage && 'rule' in error ? ` [${error.rule}]` : '';
  say(isUsage ? `error: ${message}${rule}` : `gen-cloudinit: ${message}`);
  process.exitCode = isUsage ? EXIT.refused : EXIT.failed;
});
