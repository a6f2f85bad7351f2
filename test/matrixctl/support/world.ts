import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { TOOLS } from '../../conformance/support/tools';

const SUPPORT = resolve('test/matrixctl/support/world');
/** The limit of an operation; the world ends a command that takes longer, because it hangs. */
const LIMIT_MS = 400_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** How many programs the command has started. */
  readonly steps: number;
  /** Whether the world had to end it. */
  readonly late: boolean;
  /** The programs and the calls of Docker in their order, where requested. */
  readonly trace: readonly string[];
  readonly marks: readonly string[];
}

export interface RunOrder {
  readonly directory?: string;
  /** Kills every process instead of starting this program. */
  readonly kill_at?: number;
  /** Time limit of the command in seconds. */
  readonly limit?: number;
  readonly tracing?: boolean;
  /** Whether to report, for each program, the state at its start. */
  readonly marks?: boolean;
  /** Whether the compromised Synapse acts between the programs. */
  readonly hostile?: boolean;
}

/** The state of the server and its consistency, from support/world/facts.py. */
export interface Facts {
  readonly ailment: string;
  readonly files: string;
  readonly tree: readonly string[];
  readonly rows: string;
  readonly content: readonly string[];
  readonly running: readonly string[];
  readonly images: readonly string[];
  readonly names: Readonly<Record<string, string>>;
  readonly stopped: readonly string[];
  readonly databases: readonly string[];
  readonly missing: readonly string[];
  readonly base: readonly string[];
  readonly backups: readonly string[];
  readonly bad: readonly string[];
  readonly unfinished: boolean;
}

export interface Outside {
  readonly changes: readonly string[];
  readonly owned: readonly string[];
  readonly leaks: readonly string[];
}

/**
 * A server in namespaces of its own, with a stand-in for Docker, a real PostgreSQL and a stand-in for Synapse
 * (support/world/main.py). One order at a time; it ends with this process, even when that is killed.
 */
export class World {
  private constructor(
    private readonly process: ChildProcess,
    private readonly answers: AsyncIterator<string>,
    private readonly said: { text: string },
  ) {}

  static async open(): Promise<World> {
    const unshare = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '/bin/bash'];
    const process = spawn('unshare', [...unshare, `${SUPPORT}/world.sh`, SUPPORT], {
      cwd: TOOLS,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const said = { text: '' };
    process.stderr.on('data', (chunk) => {
      said.text = (said.text + chunk).slice(-20_000);
    });
    process.stdin.on('error', () => {});
    const world = new World(process, createInterface(process.stdout)[Symbol.asyncIterator](), said);
    await world.answer();
    return world;
  }

  private async answer(): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => {
        this.process.kill('SIGKILL');
        fail(new Error(`the world does not answer\n${this.said.text}`));
      }, LIMIT_MS);
    });
    const { value, done } = await Promise.race([this.answers.next(), late]);
    clearTimeout(timer);
    if (done) throw new Error(`the world has ended\n${this.said.text}`);
    const answer = JSON.parse(value) as { done?: unknown; failed?: string };
    if (answer.failed !== undefined) throw new Error(answer.failed);
    return answer.done;
  }

  /** Sends an order of main.py, by its name without `do_`. */
  async order(name: string, values: object = {}): Promise<unknown> {
    this.process.stdin?.write(`${JSON.stringify({ order: name, ...values })}\n`);
    return this.answer();
  }

  async run(argv: readonly string[], options: RunOrder = {}): Promise<Ran> {
    return (await this.order('run', { argv, ...options })) as Ran;
  }

  matrixctl(words: readonly string[], options: RunOrder = {}): Promise<Ran> {
    return this.run(['/usr/local/sbin/matrixctl', ...words], options);
  }

  /** Like `run`, for commands that must succeed. */
  async must(argv: readonly string[], options: RunOrder = {}): Promise<Ran> {
    const ran = await this.run(argv, { tracing: true, ...options });
    if (ran.code !== 0)
      throw new Error(
        `exit code ${ran.code}: ${argv.join(' ')}\n${ran.stdout}${ran.stderr}\n${ran.trace.slice(-40).join('\n')}`,
      );
    return ran;
  }

  async facts(): Promise<Facts> {
    return (await this.order('facts')) as Facts;
  }

  async outside(snapshot: string): Promise<Outside> {
    return (await this.order('outside', { snapshot })) as Outside;
  }

  /** Calls of Docker that the stand-in does not know. */
  async complaints(): Promise<readonly string[]> {
    return ((await this.order('calls')) as { complaints: string[] }).complaints;
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.stdin?.end();
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}
