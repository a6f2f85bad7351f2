/** A machine that boots a document: one small interface for multipass, QEMU and EC2. */
import type { Distro } from '../config/deployment';
import type { FlagTable, FlagValues } from '../config/flags';
import { between } from '../config/rules';
import type { Diagnostic } from '../diagnostics/diagnostic';
import type { Executed, Progress } from '../system/run';

export type MachineKind = 'multipass' | 'qemu' | 'ec2';

export interface HowTo {
  readonly enter: string;
  readonly remove: string;
  /** When it ends automatically; absent where it does not. */
  readonly until?: string;
}

export interface Machine {
  readonly kind: MachineKind;
  /** The name or id by which a person finds it. */
  readonly name: string;
  /** The console's output so far. @throws MachineGone once, where this shows that it has ended */
  console(): Promise<string>;
  /** How many times longer than on a server everything may take, on a slow machine; 1 if absent. */
  readonly patience?: number;
  /** Runs an sh script as root on the machine; absent where there is no way in. @throws MachineGone when it has ended */
  readonly exec?: (script: string, options?: { readonly timeoutMs?: number }) => Promise<Executed>;
  /** The local address of one of its TCP ports; absent where none is open. */
  readonly reach?: (port: number) => { readonly host: string; readonly port: number };
  /** Why it has no `reach` although the user requested one. */
  readonly unreachable?: string;
  /** For a person: commands that enter and that remove it. */
  readonly howTo: HowTo;
  /** Removes it and all that was created for it; may be called twice, and while it is still starting. */
  destroy(): Promise<void>;
}

/** The machine has ended, or is gone, unexpectedly: there is nothing more to wait for. */
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

/** What a command provides for a launch. */
export interface LaunchContext {
  /** The distribution that the document is for, where known. */
  readonly distro: Distro | undefined;
  /** Asks a person whether to go on; absent without a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Called before the first thing is created, with the command that removes what may be left. */
  readonly announce: (remove: string) => void;
}

export interface Configured {
  /** Undefined after an error. */
  readonly launch: Launch | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** One kind of machine as `verify` uses it; loaded on demand. */
export interface Driver<Table extends FlagTable> {
  /**
   * @param options the kind's flags, checked
   * @param document what to boot: a kind may not accept every form
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
 * A document for one distribution must not boot on another one unnoticed. multipass and QEMU have images of Ubuntu
 * alone; EC2 has both.
 * @param distro what the document is for; undefined where that is unknown
 * @param image the requested image
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
