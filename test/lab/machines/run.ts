// One way to run a program of the host: argv without a shell, output kept, one shape of failure.
import { spawn } from 'node:child_process';

/** What a program did: its exit code (-1: ended by a signal or a time limit) and all that it wrote. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the host that failed; the message has the command, the exit code and the end of its output. */
export class RunError extends Error {
  constructor(
    readonly argv: readonly string[],
    readonly outcome: Outcome,
    options?: ErrorOptions,
  ) {
    const said = (outcome.stderr || outcome.stdout).trim().slice(-2000);
    super(`${argv.join(' ').slice(0, 300)}: exit code ${outcome.code}${said ? `\n${said}` : ''}`, options);
    this.name = 'RunError';
  }
}

/** Settings of one run; `timeoutMs` (default 10 minutes) ends the program with SIGKILL; `env` is all it gets. */
export interface RunOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program and returns its outcome, whatever the exit code; rejects only if it cannot be started. */
export function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [file, ...args] = argv as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: options.env ?? { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 600_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
    // The program may end before it has read its input: that is its exit code's to tell.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
  });
}

/** Runs a program and returns its standard output; throws a RunError unless it ends with 0. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await tryRun(argv, options);
  if (outcome.code !== 0) throw new RunError(argv, outcome);
  return outcome.stdout;
}

/** A pause of so many milliseconds. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The argv that runs a program with all its children and mounts in namespaces of their own: they end with it, and
 * it ends when this process does, however that comes about. What is unmounted outside goes inside too.
 */
export const contained = (argv: readonly string[]): string[] => [
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...[
    'unshare',
    '--mount',
    '--propagation',
    'slave',
    '--pid',
    '--mount-proc',
    '--fork',
    '--kill-child',
    '--',
  ],
  ...argv,
];
