// Machines at native speed: systemd-nspawn boots a root directory with its own systemd, cloud-init and network.
// The kernel is this host's. After each boot the network namespace and the control group are new, as after a real
// start of a kernel; only the disk lasts.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseMachine, type Entered, type MachineOptions } from './base';
import { cgroupRoot, createCgroup, endCgroup } from './cgroup';
import type { Resource } from './cleanup';
import { MachineError } from './machine';
import type { Root } from './roots';
import { contained, run, tryRun } from './run';
import { seedFiles } from './seed';

/** `limits`: folders inside that are a disk of their own of so many bytes (kept in memory), for fillDisk(). */
export interface NspawnOptions extends MachineOptions {
  readonly root: Root;
  readonly limits?: Readonly<Record<string, number>>;
}

// Docker's storage must not lie on an overlay, for overlays do not stack; these folders are plain ones of this host.
const plainFolders = ['/var/lib/docker', '/var/lib/containerd'];

const interfaceName = 'eth0';

// systemd-nspawn's exit code for "the system inside asked for a restart", given with --keep-unit.
const restartCode = 133;

// Runs in the process that becomes systemd-nspawn: it must be in its group before it makes a process, and the
// overlay lives in a mount namespace of its own, so that it goes with the last process of the machine.
const launch = `
echo 0 > "$1/cgroup.procs"
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=700 nspawn /run/systemd/nspawn
mount -t overlay -o "$2" overlay "$3"
shift 3
exec "$@"`;

