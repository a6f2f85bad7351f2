import yargs from 'yargs';
import { generate } from './commands/generate';
import { InputError, inputName, readGiven, readText } from './commands/input';
import { printOut, writeOutput } from './commands/output';
import { deploymentReport, optionReport } from './commands/report';
import type { Verified } from './commands/verify';
import { onlyOnce, strayWords } from './commands/words';
import { toldSafely } from './deployment/shown';
import { bakeFlags } from './flags/bake';
import { complete } from './flags/completion';
import { checkFlags, extractFlags, schemaFlags, showFlags } from './flags/document';
import { generateFlags } from './flags/generate';
import { sweepFlags } from './flags/sweep';
import { verifyFlags } from './flags/verify';
import { interruptible } from './machines/interrupt';
import type { MachineKind } from './machines/machine';

/** Exit codes: 0 done, 1 the world failed or a check found errors, 2 the request was wrong, 130 interrupted. */
const FAILED = 1;
const USAGE = 2;
const INTERRUPTED = 130;

type Flags = Record<string, unknown>;

/** For eyes: a URL of a flag may be in any message, also in one of Node or of yargs. */
function say(text: string): void {
  process.stderr.write(`${toldSafely(text)}\n`);
}

async function runGenerate({ _: words, $0: _name, quiet, ...asked }: Flags): Promise<void> {
  const stray = strayWords(Array.isArray(words) ? words.map(String) : [], asked);
  const made = await generate(asked, readText);
  const diagnostics = [...stray, ...made.diagnostics];
  if (diagnostics.length > 0) say(optionReport(diagnostics, made.fromConfig));
  if (!made.deployment || stray.length > 0) {
    say('gen-cloudinit: nothing was written; gen-cloudinit --help shows the options');
    process.exitCode = USAGE;
    return;
  }
  // A document that holds a password is for its owner only.
  const mode = made.deployment.dbPassword === undefined ? 0o644 : 0o600;
  if (made.output === undefined) await printOut(made.bytes);
  else writeOutput(made.output, made.bytes, mode);
  if (!quiet) say(deploymentReport(made));
}

async function runSchema({ of }: Flags): Promise<void> {
  const { schema, verifySchema } = await import('./commands/schema');
  await print(of === 'verify' ? verifySchema() : schema());
}

async function runCheck({ file, json, provider }: Flags): Promise<void> {
  const { check, checkReport, hasErrors } = await import('./commands/check');
  const found = await check(await readGiven(textOf(file)), typeof provider === 'string' ? { provider } : {});
  if (json) await print(found);
  else await printOut(`${checkReport(found, inputName(textOf(file)))}\n`);
  if (hasErrors(found)) process.exitCode = FAILED;
}

async function runShow({ file, json }: Flags): Promise<void> {
  const { show, showReport } = await import('./commands/show');
  const shown = show(await readGiven(textOf(file)));
  if (json) await print(shown);
  else await printOut(`${showReport(shown, inputName(textOf(file)))}\n`);
}

async function runExtract({ file, dir, json, force }: Flags): Promise<void> {
  const { extract, extractReport } = await import('./commands/extract');
  const done = await extract(await readGiven(textOf(file)), String(dir), { force: force === true });
  if (json) await print(done);
  else await printOut(`${extractReport(done)}\n`);
  if (done.refused.length > 0) process.exitCode = FAILED;
}

interface Around {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly announce: (remove: string) => void;
  readonly confirm?: (question: string) => Promise<boolean>;
}

/** Does work that Ctrl-C ends early, and that cleans up after itself. */
async function interruptibly(work: (around: Around) => Promise<void>): Promise<void> {
  const { confirmation } = await import('./commands/confirm');
  let remove: string | undefined;
  const ctrlC = interruptible(
    // In the place of the line that shows the progress.
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
    process.exitCode = INTERRUPTED;
  } finally {
    ctrlC.release();
  }
}

/** Says what is wrong with the request. @returns whether there is nothing else to say */
function isRefused(
  { diagnostics, fromConfig }: Pick<Verified, 'diagnostics' | 'fromConfig'>,
  data: unknown,
  verb: string,
): boolean {
  if (diagnostics.length > 0) say(optionReport(diagnostics, fromConfig));
  if (data !== undefined) return false;
  say(`gen-cloudinit: nothing was started; gen-cloudinit ${verb} --help shows the options`);
  process.exitCode = USAGE;
  return true;
}

async function runVerify(kind: MachineKind, { json, ...flags }: Flags): Promise<void> {
  const { verify, verifyReport } = await import('./commands/verify');
  const colours = process.env.NO_COLOR === undefined || process.env.NO_COLOR === '';
  await interruptibly(async (around) => {
    const surroundings = { screen: process.stderr, colours, ...around };
    const verified = await verify(kind, { ...flags, file: textOf(flags.file) }, surroundings);
    const { report } = verified;
    if (isRefused(verified, report, `verify ${kind}`) || !report) return;
    if (json) await print(report);
    else await printOut(`${verifyReport(report, colours && process.stdout.isTTY)}\n`);
    if (report.verdict !== 'ok') process.exitCode = FAILED;
  });
}

