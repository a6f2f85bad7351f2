import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { generate } from './commands/generate';
import { deploymentReport, optionReport } from './commands/report';
import { OPTION_NAMES, optionOf } from './deployment/options';

/** Exit codes: 0 done, 1 the world failed or a check found errors, 2 the request was wrong. */
const FAILED = 1;
const USAGE = 2;

const VERBS = ['schema', 'check', 'show', 'extract'];

type Flags = Record<string, unknown>;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes the whole file or nothing. */
function writeWhole(path: string, bytes: Uint8Array, mode: number): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, bytes, { mode, flag: 'wx' });
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw cause;
  }
}

async function runGenerate({ _: words, $0: _name, quiet, ...asked }: Flags): Promise<void> {
  for (const word of Array.isArray(words) ? words : []) asked[String(word)] ??= '';
  const made = await generate(asked, (path) => readFileSync(path, 'utf8'));
  if (made.diagnostics.length > 0) say(optionReport(made.diagnostics, made.fromConfig));
  if (!made.deployment) {
    say('gen-cloudinit: nothing was written; gen-cloudinit --help shows the options');
    process.exitCode = USAGE;
    return;
  }
  // A document that holds a password is for its owner only.
  if (made.output)
    writeWhole(made.output, made.bytes, made.deployment.dbPassword === undefined ? 0o644 : 0o600);
  else process.stdout.write(made.bytes);
  if (!quiet) say(deploymentReport(made));
}

function generateFlags(parser: Argv): Argv {
  for (const name of OPTION_NAMES) {
    const { help, group, default: value, defaultText, choices } = optionOf(name);
    const preset = value ?? defaultText;
    const rest = choices?.filter((choice) => choice !== value).join(', ');
    const notes = [preset === undefined ? rest : preset, preset === undefined || !rest ? '' : `or ${rest}`];
    parser.option(name, {
      type: 'string',
      group: `${group}:`,
      describe: [help, ...notes.filter(Boolean).map((note) => `[${note}]`)].join(' '),
    });
  }
  return parser
    .option('config', {
      type: 'string',
      group: 'Output:',
      describe: 'YAML file with options by the same names',
    })
    .option('quiet', { type: 'boolean', group: 'Output:', describe: 'no report on standard error' })
    .example('$0 --domain matrix.example.org > user-data.yaml', '')
    .example('$0 --domain matrix.example.org --server-name example.org', '');
}

async function main(argv: string[]): Promise<void> {
  await yargs(argv)
    .scriptName('gen-cloudinit')
    .usageConfiguration({ 'hide-types': true })
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
    })
    .locale('en')
    .command('$0', 'print the document of a whole Matrix server', generateFlags, runGenerate)
    .command('schema', 'print the JSON Schema of the --config file', schemaFlags, runSchema)
    .completion('completion', 'print a completion script for the shell', complete)
    .version(__VERSION__)
    .wrap(100)
    .fail(false)
    .parseAsync();
}

/** yargs completes verbs and their flags; those of the nameless verb are added here. */
function complete(
  current: string,
  argv: Flags,
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

function schemaFlags(parser: Argv): Argv {
  return parser.example('$0 schema > gen-cloudinit.schema.json', '');
}

async function runSchema(): Promise<void> {
  const { schema } = await import('./commands/schema');
  process.stdout.write(`${JSON.stringify(schema(), null, 2)}\n`);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
main(process.argv.slice(2)).catch((error: unknown) => {
  say(`gen-cloudinit: ${error instanceof Error ? error.message : String(error)}`);
  // YError is what yargs throws for a wrong command line.
  process.exitCode = error instanceof Error && error.name === 'YError' ? USAGE : FAILED;
});
