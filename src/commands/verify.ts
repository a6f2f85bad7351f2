import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { compileFrom } from '../cloudinit/compile';
import { readUserData } from '../cloudinit/read/user-data';
import { collectOptions } from '../config/config-file';
import type { Distro } from '../config/deployment';
import { type FlagTable, type FlagValues, grouped, type RawValues } from '../config/flags';
import { OPTION_NAMES } from '../config/options';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic';
import { quoteValue } from '../diagnostics/quote';
import { EC2_FLAGS } from '../machines/ec2/ec2-flags';
import { type Configured, type LaunchContext, type MachineKind, wrongImage } from '../machines/machine';
import { MULTIPASS_FLAGS } from '../machines/multipass/multipass-flags';
import { QEMU_FLAGS } from '../machines/qemu/qemu-flags';
import { InputError, inputName, readGiven, readText } from '../system/input';
import { readExpectations } from '../verify/expectations';
import { Display } from '../verify/progress-line';
import { verifyReport } from '../verify/report';
import { runVerify } from '../verify/run';
import { type Context, defineCommand, type Input, type Result, refusal } from './command';
import { REPORT_FLAGS } from './common-flags';

const WORDS = { file: { type: 'string', help: 'the document; - is standard input' } } as const;

const VERDICT_FLAGS = grouped('Verdict', {
  keep: { type: 'boolean', help: 'keep the machine, and print the commands that enter and remove it' },
  'keep-on-failure': { type: 'boolean', help: 'the same, but only if a point failed' },
  ...REPORT_FLAGS,
  json: { ...REPORT_FLAGS.json, help: 'print the verdict as JSON (gen-cloudinit schema verify)' },
  'save-to': { type: 'string', help: 'directory for logs and consoles', default: 'out/verify' },
});

/** The flags that every kind of machine has. */
type CommonFlags = FlagValues<typeof VERDICT_FLAGS & typeof WORDS> & { readonly timeLimit: number };

const examplesOn = (kind: MachineKind) =>
  [
    [`$0 verify ${kind} --domain matrix.example.org`, ''],
    [`$0 verify ${kind} user-data.yaml --json`, ''],
  ] as const;

const common = {
  words: WORDS,
  options: OPTION_NAMES.filter((name) => name !== 'output' && name !== 'provider'),
  // They are the same as those of the command without a verb.
  lists: 'none',
  interruptible: true,
} as const;

export const verifyMultipassCommand = defineCommand({
  ...common,
  flags: { ...VERDICT_FLAGS, ...grouped('On multipass', MULTIPASS_FLAGS) },
  examples: examplesOn('multipass'),
  run: (input, context) =>
    verify('multipass', input, context, async (...given) =>
      (await import('../machines/multipass/launch')).driver.configure(input.flags, ...given),
    ),
});

export const verifyQemuCommand = defineCommand({
  ...common,
  flags: { ...VERDICT_FLAGS, ...grouped('On QEMU', QEMU_FLAGS) },
  examples: examplesOn('qemu'),
  run: (input, context) =>
    verify('qemu', input, context, async (...given) =>
      (await import('../machines/qemu/launch')).driver.configure(input.flags, ...given),
    ),
});

export const verifyEc2Command = defineCommand({
  ...common,
  flags: { ...VERDICT_FLAGS, ...grouped('On EC2', EC2_FLAGS) },
  examples: examplesOn('ec2'),
  run: (input, context) =>
    verify('ec2', input, context, async (...given) =>
      (await import('../machines/ec2/launch')).driver.configure(input.flags, ...given),
    ),
});

type Configure = (document: Uint8Array, context: LaunchContext) => Promise<Configured>;

/**
 * Boots a document on a machine and checks it there.
 * @throws InputError when the file cannot be used; the launch's error; Stopped after an interruption
 */
