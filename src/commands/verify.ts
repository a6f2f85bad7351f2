import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readDocument } from '../cloudinit/lint/document';
import type { Diagnostic } from '../deployment/diagnostic';
import { shown } from '../deployment/shown';
import { MACHINE_FLAGS } from '../flags/machines';
import { VERIFY_FLAGS } from '../flags/verify';
import { type Backend, textFlag } from '../machines/backend';
import type { MachineKind } from '../machines/machine';
import { Display, type Screen } from '../verify/display';
import type { Report } from '../verify/report';
import { runVerify } from '../verify/run';
import { readSubject } from '../verify/subject';
import { gather, type ReadText } from './ask';
import { wrongImage } from './distro';
import { generate } from './generate';
import { InputError, inputName, readGiven, readText } from './input';

export { verifyReport } from '../verify/report';

/** Each is loaded when it is asked for: EC2's brings the AWS SDK along. */
const BACKENDS: Readonly<Record<MachineKind, () => Promise<{ readonly backend: Backend }>>> = {
  multipass: () => import('../machines/multipass/backend'),
  qemu: () => import('../machines/qemu/backend'),
  ec2: () => import('../machines/ec2/backend'),
};

export interface Verified {
  /** Absent when nothing was started. */
  readonly report?: Report;
  readonly diagnostics: readonly Diagnostic[];
  readonly fromConfig: ReadonlySet<string>;
}

/** What the command line brings along. */
export interface Surroundings {
  readonly signal: AbortSignal;
  /** Progress goes there. */
  readonly screen: Screen;
  readonly colours: boolean;
  /** Takes the command that removes whatever may be left. */
  readonly announce: (remove: string) => void;
  readonly confirm?: (question: string) => Promise<boolean>;
}

type Flags = Readonly<Record<string, unknown>>;

/**
 * Boots a document on a machine and judges it by what can be seen there.
 * @param flags those of `verify`, of the machine and of the document, as the command line gave them
 * @returns the verdict, or what is wrong with the request
 * @throws InputError when the file cannot be used; the launch's error; Stopped after an interruption
 */
export async function verify(kind: MachineKind, flags: Flags, around: Surroundings): Promise<Verified> {
  const { own, machine, options, file } = parted(kind, flags);
  const { minutes, diagnostics: late } = timeLimit(own['time-limit'] ?? MACHINE_FLAGS[kind].minutes);
  const saveTo = textFlag(own, 'save-to');
  const wrong = [...late, ...(saveTo === undefined ? [] : await unusable(saveTo))];
  const made = file === undefined ? await compiled(options, kind) : await given(file, options);
  const { diagnostics, fromConfig } = made;
  if (!made.document || wrong.length > 0) return { diagnostics: [...diagnostics, ...wrong], fromConfig };
  const subject = readSubject(made.document);
  if ('problem' in subject) throw new InputError(`${inputName(file)} cannot be verified: ${subject.problem}`);
  const refused = wrongImage(kind, made.distro, machine);
  if (refused) return { diagnostics: [...diagnostics, refused], fromConfig };
  const { backend } = await BACKENDS[kind]();
  const { confirm, announce, screen, colours } = around;
  const display = new Display(screen, colours);
  const plugged = backend.plug({ ...machine, distro: made.distro }, made.document, {
    minutes,
    announce,
    ...(confirm ? { confirm: (question) => display.aside(() => confirm(question)) } : {}),
  });
  const all = [...diagnostics, ...plugged.diagnostics];
  const settings = {
    keep: own.keep === true,
    keepOnFailure: own['keep-on-failure'] === true,
    within: minutes * 60_000,
    saveTo: saveTo ?? 'out/verify',
  };
  try {
    if (!plugged.launch) return { diagnostics: all, fromConfig };
    const report = await runVerify(made.document, subject, plugged.launch, settings, display, around);
    return { report, diagnostics: all, fromConfig };
  } finally {
    display.close();
  }
}

