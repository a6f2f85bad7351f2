/** Where a document is booted: one small interface for multipass, QEMU and EC2. */
import type { Distro } from '../config/deployment';
import type { FlagTable, FlagValues } from '../config/flags';
import { between } from '../config/rules';
import type { Diagnostic } from '../diagnostics/diagnostic';
import type { Executed, Progress } from '../system/run';

export type MachineKind = 'multipass' | 'qemu' | 'ec2';

export interface HowTo {
  readonly enter: string;
  readonly remove: string;
  /** When it goes by itself; absent where it does not. */
  readonly until?: string;
}

export interface Machine {
  readonly kind: MachineKind;
  /** The name or id under which a person finds it. */
  readonly name: string;
  /** What its console has printed so far. @throws MachineGone once, where that is how its end is noticed */
  console(): Promise<string>;
  /** How many times longer than on a server everything may take, where it is slow; 1 if absent. */
  readonly patience?: number;
  /** Runs an sh script as root on the machine; absent where there is no way in. @throws MachineGone when it has ended */
  readonly exec?: (script: string, options?: { readonly timeoutMs?: number }) => Promise<Executed>;
  /** Where one of its TCP ports is reached from here; absent where nothing is open. */
  readonly reach?: (port: number) => { readonly host: string; readonly port: number };
  /** Why it has no `reach` although that was asked for. */
  readonly unreachable?: string;
  /** For a person: commands that enter and that remove it. */
  readonly howTo: HowTo;
  /** Removes it and all that was made for it; may be called twice, and while it is still coming up. */
  destroy(): Promise<void>;
}

/** The machine has ended, or is gone, and nobody asked it to: there is nothing more to wait for. */
export class MachineGone extends Error {
  override readonly name = 'MachineGone';
}

/**
 * Starts one machine with a document.
 * @param document the user data, byte for byte as it goes to the machine
 * @param signal aborted on Ctrl-C: the launch ends soon and removes what it made
 * @throws Error with a plain sentence and what to do
 */
export type Launch = (document: Uint8Array, events: Progress, signal: AbortSignal) => Promise<Machine>;

/** What a command brings along for a launch. */
export interface LaunchContext {
  /** The distribution that the document is for, where that is known. */
  readonly distro: Distro | undefined;
  /** Asks a person whether to go on; absent where nobody can be asked. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Called before the first thing is made, with the command that removes whatever may be left. */
  readonly announce: (remove: string) => void;
}

export interface Configured {
  /** Undefined after an error. */
  readonly launch: Launch | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** One kind of machine as `verify` uses it; it is loaded when it is asked for. */
export interface Driver<Table extends FlagTable> {
  /**
   * @param options the kind's flags, checked
   * @param document what is going to be booted: a kind may not take every form
   */
  configure(options: FlagValues<Table>, document: Uint8Array, context: LaunchContext): Configured;
}

/** The flag for minutes of a whole run. */
export function timeLimit<const Minutes extends number>(least: number, most: number, preset: Minutes) {
  return {
    type: 'number',
    help: 'minutes for launch and first boot',
    default: preset,
    rule: between(least, most, 'minutes'),
  } as const;
}

const NAMES: Readonly<Record<MachineKind, string>> = { multipass: 'multipass', qemu: 'QEMU', ec2: 'EC2' };

/**
 * A document for one distribution must not be booted on another one unasked. multipass and QEMU have images of Ubuntu
 * alone; EC2 has both.
 * @param distro what the document is for; undefined where that is not known
 * @param image the image that was asked for
 */
export function wrongImage(
  kind: MachineKind,
  distro: Distro | undefined,
  image: unknown,
): Diagnostic | undefined {
  if (distro !== 'debian' || kind === 'ec2' || image !== undefined) return undefined;
  return {
    severity: 'error',
    code: 'contradiction',
    path: 'distro',
    message: `is debian, but ${NAMES[kind]} boots Ubuntu unless an image is given`,
    expected: '--image with an image of Debian',
    hint: 'cloud.debian.org has genericcloud images; on EC2 the right one is found',
  };
}
