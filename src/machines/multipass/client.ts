/**
 * The part of the multipass command that is used here: exit codes and JSON of version 1.16 (canonical/multipass,
 * docs/reference/command-line-interface and src/client).
 */
import type { Executed } from '../../system/run';
import { tryRun } from '../../system/run';

/** A failure of multipass, in one sentence with what to do about it. */
export class MultipassError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MultipassError';
  }
}

/** States as `info` writes them; a stopped instance would be started by `exec`. */
export interface Instance {
  readonly state: string;
  readonly addresses: readonly string[];
}

/** Milliseconds. A healthy daemon answers within one second; a busy one holds requests while it starts a machine. */
const ANSWER = 60_000;

/**
 * Runs one subcommand.
 * @returns its outcome, whatever the exit code
 * @throws MultipassError when multipass is not installed
 */
export async function multipass(
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Executed> {
  try {
    return await tryRun(['multipass', ...args], { timeoutMs: ANSWER, ...options });
  } catch (cause) {
    throw notStarted(cause);
  }
}

/** Why the program cannot be started at all. */
export function notStarted(cause: unknown): MultipassError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MultipassError(
    missing
      ? 'multipass is not installed: see https://canonical.com/multipass/install, or use verify qemu'
      : `multipass cannot be started: ${why}`,
    { cause },
  );
}

/** multipass' message in one line, without the frame that it prints around it. */
export function complaint({ stdout, stderr }: Executed): string {
  const text = (stderr.trim() || stdout.trim()).replace(/\r/g, '\n');
  return text
    .replace(/^\w+ failed: (?:The following errors occurred:\s*)?/i, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('; ');
}

/** Whether the daemon cannot be reached. Older versions end with 2, newer ones with 3. */
export function daemonGone(outcome: Executed): boolean {
  return /cannot connect to the multipass socket|multipass socket access denied|please check that multipassd is running/i.test(
    outcome.stderr,
  );
}

/**
 * Checks that multipass is installed and its daemon answers.
 * @throws MultipassError saying which of the two is missing
 */
export async function preflight(signal: AbortSignal): Promise<void> {
  const outcome = await multipass(['list', '--format', 'json'], { signal });
  if (outcome.code === 0) return;
  signal.throwIfAborted();
  throw refusal('multipass does not answer', outcome);
}

/** A failed subcommand as an error, with what to do where that is known. */
export function refusal(what: string, outcome: Executed): MultipassError {
  if (/socket access denied/i.test(outcome.stderr)) {
    return new MultipassError(
      `${what}: this user may not speak to its daemon; run as one of the group sudo or admin, or see multipass authenticate`,
    );
  }
  if (daemonGone(outcome)) {
    return new MultipassError(
      `${what}: its daemon is not running; start it (Linux: sudo snap start multipass, macOS: sudo launchctl kickstart -k system/com.canonical.multipassd)`,
    );
  }
  const said = complaint(outcome);
  const ended = outcome.code === -1 ? 'no answer in time' : `exit code ${outcome.code}`;
  return new MultipassError(`${what}: ${said || ended}`);
}

/**
 * Looks for an instance by its name.
 * @returns undefined when there is none
 * @throws MultipassError when multipass does not say
 */
export async function instanceNamed(name: string, signal?: AbortSignal): Promise<Instance | undefined> {
  const outcome = await multipass(['info', name, '--format', 'json'], signal ? { signal } : {});
  if (outcome.code !== 0) {
    if (/does not exist/i.test(outcome.stderr)) return undefined;
    throw refusal(`multipass info ${name}`, outcome);
  }
  try {
    const { info } = JSON.parse(outcome.stdout) as {
      info: Readonly<Record<string, { state?: string; ipv4?: readonly string[] }>>;
    };
    const found = info[name];
    return found && { state: found.state ?? 'Unknown', addresses: found.ipv4 ?? [] };
  } catch (cause) {
    throw new MultipassError(`multipass info ${name} said something else than JSON`, { cause });
  }
}