/** Whose flag is whose. */
function parted(kind: MachineKind, { _: words, $0: _name, file, ...flags }: Flags) {
  const stray = (Array.isArray(words) ? words : [])
    .map(String)
    .filter((word) => word !== 'verify' && word !== kind);
  if (stray.length > 0) throw new InputError(`${stray.join(' ')}: one document at a time`);
  const pick = (isIts: (name: string) => boolean): Flags =>
    Object.fromEntries(Object.entries(flags).filter(([name, value]) => isIts(name) && value !== undefined));
  const isOwn = (name: string) => Object.hasOwn(VERIFY_FLAGS, name);
  const isMachines = (name: string) => Object.hasOwn(MACHINE_FLAGS[kind].flags, name);
  return {
    own: pick(isOwn),
    machine: pick(isMachines),
    options: pick((name) => !isOwn(name) && !isMachines(name)),
    file: typeof file === 'string' ? file : undefined,
  };
}

function timeLimit(asked: unknown): {
  readonly minutes: number;
  readonly diagnostics: readonly Diagnostic[];
} {
  const minutes = Number(asked);
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= 1440) return { minutes, diagnostics: [] };
  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'wrong-value',
    path: 'time-limit',
    message: 'has a value that cannot be used',
    given: shown(String(asked)),
    expected: 'a whole number of minutes from 1 to 1440',
  };
  return { minutes, diagnostics: [diagnostic] };
}

/** A directory that cannot be made is better told before the boot than when there is something to save. */
async function unusable(directory: string): Promise<readonly Diagnostic[]> {
  const refused = (why: string): Diagnostic[] => [
    {
      severity: 'error',
      code: 'wrong-value',
      path: 'save-to',
      message: `names a directory that cannot be written: ${why}`,
      given: shown(directory),
      expected: 'a directory, or where one can be made',
    },
  ];
  for (let at = resolve(directory); ; at = dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory()) return refused(`${at} is no directory`);
      await access(at, constants.W_OK);
      return [];
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return refused(message);
    }
  }
}

interface Made {
  /** The distribution that the document is for, where that is known. */
  readonly distro?: string;
  readonly document?: Uint8Array;
  readonly diagnostics: readonly Diagnostic[];
  readonly fromConfig: ReadonlySet<string>;
}

/**
 * The document of the options. A machine for a test has no public name, so that no certificate could be ordered: unless
 * the options say who is to sign, a CA made on the machine does. For EC2 it has the form that EC2 takes.
 */
async function compiled(options: Flags, kind: MachineKind): Promise<Made> {
  const readOnce = once(readText);
  const { asked } = gather(options, readOnce);
  const isOpen = asked.tls === undefined && asked['acme-url'] === undefined;
  const form = kind === 'ec2' && asked.format === undefined ? { provider: 'ec2' } : {};
  const made = await generate({ ...options, ...form, ...(isOpen ? { tls: 'local-ca' } : {}) }, readOnce);
  const { fromConfig } = made;
  // What the machine of a test lacks, nobody misses.
  const diagnostics = made.diagnostics.filter(({ code }) => code !== 'core-only');
  if (!made.deployment) return { diagnostics, fromConfig };
  return { document: made.bytes, distro: made.deployment.distro, diagnostics, fromConfig };
}

/** Each file is read once: a pipe gives its text to the first who asks. */
function once(read: ReadText): ReadText {
  const texts = new Map<string, string>();
  return (path) => {
    const text = texts.get(path) ?? read(path);
    texts.set(path, text);
    return text;
  };
}

async function given(file: string, options: Flags): Promise<Made> {
  const names = Object.keys(options);
  if (names.length > 0) {
    throw new InputError(
      `--${names.join(', --')} and a document cannot both be given: the document is made already`,
    );
  }
  const document = await readGiven(file);
  const { text } = readDocument(document).source;
  const distro = /^# User data for a new Debian server/m.test(text) ? { distro: 'debian' } : {};
  return { document, ...distro, diagnostics: [], fromConfig: new Set() };
}
