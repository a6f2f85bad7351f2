/** One way to run a program of this computer: argv without a shell, output kept, one shape of failure. */
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  type SpawnOptionsWithoutStdio,
  spawn,
} from 'node:child_process';
import { redactUrls } from '../diagnostics/quote';
import { throwIfStopped } from './wait';

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Receives the progress of long work. */
export interface Progress {
  /** One plain line. */
  progress(line: string): void;
}

/** A program that failed; the message has the command, the exit code and the end of its output. */
export class RunError extends Error {
  constructor(
    readonly argv: readonly string[],
    readonly outcome: Executed,
    options?: ErrorOptions,
  ) {
    const said = (outcome.stderr || outcome.stdout).trim().slice(-2000);
    super(
      redactUrls(`${argv.join(' ').slice(0, 300)}: exit code ${outcome.code}${said ? `\n${said}` : ''}`),
      options,
    );
    this.name = 'RunError';
  }
}

export interface RunOptions {
  /** After this many milliseconds SIGKILL ends the program; 10 minutes if absent. */
  readonly timeoutMs?: number;
  /** The whole environment of the program; if absent, this process's own, in the C locale. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Working directory; this process's own if absent. */
  readonly cwd?: string;
  /** Also ends the program with SIGKILL. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end.
 * @returns its outcome, whatever the exit code is; -1 when a signal or the time limit ended it
 * @throws only if it cannot be started
 */
export function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<Executed> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: options.env ?? { ...process.env, LC_ALL: 'C.UTF-8' },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    const end = () => child.kill('SIGKILL');
    const timer = setTimeout(end, options.timeoutMs ?? 600_000);
    options.signal?.addEventListener('abort', end, { once: true });
    if (options.signal?.aborted) end();
    const over = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
    };
    child.once('error', (error) => {
      over();
      reject(error);
    });
    child.once('close', (code) => {
      over();
      const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString();
      resolve({ code: code ?? -1, stdout: text(out), stderr: text(err) });
    });
    // The program may end before it has read its input: its exit code then says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
  });
}

/**
 * Starts a program that this process does not wait for, or whose output it follows.
 * @param argv without a shell
 */
export function start(
  argv: readonly string[],
  options: SpawnOptionsWithoutStdio & { readonly stdio: 'pipe' },
): ChildProcessWithoutNullStreams;
export function start(argv: readonly string[], options: SpawnOptions): ChildProcess;
export function start(argv: readonly string[], options: SpawnOptions): ChildProcess {
  const [file, ...args] = argv as [string, ...string[]];
  return spawn(file, args, options);
}

/** Runs a program. @returns its standard output. @throws RunError unless it ends with 0; Stopped after an interruption */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await tryRun(argv, options);
  if (outcome.code === 0) return outcome.stdout;
  throwIfStopped(options.signal);
  throw new RunError(argv, outcome);
}

/** Whether a process of this number exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
