import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { TOOLS } from './tools';

/** Names of the root directories that test/tools makes. */
export type Root = 'bookworm' | 'sid';

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds; a command that takes longer is killed. */
  readonly timeout?: number;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const UMASK = 0o022;

/**
 * A place to run real programs in: namespaces of its own (mounts, network, processes, host name) with throw-away
 * copies of the root directories. Nothing in it is visible outside or outlives it. It ends with its standard input, and so
 * also when this process is killed.
 */
export class Stage {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly pid: string,
  ) {}

  /** @throws Error with the reason when the kernel or the container around this process does not allow it */
  static async open(...roots: readonly Root[]): Promise<Stage> {
    const script = resolve('test/conformance/support/stage.sh');
    const unshare = [
      '--mount',
      '--net',
      '--pid',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child',
      '/bin/bash',
      script,
    ];
    const holder = spawn('unshare', [...unshare, ...roots], { cwd: TOOLS, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    holder.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const pid = await new Promise<string>((done, fail) => {
      createInterface(holder.stdout).once('line', done);
      holder.once('error', fail);
      holder.once('exit', () => fail(new Error(`no namespaces: ${said}`)));
    });
    holder.unref();
    return new Stage(holder, pid);
  }

  /** A root's path as this process's own file functions see it. Absolute links in it resolve outside the root. */
  path(root: Root, path: string): string {
    return `/proc/${this.pid}/root/mnt/${root}${path}`;
  }

  /** Puts a file into a root, with missing directories. */
  write(root: Root, path: string, content: string | Uint8Array, mode = 0o644, uid = 0, gid = uid): void {
    const file = this.path(root, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o777 & ~UMASK });
    writeFileSync(file, content);
    chmodSync(file, mode);
    chownSync(file, uid, gid);
  }

  /** Runs a command in a root to its end. */
  run(root: Root, argv: readonly string[], options: RunOptions = {}): Result {
    const { input = '', env = {}, timeout = 300_000 } = options;
    const whole = this.inside(['chroot', `/mnt/${root}`, ...argv]);
    const { status, stdout, stderr, error } = spawnSync('nsenter', whole, {
      input,
      timeout,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
      env: { PATH, HOME: '/root', LC_ALL: 'C.UTF-8', ...env },
      maxBuffer: 64 << 20,
    });
    if (error) throw new Error(`${argv.join(' ')}: ${error.message}\n${stdout}${stderr}`);
    return { code: status, stdout, stderr };
  }

  /** Like `run`, for commands that must succeed. @throws Error with the command's own message otherwise */
  must(root: Root, argv: readonly string[], options?: RunOptions): string {
    const { code, stdout, stderr } = this.run(root, argv, options);
    if (code !== 0) throw new Error(`exit code ${code}: ${argv.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a command in a root that runs until the stage is closed; both its outputs go to one text. */
  start(root: Root, argv: readonly string[], env: Readonly<Record<string, string>> = {}): { log(): string } {
    return this.spawn(['chroot', `/mnt/${root}`, ...argv], env);
  }

  /** Starts a command of the machine itself in the stage's network, likewise. */
  startOutside(argv: readonly string[]): { log(): string } {
    return this.spawn(argv, {});
  }

  /** Runs a command of the machine itself in the stage's network. */
  runOutside(argv: readonly string[]): Result {
    const { status, stdout, stderr } = spawnSync('nsenter', ['-t', this.pid, '--net', ...argv], {
      encoding: 'utf8',
      timeout: 300_000,
      maxBuffer: 256 << 20,
    });
    return { code: status, stdout, stderr };
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.holder.once('exit', done));
    this.holder.ref();
    this.holder.stdin?.end();
    await ended;
  }

  private inside(argv: readonly string[]): string[] {
    return ['-t', this.pid, '--mount', '--net', '--pid', '--uts', '--ipc', ...argv];
  }

  private spawn(argv: readonly string[], env: Readonly<Record<string, string>>): { log(): string } {
    let said = '';
    const child = spawn('nsenter', this.inside(argv), {
      env: { PATH: `${PATH}:${dirname(process.execPath)}`, HOME: '/root', LC_ALL: 'C.UTF-8', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
      });
    }
    child.unref();
    return { log: () => said };
  }
}
