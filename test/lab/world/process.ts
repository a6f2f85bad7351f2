// Runs the lab's commands, which end, and its services, which stay. A service can never outlive the
// lab: the kernel kills it when the process that started it dies, however that happens (PR_SET_PDEATHSIG).
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Options of `run`. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Text for standard input; nothing if absent. */
  readonly input?: string;
  /** Milliseconds after which the command is killed and the call fails; 10 minutes if absent. */
  readonly timeout?: number;
}

/**
 * Runs a command to its end.
 * @returns its standard output, as text.
 * @throws an Error with the command, its exit code or signal and the end of its output, if it fails or takes too long.
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const [command, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeout ?? 600_000,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => out.push(part) && all.push(part));
    child.stderr.on('data', (part: Buffer) => all.push(part));
    child.stdin.on('error', () => {}); // the command may end without reading its input; its exit code decides
    child.stdin.end(options.input ?? '');
    child.on('error', (cause) => reject(new Error(`${argv.join(' ')}: cannot be started`, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const tail = Buffer.concat(all).toString().trimEnd().split('\n').slice(-15).join('\n');
      reject(new Error(`${argv.join(' ')}: ended with ${signal ?? `exit code ${code}`}\n${tail}`));
    });
  });
}

/** The same command as it is run inside a named network namespace; /sys stays the machine's (cgroups in it). */
export const inNetns = (netns: string, argv: readonly string[]): string[] => [
  'nsenter',
  `--net=/run/netns/${netns}`,
  ...argv,
];

/** A process that stays until it is stopped. */
export interface Service {
  readonly name: string;
  readonly child: ChildProcess;
  /** Path of the file that receives its standard output and error. */
  readonly log: string;
  /** True while the process lives. */
  alive(): boolean;
  /** Ends it: SIGTERM, and SIGKILL after `grace` milliseconds (3000 if absent). Resolves when it is gone. */
  stop(grace?: number): Promise<void>;
}

/**
 * Starts a service with its output in a log file.
 * @param ipc whether a channel for messages (`child.send`) is wanted; for Node programs only.
 */
export function startService(
  name: string,
  argv: readonly string[],
  options: { log: string; env?: Readonly<Record<string, string>>; cwd?: string; ipc?: boolean },
): Service {
  const file = openSync(options.log, 'a');
  const stdio: StdioOptions = ['ignore', file, file, ...(options.ipc ? (['ipc'] as const) : [])];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio,
  });
  closeSync(file);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const alive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    name,
    child,
    log: options.log,
    alive,
    async stop(grace = 3000) {
      if (!alive()) return;
      child.kill('SIGTERM');
      await Promise.race([gone, sleep(grace, undefined, { ref: false })]);
      if (alive()) child.kill('SIGKILL');
      await gone;
    },
  };
}

/**
 * Calls `probe` every 100 ms until it resolves.
 * @param what the condition, for the error message.
 * @throws the last failure as the cause, after `seconds`; at once if one of the services that it needs has ended.
 */
export async function until<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T>,
  needs: readonly Service[] = [],
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await probe();
    } catch (cause) {
      const dead = needs.find((service) => !service.alive());
      if (dead) throw new Error(`${what}: ${dead.name} has ended, see ${dead.log}`, { cause });
      if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`, { cause });
    }
    await sleep(100);
  }
}