/** A verb whose product is one text, or its data with --json. @returns the data, unless the request was wrong */
async function answered<Data>(
  verb: string,
  json: unknown,
  work: (around: Around) => Promise<Pick<Verified, 'diagnostics' | 'fromConfig'> & { readonly data?: Data }>,
  text: (data: Data) => string,
): Promise<Data | undefined> {
  let data: Data | undefined;
  await interruptibly(async (around) => {
    const answer = await work(around);
    if (isRefused(answer, answer.data, verb) || answer.data === undefined) return;
    data = answer.data;
    if (json) await print(data);
    else await printOut(`${text(data)}\n`);
  });
  return data;
}

async function runBakeEc2({ json, ...flags }: Flags): Promise<void> {
  const { bakeOnEc2, bakeReport } = await import('./commands/bake');
  let printed: Promise<unknown> = Promise.resolve();
  const events = {
    progress: say,
    image: (id: string) => say(`image ${id} is begun; it is not complete yet`),
    // Not in the end: the machine may be hard to remove, and the image is the product all the same.
    complete: (image: { readonly id: string }) => {
      printed = (json ? print(image) : printOut(`${image.id}\n`)).then(
        () => undefined,
        (error: unknown) => error,
      );
    },
    now: new Date(),
  };
  await interruptibly(async (around) => {
    const answer = await bakeOnEc2(flags, { ...around, ...events });
    const failed = await printed;
    if (failed) throw failed;
    if (!isRefused(answer, answer.data, 'bake ec2') && answer.data) say(bakeReport(answer.data, flags));
  });
}

async function runBakeQemu({ json, ...flags }: Flags): Promise<void> {
  const { bakeOnQemu, bakedDiskReport } = await import('./commands/bake-qemu');
  const work = (around: Around) => bakeOnQemu(flags, { ...around, progress: say });
  const baked = await answered('bake qemu', json, work, ({ file }) => file);
  if (baked) say(bakedDiskReport(baked));
}

async function runBakeList({ json, ...flags }: Flags): Promise<void> {
  const { bakedImages, bakedLines } = await import('./commands/bake');
  await answered('bake list', json, (around) => bakedImages(flags, around), bakedLines);
}

async function runBakeRemove({ json, ...flags }: Flags): Promise<void> {
  const { removeImages, removalReport } = await import('./commands/bake');
  const work = (around: Around) => removeImages(flags, { ...around, progress: say });
  const removal = await answered('bake remove', json, work, removalReport);
  if (removal && removal.left.length > 0) process.exitCode = FAILED;
}

async function runSweep({ json, ...flags }: Flags): Promise<void> {
  const { isSwept, sweep, sweepReport } = await import('./commands/sweep');
  await interruptibly(async (around) => {
    const { swept, diagnostics } = await sweep(flags, { ...around, progress: say });
    if (isRefused({ diagnostics, fromConfig: new Set() }, swept, 'sweep ec2') || !swept) return;
    if (json) await print(swept);
    else await printOut(`${sweepReport(swept, flags.yes === true)}\n`);
    if (!isSwept(swept)) process.exitCode = FAILED;
  });
}

/** A positional's text; yargs makes '' of a `-` that stands where a text is expected. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value || '-' : undefined;
}

function print(data: unknown): Promise<void> {
  return printOut(`${JSON.stringify(data, null, 2)}\n`);
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
    .command('schema [of]', 'print the JSON Schema of the --config file', schemaFlags, runSchema)
    .command('check [file]', 'look for mistakes in any user-data document', checkFlags, runCheck)
    .command('show [file]', 'list what is in a document', showFlags, runShow)
    .command(
      'extract <file> <dir>',
      'write the files of a document below a directory',
      extractFlags,
      runExtract,
    )
    .command('verify', 'boot the document on a machine, judge it, remove the machine', verifyFlags(runVerify))
    .command(
      'bake',
      'make an image with the slow part done',
      bakeFlags({ qemu: runBakeQemu, ec2: runBakeEc2, list: runBakeList, remove: runBakeRemove }),
    )
    .command('sweep', 'list or remove what earlier runs have left', sweepFlags(runSweep))
    .check(onlyOnce)
    .completion('completion', 'print a completion script for the shell', complete)
    .version(__VERSION__)
    .wrap(Math.min(100, process.stdout.columns || 100))
    .fail((message, cause) => {
      // Without a cause it is yargs itself that does not like the command line.
      throw cause ?? new InputError(message);
    })
    .parseAsync();
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough is no failure; what else went wrong is told by printOut.
  if (error.code !== 'EPIPE') process.exitCode = FAILED;
});
// There is nobody to tell.
process.stderr.on('error', () => {});
main(process.argv.slice(2)).catch((error: unknown) => {
  say(`gen-cloudinit: ${error instanceof Error ? error.message : String(error)}`);
  // By name: the verbs are bundles of their own, each with its own class.
  process.exitCode =
    error instanceof Error && ['InputError', 'NotConfirmed'].includes(error.name) ? USAGE : FAILED;
});