async function verify(
  kind: MachineKind,
  { flags, options, diagnostics: wrong }: Omit<Input<FlagTable>, 'flags'> & { readonly flags: CommonFlags },
  context: Context,
  configure: Configure,
): Promise<Result> {
  const { file, saveTo, timeLimit } = flags;
  const found = [...wrong, ...(await unusableDirectory(saveTo))];
  const made = file === undefined ? await documentOf(options, kind) : await documentIn(file, options);
  found.push(...made.diagnostics);
  if (!made.document || hasErrors(found)) return refusal(found);
  const expectations = readExpectations(made.document);
  if ('problem' in expectations)
    throw new InputError(
      'foreign-document',
      `${inputName(file)} cannot be verified: ${expectations.problem}`,
    );
  const mismatch = wrongImage(kind, made.distro, 'image' in flags ? flags.image : undefined);
  if (mismatch) return refusal([...found, mismatch]);
  const { confirm, announce, screen, colors } = context;
  const display = new Display(screen, colors);
  try {
    const { launch, diagnostics } = await configure(made.document, {
      distro: made.distro,
      announce,
      ...(confirm ? { confirm: (question) => display.aside(() => confirm(question)) } : {}),
    });
    const all = [...found, ...diagnostics];
    if (!launch) return refusal(all);
    const settings = {
      keep: flags.keep,
      keepOnFailure: flags.keepOnFailure,
      within: timeLimit * 60_000,
      saveTo,
    };
    const data = await runVerify(made.document, expectations, launch, settings, display, context);
    const text = verifyReport(data, colors && process.stdout.isTTY);
    return {
      status: data.verdict === 'ok' ? 'ok' : 'failed',
      diagnostics: all,
      product: { data, text },
    };
  } finally {
    display.close();
  }
}

/** A directory that cannot be created is better reported before the boot than when there is something to save. */
async function unusableDirectory(directory: string): Promise<readonly Diagnostic[]> {
  const refused = (why: string): Diagnostic[] => [
    {
      severity: 'error',
      code: 'wrong-value',
      path: 'save-to',
      message: `names a directory that cannot be written: ${why}`,
      given: quoteValue(directory),
      expected: 'a directory, or where one can be made',
    },
  ];
  for (let at = resolve(directory); ; at = dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory()) return refused(`${at} is not a directory`);
      await access(at, constants.W_OK);
      return [];
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return refused(message);
    }
  }
}

interface Made {
  /** The distribution that the document is for, where known. */
  readonly distro: Distro | undefined;
  readonly document: Uint8Array | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The document of the options. A test machine has no public name, so it cannot order a certificate: unless the
 * options name the issuer, a CA created on the machine issues it. For EC2 it has the form that EC2 accepts.
 */
async function documentOf(options: RawValues, kind: MachineKind): Promise<Made> {
  const collected = collectOptions(options, readText);
  const { tls, format } = collected.options;
  const isOpen = tls === undefined && collected.options['acme-url'] === undefined;
  const presets = {
    ...(kind === 'ec2' && format === undefined ? { provider: 'ec2' } : {}),
    ...(isOpen ? { tls: 'local-ca' } : {}),
  };
  const made = await compileFrom({ ...collected, options: { ...collected.options, ...presets } });
  // A test machine needs no backup, restore or update.
  const diagnostics = made.diagnostics.filter(({ code }) => code !== 'core-only');
  if (!made.deployment) {
    const hint = `or give a document: gen-cloudinit verify ${kind} user-data.yaml`;
    const all = diagnostics.map((one) => (one.code === 'missing-option' ? { ...one, hint } : one));
    return { document: undefined, distro: undefined, diagnostics: all };
  }
  return { document: made.bytes, distro: made.deployment.distro, diagnostics };
}

async function documentIn(file: string, options: RawValues): Promise<Made> {
  const names = Object.keys(options);
  if (names.length > 0) {
    throw new InputError(
      'contradiction',
      `--${names.join(', --')} and a document cannot both be given: the document is complete already`,
    );
  }
  const document = await readGiven(file);
  const { text } = readUserData(document).source;
  const distro = /^# User data for a new Debian server/m.test(text) ? 'debian' : undefined;
  return { document, distro, diagnostics: [] };
}
