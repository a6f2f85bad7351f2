/** The way in: SSH with a key of this run alone, as the default user of the image, who may become root. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Executed } from '../machine';
import { run, tryRun } from '../run';
import { pause } from '../waiting';

/** Default users of Ubuntu's and Debian's images, and root for images that have no such user. */
const USERS = ['ubuntu', 'debian', 'root'] as const;

/**
 * Between two attempts that are refused: OpenSSH 9.8 shuts out an address that is refused several times in a short
 * time (sshd_config, PerSourcePenalties).
 */
const AFTER_REFUSAL = 6_000;
const AFTER_SILENCE = 1_000;

const KEY = 'key';
const SOCKET = 'ssh';

/** Makes the key of a machine in its folder. @returns the public key, one line */
export async function makeKey(folder: string): Promise<string> {
  const file = join(folder, KEY);
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'gen-cloudinit', '-f', file]);
  return (await readFile(`${file}.pub`, 'utf8')).trim();
}

export class SshDoor {
  private user: Promise<string> | undefined;
  private known: string | undefined;
  private master: ChildProcess | undefined;
  private readonly atExit = () => this.master?.kill();

  /**
   * @param folder of the machine; holds the key
   * @param port on the loopback, which nobody but QEMU listens on: the host key need not be known
   * @param likely the user to begin with, if it can be told
   * @param orGone throws when the machine is off
   */
  constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly likely: () => Promise<string | undefined>,
    private readonly orGone: () => Promise<void>,
  ) {}

  /** The command for a person; the user is sure once something was executed. */
  get command(): string {
    const options = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null';
    return `ssh -i ${join(this.folder, KEY)} -p ${this.port} ${options} ${this.known ?? USERS[0]}@127.0.0.1`;
  }

  /**
   * Runs an sh script as root; what it reads from standard input is empty.
   * @param timeoutMs covers the wait for a machine that is still starting and the script
   * @returns exit code 124 when the script's time was over; a script must not end with 255, which is ssh's own
   * @throws Error when the machine cannot be entered
   */
  async exec(script: string, timeoutMs: number): Promise<Executed> {
    const end = performance.now() + timeoutMs;
    this.user ??= this.findUser(end).catch((error: unknown) => {
      this.user = undefined;
      throw error;
    });
    const user = await this.user;
    this.known = user;
    this.keepConnection(user);
    const seconds = Math.max(1, Math.ceil((end - performance.now()) / 1000));
    // The limit is kept inside, so that nothing is left running there.
    const shell = `script=$(cat); exec </dev/null; eval "$script"`;
    const sudo = user === 'root' ? '' : 'sudo -n ';
    const command = `${sudo}timeout -k 5 ${seconds} sh -c '${shell}'`;
    const outcome = await tryRun(this.argv(user, [command]), {
      cwd: this.folder,
      input: script,
      timeoutMs: seconds * 1000 + 15_000,
    });
    if (outcome.code !== -1 && outcome.code !== 255) return outcome;
    await this.orGone();
    const said = outcome.stderr.trim().split('\n').at(-1);
    throw new Error(`the machine could not be entered by SSH: ${said || `no answer within ${seconds} s`}`);
  }

  /** Ends the connection that is kept. */
  close(): void {
    process.off('exit', this.atExit);
    this.master?.kill();
    this.master = undefined;
  }

  private argv(user: string, command: readonly string[], extra: readonly string[] = []): string[] {
    // No file of the user's own counts, no agent, no password.
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
    const to = ['-i', KEY, '-p', String(this.port), ...extra, `${user}@127.0.0.1`];
    return ['ssh', '-F', '/dev/null', '-T', ...settings, ...to, ...command];
  }

  /** Tries users until one is let in; sshd may not be there yet, and the key is put there by cloud-init only. */
  private async findUser(end: number): Promise<string> {
    const refused = new Set<string>();
    let said = '';
    while (performance.now() < end) {
      await this.orGone();
      const order = [await this.likely(), ...USERS];
      const user = order.find((name) => name !== undefined && !refused.has(name));
      if (user === undefined) {
        refused.clear();
        continue;
      }
      const { code, stderr } = await tryRun(this.argv(user, ['true']), {
        cwd: this.folder,
        timeoutMs: Math.max(1, Math.min(60_000, end - performance.now())),
      });
      if (code === 0) return user;
      said = stderr.trim().split('\n').at(-1) ?? '';
      const denied = /Permission denied/.test(said);
      if (denied) refused.add(user);
      await pause(denied ? AFTER_REFUSAL : AFTER_SILENCE);
    }
    const why = said ? `: ${said}` : '';
    throw new Error(`none of ${USERS.join(', ')} could log in by SSH in time${why}`);
  }

  /** One connection for all: without it each command would cost a key exchange, which is seconds under emulation. */
  private keepConnection(user: string): void {
    if (this.master && this.master.exitCode === null && this.master.signalCode === null) return;
    const [file, ...args] = this.argv(user, [], ['-M', '-N']) as [string, ...string[]];
    process.off('exit', this.atExit);
    process.on('exit', this.atExit);
    this.master = spawn(file, args, { cwd: this.folder, stdio: 'ignore' });
    this.master.on('error', () => undefined);
    this.master.unref();
  }
}
