/** The way in: SSH with a key of this run alone, as the default user of the image, who may become root. */
import type { ChildProcess } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '../../server/escape';
import type { Executed } from '../../system/run';
import { run, start, tryRun } from '../../system/run';
import { pause, throwIfStopped } from '../../system/wait';

/** Default users of Ubuntu's and Debian's images, and root for images that have no such user. */
const USERS = ['ubuntu', 'debian', 'root'] as const;

/**
 * Pause between two refused attempts: OpenSSH 9.8 shuts out an address that it refuses several times in a short
 * time (sshd_config, PerSourcePenalties).
 */
const AFTER_REFUSAL = 6_000;
const AFTER_SILENCE = 1_000;

const KEY = 'key';
const SOCKET = 'ssh';

/** Creates the key of a machine in its folder. @returns the public key, one line */
export async function makeKey(folder: string, signal: AbortSignal): Promise<string> {
  const file = join(folder, KEY);
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'gen-cloudinit', '-f', file], { signal });
  return (await readFile(`${file}.pub`, 'utf8')).trim();
}

export interface Door {
  /** Folder of the machine; contains the key. */
  readonly folder: string;
  /** On the loopback, where only QEMU listens on it: the host key need not be known. */
  readonly port: number;
  /** Factor on the time of scripts; see `QemuMachine.patience`. */
  readonly patience: number;
  /** Ends everything that is running. */
  readonly signal: AbortSignal;
  /** The console's output so far. */
  readonly console: () => Promise<string>;
  /** Throws MachineGone when the machine is off. */
  readonly orGone: () => Promise<void>;
}

export class SshDoor {
  private user: string | undefined;
  private finding: Promise<string> | undefined;
  /** Users refused since the last round, and until when to pause. */
  private readonly refused = new Set<string>();
  private notBefore = 0;
  private master: ChildProcess | undefined;
  private readonly atExit = () => this.master?.kill();

  constructor(private readonly door: Door) {
    // Each running script listens to it; Node.js warns of more than ten listeners.
    setMaxListeners(0, door.signal);
  }

  /** The command for a person; the user is certain once something was executed. */
  get command(): string {
    const { folder, port } = this.door;
    const options = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null';
    return `ssh -i ${quoted(join(folder, KEY))} -p ${port} ${options} ${this.user ?? USERS[0]}@127.0.0.1`;
  }

  /**
   * Runs an sh script as root with an empty standard input.
   * @param timeoutMs of the script, on a server; emulated machines get more
   * @returns exit code 124 when the script's time was over; a script must not end with 255, which is ssh's own
   * @throws Error when the machine cannot be entered: at once while it is still starting, so that the caller can
   *   report its progress; Stopped when the signal is aborted
   */
  async exec(script: string, timeoutMs: number): Promise<Executed> {
    const { folder, signal, patience } = this.door;
    throwIfStopped(signal);
    this.finding ??= this.findUser().finally(() => {
      this.finding = undefined;
    });
    this.user ??= await this.finding;
    this.keepConnection(this.user);
    // The limit applies inside the machine, so that nothing keeps running there.
    const seconds = Math.ceil((timeoutMs * patience) / 1000);
    const shell = 'script=$(cat); exec </dev/null; eval "$script"';
    const sudo = this.user === 'root' ? '' : 'sudo -n ';
    const command = `${sudo}timeout -k 5 ${seconds} sh -c '${shell}'`;
    const limit = seconds * 1000 + 15_000 * patience;
    const argv = this.argv(this.user, [command]);
    const outcome = await tryRun(argv, { cwd: folder, input: script, timeoutMs: limit, signal });
    throwIfStopped(signal);
    if (outcome.code !== -1 && outcome.code !== 255) return outcome;
    await this.door.orGone();
    const said = lastLine(outcome.stderr);
    throw new Error(`the machine could not be entered by SSH: ${said || `no answer within ${seconds} s`}`);
  }

  /** Ends the shared connection. */
  close(): void {
    process.off('exit', this.atExit);
    this.master?.kill();
    this.master = undefined;
  }

  private argv(user: string, command: readonly string[], extra: readonly string[] = []): string[] {
    // None of the user's own files counts, and no agent and no password.
    const settings = [
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'GlobalKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'PreferredAuthentications=publickey',
      'BatchMode=yes',
      'LogLevel=ERROR',
      'ConnectTimeout=30',
      'ServerAliveInterval=15',
      'ServerAliveCountMax=4',
      `ControlPath=${SOCKET}`,
    ].flatMap((setting) => ['-o', setting]);
    const to = ['-i', KEY, '-p', String(this.door.port), ...extra, `${user}@127.0.0.1`];
    return ['ssh', '-F', '/dev/null', '-T', ...settings, ...to, ...command];
  }

  /** Tries once; sshd may not run yet, and only cloud-init installs the key. */
  private async findUser(): Promise<string> {
    const { folder, signal } = this.door;
    await this.door.orGone();
    const console = await this.door.console();
    const standing = lastLine(console) || 'nothing on the console yet';
    await pause(Math.max(0, this.notBefore - performance.now()), signal);
    const user = [likelyUser(console), ...USERS].find(
      (name) => name !== undefined && !this.refused.has(name),
    );
    if (user === undefined) {
      this.refused.clear();
      throw new Error(`${USERS.join(', ')} may not log in yet: ${standing}`);
    }
    const { code, stderr } = await tryRun(this.argv(user, ['true']), {
      cwd: folder,
      timeoutMs: 60_000,
      signal,
    });
    throwIfStopped(signal);
    if (code === 0) return user;
    const denied = /Permission denied/.test(stderr);
    if (denied) this.refused.add(user);
    this.notBefore = performance.now() + (denied ? AFTER_REFUSAL : AFTER_SILENCE);
    throw new Error(`no way in yet: ${standing}`);
  }

  /** One connection for all: otherwise each command would cost a key exchange, which takes seconds under emulation. */
  private keepConnection(user: string): void {
    if (this.master && this.master.exitCode === null && this.master.signalCode === null) return;
    process.off('exit', this.atExit);
    process.on('exit', this.atExit);
    this.master = start(this.argv(user, [], ['-M', '-N']), { cwd: this.door.folder, stdio: 'ignore' });
    this.master.on('error', () => undefined);
    this.master.unref();
  }
}

/** Kernel and systemd name their distribution on the console. */
function likelyUser(console: string): string | undefined {
  return /\bUbuntu\b/.test(console) ? 'ubuntu' : /\bDebian\b/.test(console) ? 'debian' : undefined;
}

const lastLine = (text: string): string =>
  text
    .trim()
    .split(/[\r\n]+/)
    .at(-1)
    ?.trim() ?? '';
