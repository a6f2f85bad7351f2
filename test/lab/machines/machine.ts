// The interface of a machine that scenarios use, for every way of booting it, and queries on it.
import type { ConsoleLine, ConsoleLog, TimelineEvent } from './console';
import { type Outcome, pause } from './run';

/** The outcome of a command inside the machine. `code` is 124 or 137 when `timedOut`; `ms` is its duration. */
export interface ExecResult extends Outcome {
  readonly timedOut: boolean;
  readonly ms: number;
}

/** `timeoutMs` (default 60 s) covers the wait for a machine that is still starting and the command itself. */
export interface ExecOptions {
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** The machine's link to the world's bridge. */
export interface NetworkPlug {
  /**
   * Cuts the network. `unplugged`: the machine loses its carrier, as with a pulled cable; `silent`: the link stays up
   * and every packet is lost, as with a provider's fault. The cut persists across boots.
   */
  cut(how?: 'unplugged' | 'silent'): Promise<void>;
  restore(): Promise<void>;
}

/** A machine with a disk of its own, on or off. */
export interface Machine {
  readonly name: string;
  readonly kind: 'nspawn' | 'qemu';
  /** Whether its disk is separate from this host's disk, so that a test may fill it. */
  readonly ownDisk: boolean;
  readonly address: string;
  readonly address6: string | undefined;
  readonly network: NetworkPlug;
  /** Console lines and events on the machine's clock, for searching; `console()` is the whole text. */
  readonly log: ConsoleLog;
  /** Whether it runs: from `boot()` until it powers itself off, is shut down or loses power. */
  readonly on: boolean;

  /** Starts it on its disk and returns at once; the first `exec` waits until it can be entered. */
  boot(): Promise<void>;
  /** Runs argv, or a line of shell, as root inside; any exit code is a result. Throws MachineError if it is off. */
  exec(command: readonly string[] | string, options?: ExecOptions): Promise<ExecResult>;
  /** The text of a file inside; throws if it cannot be read. */
  readFile(path: string): Promise<string>;
  /** The whole console since the machine was made, each line with its seconds. */
  console(): string;
  timeline(): readonly TimelineEvent[];
  /** Records an event of the scenario in timeline and console. */
  mark(event: string): void;
  /** Polls `condition` until it holds. A MachineError in it counts as "not yet", unless the machine is off. */
  waitFor(condition: () => Promise<boolean> | boolean, what: string, timeoutMs: number): Promise<void>;
  /**
   * Gives a machine that is off another document. At its next boot cloud-init finds a new instance on an old disk, as on
   * a server that was created from an image. Throws if the machine is on.
   */
  reseed(userData: Uint8Array | string): Promise<void>;
  /** Cuts its power at once; its disk stays. */
  powerCut(): Promise<void>;
  /** Restarts the system inside and returns when the new boot can be entered. */
  reboot(timeoutMs?: number): Promise<void>;
  /** Shuts the system down cleanly; throws if it is not off in time. */
  shutdown(timeoutMs?: number): Promise<void>;
  /** Ends it and removes its disk. The console's file stays. */
  destroy(): Promise<void>;
}

/** A machine that cannot be entered, or did not do something in time. */
export class MachineError extends Error {
  constructor(machine: Pick<Machine, 'name'>, message: string, options?: ErrorOptions) {
    super(`machine ${machine.name}: ${message}`, options);
    this.name = 'MachineError';
  }
}

/** A machine that should be on is off, so waiting for anything inside is pointless. */
export class MachineOffError extends MachineError {}

/** `cloud-init status --format json`, as far as the lab reads it; see cloud-init's documentation, "exported errors". */
export interface CloudInitStatus {
  readonly status: 'not started' | 'running' | 'done' | 'error' | 'disabled' | 'not run';
  /** Since 23.4; `degraded done` is done with recoverable errors. */
  readonly extended_status: string;
  readonly detail: string;
  readonly datasource: string;
  readonly errors: readonly string[];
  readonly recoverable_errors: Readonly<Record<string, readonly string[]>>;
}

async function warnings(machine: Machine): Promise<CloudInitStatus['recoverable_errors']> {
  const { stdout } = await machine.exec(`grep -F '[WARNING]' /var/log/cloud-init.log || :`);
  return stdout.trim() === '' ? {} : { WARNING: stdout.trim().split('\n') };
}

/** cloud-init's current status; throws MachineError if its output is not JSON. */
export async function cloudInitStatus(machine: Machine): Promise<CloudInitStatus> {
  const { stdout, stderr } = await machine.exec(['cloud-init', 'status', '--format', 'json']);
  let said: Partial<CloudInitStatus> & Pick<CloudInitStatus, 'status' | 'detail' | 'datasource' | 'errors'>;
  try {
    said = JSON.parse(stdout);
  } catch (cause) {
    throw new MachineError(machine, `cloud-init status: ${stderr || stdout}`, { cause });
  }
  // Before 23.4 neither field exists; the log contains the warnings.
  const { extended_status = said.status, recoverable_errors = await warnings(machine) } = said;
  return { ...said, extended_status, recoverable_errors };
}

/**
 * Waits until cloud-init has ended in the current boot, successfully or not, and returns its status. It polls the systemd
 * unit of the last stage and result.json instead of cloud-init, because each call of cloud-init costs seconds of Python
 * under emulation.
 */
export async function waitForCloudInit(machine: Machine, timeoutMs: number): Promise<CloudInitStatus> {
  const ended = async () => {
    // result.json is in /run, so it belongs to this boot. A stage that crashed leaves only a failed unit.
    const probe = 'test -e /run/cloud-init/result.json || systemctl -q is-failed cloud-final.service';
    return (await machine.exec(probe)).code === 0;
  };
  await machine.waitFor(ended, 'cloud-init to end', timeoutMs);
  machine.mark('cloud-init has ended');
  return cloudInitStatus(machine);
}

/** Waits for a console line that arrives at or after `since` (seconds on the machine's clock; default 0). */
export async function waitForConsole(
  machine: Machine,
  expression: RegExp,
  timeoutMs: number,
  since = 0,
): Promise<ConsoleLine> {
  await machine.waitFor(
    () => machine.log.find(expression, since) !== undefined,
    `console ${expression}`,
    timeoutMs,
  );
  const line = machine.log.find(expression, since);
  if (!line) throw new MachineError(machine, `console line ${expression} is gone`);
  return line;
}

/** Polls `condition` every `everyMs` until it holds; throws MachineError naming `what` when the time is over. */
export async function poll(
  machine: Machine,
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs: number,
  everyMs = 250,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      if (!(error instanceof MachineError) || error instanceof MachineOffError) throw error;
      last = error;
    }
    if (Date.now() > end)
      throw new MachineError(machine, `waited ${timeoutMs} ms for ${what}`, { cause: last });
    await pause(everyMs);
  }
}
