/** Where a document is booted: one small interface for multipass, QEMU and EC2. */
export type MachineKind = 'multipass' | 'qemu' | 'ec2';

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

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

export interface LaunchEvents {
  /** One plain line of progress. */
  progress(line: string): void;
}

/**
 * Starts one machine with a document.
 * @param document the user data, byte for byte as it goes to the machine
 * @param signal aborted on Ctrl-C: the launch ends soon and removes what it made
 * @throws Error with a plain sentence and what to do
 */
export type Launch = (document: Uint8Array, events: LaunchEvents, signal: AbortSignal) => Promise<Machine>;
