import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { generate } from './commands/generate';
import { deploymentReport, optionReport } from './commands/report';
import { type Asked, OPTION_NAMES, optionOf } from './deployment/options';

/** Exit codes: 0 done, 1 the world failed or a check found errors, 2 the request was wrong. */
const FAILED = 1;
const USAGE = 2;

type Flags = Record<string, unknown>;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes the whole file or nothing. A document that holds a password is for its owner only. */
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

async function runGenerate(flags: Flags): Promise<void> {
  const { quiet, ...asked } = asAsked(flags);
  const made = await generate(asked, (path) => readFileSync(path, 'utf8'));
  if (made.diagnostics.length > 0) say(optionReport(made.diagnostics, made.fromConfig));
  if (!made.deployment) {
    say('gen-cloudinit: nothing was written; gen-cloudinit --help shows the options');
    process.exitCode = USAGE;
    return;
  }
  const { output } = made;
  if (output === undefined) process.stdout.write(made.bytes);
  else writeWhole(output, made.bytes, made.deployment.dbPassword === undefined ? 0o644 : 0o600);
  if (!quiet) say(deploymentReport(made));
}

/** What yargs parsed, less its own keys; words that belong to no option become unknown options. */
function asAsked({ _: words, $0: _name, ...flags }: Flags): Asked & { quiet?: boolean } {
  for (const word of Array.isArray(words) ? words : []) flags[String(word)] ??= true;
  return flags;
}

function generateOptions(parser: Argv): Argv {
  for (const name of OPTION_NAMES) {
    const { help, group, default: value, defaultText, choices, placeholder } = optionOf(name);
    const notes = [
      choices ? choices.join(', ') : '',
      value === undefined && !defaultText ? '' : `default: ${value ?? defaultText}`,
    ].filter(Boolean);
    parser.option(name, {
      type: 'string',
      group: `${group}:`,
      requiresArg: false,
      describe: notes.length ? `${help} [${notes.join('; ')}]` : help,
      ...(placeholder ? {} : {}),
    });
  }
  return parser
    .option('config', {
      type: 'string',
      group: 'Output:',
      describe: 'YAML file with options by the same names; flags win',
    })
    .option('quiet', { type: 'boolean', group: 'Output:', describe: 'no report on standard error' })
    .example('$0 --domain matrix.example.org > user-data.yaml', 'the whole server in one document')
    .example('$0 --domain matrix.example.org --server-name example.org', 'users are @name:example.org');
}

async function main(argv: string[]): Promise<void> {
  const parser = yargs(argv)
    .scriptName('gen-cloudinit')
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
    })
    .locale('en')
    .command('$0', 'print the document', generateOptions, runGenerate)
    .completion('completion', 'print a completion script for the shell')
    .version(__VERSION__)
    .help()
    .wrap(Math.min(110, process.stderr.columns ?? 110));
  await parser.parseAsync();
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

main(process.argv.slice(2)).catch((error: unknown) => {
  say(`gen-cloudinit: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = FAILED;
});