// What a command inside needs of an environment; the lab's own is not the machine's.
const environment = {
  HOME: '/root',
  LANG: 'C.UTF-8',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/** A machine of systemd-nspawn; made by `createNspawn`. */
export class NspawnMachine extends BaseMachine {
  readonly kind = 'nspawn';
  private readonly cgroup: string;
  private process: ChildProcess | undefined;
  private stopped: Promise<void> = Promise.resolve();
  private powerIsCut = false;

  constructor(protected override readonly options: NspawnOptions) {
    super(options);
    this.cgroup = join(cgroupRoot(), this.id);
  }

  /** Makes the disk: an empty layer over the cached root, with the seed in it. */
  async prepare(): Promise<void> {
    const upper = join(this.folder, 'upper');
    for (const name of ['upper', 'work', 'root']) await mkdir(join(this.folder, name), { recursive: true });
    for (const path of plainFolders) await mkdir(this.folderFor(path), { recursive: true });
    for (const [path, bytes] of Object.entries(this.options.limits ?? {})) {
      const source = this.folderFor(path);
      await mkdir(source, { recursive: true });
      this.registry.add({ kind: 'mount', path: source });
      await run(['mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=755`, this.id, source]);
    }
    const seed = join(upper, 'var/lib/cloud/seed/nocloud');
    await mkdir(seed, { recursive: true });
    const files = seedFiles({
      instanceId: `i-${this.id}`,
      hostname: this.options.hostname ?? this.name,
      userData: this.options.userData,
      attachment: this.options.attachment,
      match: { name: interfaceName },
    });
    for (const [name, bytes] of files) await writeFile(join(seed, name), bytes, { mode: 0o600 });
  }

  async boot(): Promise<void> {
    if (this.running) throw new MachineError(this, 'is on already');
    this.running = true;
    this.powerIsCut = false;
    this.mark('boot');
    await this.start();
  }

  async powerCut(): Promise<void> {
    this.mark('power cut');
    this.powerIsCut = true;
    await endCgroup(this.cgroup);
    await this.stopped;
  }

  async destroy(): Promise<void> {
    await this.powerCut();
    await this.registry.release((made) => made.kind === 'mount' && made.path.startsWith(`${this.folder}/`));
    await rm(this.folder, { recursive: true, force: true });
  }

  private folderFor(path: string): string {
    return join(this.folder, 'folders', path.replaceAll('/', '_'));
  }

  private async start(): Promise<void> {
    await this.plug();
    this.registry.add({ kind: 'cgroup', path: this.cgroup });
    await createCgroup(this.cgroup);
    const [file, ...args] = this.commandLine() as [string, ...string[]];
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: {
        ...environment,
        // Docker needs control groups of version 2 and writable /proc/sys/net; no more may be writable, or the
        // udev inside would work on this host's devices.
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
        SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
        // nspawn's system call filter stops what Docker needs (keyctl, bpf).
        SYSTEMD_SECCOMP: '0',
      },
    });
    this.process = child;
    child.stdout?.on('data', (chunk: Buffer) => this.log.feed(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.log.feed(chunk));
    this.stopped = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => this.afterExit(code).then(resolve, reject));
    });
    // A failure is told to whoever awaits the end; without such a one it must not end the lab.
    this.stopped.catch((error: unknown) => this.mark(`failed: ${String(error)}`));
  }

  private async afterExit(code: number | null): Promise<void> {
    this.process = undefined;
    await endCgroup(this.cgroup);
    await this.registry.release((resource) => this.isOfBoot(resource));
    if (code === restartCode && !this.powerIsCut) {
      this.mark('restarts');
      await this.start();
      return;
    }
    this.running = false;
    this.mark(`off (${this.powerIsCut ? 'power cut' : `exit code ${code}`})`);
  }

  private isOfBoot(resource: Resource): boolean {
    switch (resource.kind) {
      case 'cgroup':
        return resource.path === this.cgroup;
      case 'netns':
        return resource.name === this.id;
      case 'link':
        return resource.name === this.port;
      default:
        return false;
    }
  }

  private async plug(): Promise<void> {
    const { netns } = this.options.attachment;
    this.registry.add({ kind: 'netns', name: this.id });
    await run(['ip', 'netns', 'add', this.id]);
    await run(['ip', '-n', this.id, 'link', 'set', 'dev', 'lo', 'up']);
    this.registry.add({ kind: 'link', netns, name: this.port });
    const peer = ['peer', 'name', interfaceName, 'netns', this.id];
    await run(['ip', '-n', netns, 'link', 'add', this.port, 'type', 'veth', ...peer]);
    await run(['ip', '-n', netns, 'link', 'set', 'dev', this.port, 'alias', this.id]);
    await this.applyFault();
  }

  private commandLine(): string[] {
    const layers = [
      `lowerdir=${this.options.root.dir}`,
      `upperdir=${join(this.folder, 'upper')}`,
      `workdir=${join(this.folder, 'work')}`,
    ];
    const bound = new Set([...plainFolders, ...Object.keys(this.options.limits ?? {})]);
    const nspawn = [
      'systemd-nspawn',
      '--quiet',
      '--boot',
      `--directory=${join(this.folder, 'root')}`,
      `--machine=${this.id}`,
      `--network-namespace-path=/run/netns/${this.id}`,
      '--register=no',
      '--keep-unit',
      '--settings=no',
      '--private-users=no',
      '--capability=all',
      '--resolv-conf=off',
      '--timezone=off',
      '--link-journal=no',
      '--console=read-only',
      // What a kernel gives its first process; without it the limits of this host's first process would hold inside.
      '--rlimit=RLIMIT_NOFILE=1024:524288',
      ...[...bound].map((path) => `--bind=${this.folderFor(path)}:${path}`),
    ];
    const shell = ['sh', '-euc', launch, 'sh', this.cgroup, layers.join(','), join(this.folder, 'root')];
    return contained([...shell, ...nspawn]);
  }

  protected async enter(
    argv: readonly string[],
    input: string | undefined,
    limitMs: number,
  ): Promise<Entered> {
    const leader = await this.leader();
    if (leader === undefined) return undefined;
    // In the machine's group, so that a power cut ends it too; beside the groups of the system inside.
    const group = await createCgroup(join(this.cgroup, 'exec'));
    const inGroup = ['sh', '-euc', 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"', 'sh', group];
    const spaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd'];
    const outcome = await tryRun([...inGroup, 'nsenter', `--target=${leader}`, ...spaces, ...argv], {
      timeoutMs: limitMs,
      env: environment,
      ...(input === undefined ? {} : { input }),
    });
    if (outcome.code === -1)
      throw new MachineError(this, `went away during ${argv.slice(3).join(' ').slice(0, 80)}`);
    return outcome;
  }

  /** The process that is number 1 inside, once systemd runs in it; before that it still is in this host's root. */
  private async leader(): Promise<number | undefined> {
    const pid = this.process?.pid;
    if (pid === undefined) return undefined;
    for (const nspawn of await childrenOf(pid)) {
      for (const child of await childrenOf(nspawn)) {
        const status = await readFile(`/proc/${child}/status`, 'utf8').catch(() => '');
        if (/^Name:\tsystemd$/m.test(status) && /^NSpid:(?:\t\d+)+\t1$/m.test(status)) return child;
      }
    }
    return undefined;
  }
}

/** The processes that a process has made and not yet seen end (proc(5), task/children). */
async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

/** Makes a machine over a cached root, switched off. Its disk is empty but for the seed: making one costs nothing. */
export async function createNspawn(options: NspawnOptions): Promise<NspawnMachine> {
  if (!existsSync(options.root.dir)) throw new Error(`no root at ${options.root.dir}`);
  const machine = new NspawnMachine(options);
  await machine.prepare();
  return machine;
}
