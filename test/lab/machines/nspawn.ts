// Machines at native speed: systemd-nspawn boots a root directory with its own systemd, cloud-init and network.
// The kernel is this host's. After each boot the network namespace and the control group are new, as after a real
// start of a kernel; only the disk lasts.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seedFiles } from '../../../src/machines/qemu/seed';
import type { Entered, MachineOptions } from './base';
import { createCgroup, inGroup, isBusyOrGone } from './cgroup';
import type { Resource } from './cleanup';
import { MachineError } from './machine';
import { PoweredMachine, plainEnvironment } from './powered';
import type { Root } from './roots';
import { run, tryRun } from './run';

/** `diskBytes`: size of a disk of its own (kept in memory), which fillDisk() may fill; otherwise it uses this host's disk. */
export interface NspawnOptions extends MachineOptions {
  readonly root: Root;
  readonly diskBytes?: number;
  /** The layer over the root that it starts from: the disk of another machine, which stays off. */
  readonly image?: NspawnImage;
}

/** The disk of a machine that is off: layers over its root, the upper first, and the folders that are plain ones. */
export interface NspawnImage {
  readonly layers: readonly string[];
  readonly folders: string;
}

// Docker's storage cannot be on an overlay, because overlays do not stack; these are plain folders of this host.
const plainFolders = ['/var/lib/docker', '/var/lib/containerd'];

const interfaceName = 'eth0';

// systemd-nspawn's exit code, with --keep-unit, for a system inside that requested a restart.
const restartCode = 133;

// The overlay lives in the mount namespace of the machine's process and goes with it, as does what systemd-nspawn
// keeps in /run. Docker needs control groups of version 2 and a writable /proc/sys/net; no more may be writable, or
// the udev inside would work on this host's devices. nspawn's system call filter would stop what Docker calls.
const launch = `
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=700 nspawn /run/systemd/nspawn
mount -t overlay -o "lowerdir=$1,upperdir=$2/disk/upper,workdir=$2/disk/work" overlay "$2/root"
shift 2
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_SECCOMP=0
exec "$@"`;

/** A machine of systemd-nspawn; made by `createNspawn`. */
export class NspawnMachine extends PoweredMachine {
  readonly kind = 'nspawn';

  get ownDisk(): boolean {
    return this.options.diskBytes !== undefined;
  }

  constructor(protected override readonly options: NspawnOptions) {
    super(options);
  }

  /** Makes the disk: an empty layer over the cached root, with the seed in it. */
  async prepare(): Promise<void> {
    const { diskBytes } = this.options;
    const disk = join(this.folder, 'disk');
    await mkdir(disk, { recursive: true });
    if (diskBytes !== undefined) {
      this.registry.add({ kind: 'mount', path: disk });
      await run(['mount', '-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, this.id, disk]);
    }
    for (const name of ['disk/upper', 'disk/work', 'root']) {
      await mkdir(join(this.folder, name), { recursive: true });
    }
    const { image } = this.options;
    if (image) await run(['cp', '--archive', '--reflink=auto', image.folders, join(this.folder, 'folders')]);
    for (const path of plainFolders) await mkdir(this.folderFor(path), { recursive: true });
    await this.seed();
  }

  protected async seed(): Promise<void> {
    // Below the mount point, because nothing is mounted while the machine is off.
    const folder = join(this.folder, 'disk/upper/var/lib/cloud/seed/nocloud');
    await mkdir(folder, { recursive: true });
    for (const [name, bytes] of seedFiles(this.seedFor({ name: interfaceName }))) {
      await writeFile(join(folder, name), bytes, { mode: 0o600 });
    }
  }

  /** Its disk as an image that other machines read; from then on this machine must stay off. */
  get image(): NspawnImage {
    if (this.running) throw new MachineError(this, 'is on: its disk is not an image yet');
    const { layers = [] } = this.options.image ?? {};
    return { layers: [join(this.folder, 'disk/upper'), ...layers], folders: join(this.folder, 'folders') };
  }

  /**
   * Reads the files of its disk from this host while it is off.
   * @param over a folder whose files count as if they were on the disk.
   */
  async inspect<T>(look: (root: string) => Promise<T>, over?: string): Promise<T> {
    const root = join(this.folder, 'root');
    const { layers } = this.image;
    const lower = [...(over ? [over] : []), ...layers, this.options.root.dir].join(':');
    const mount = async (path: string, argv: readonly string[]) => {
      this.registry.add({ kind: 'mount', path });
      await run(['mount', ...argv, path]);
    };
    try {
      await mount(root, ['-t', 'overlay', '-o', `ro,lowerdir=${lower}`, 'overlay']);
      for (const path of plainFolders) {
        if (existsSync(join(root, path)))
          await mount(join(root, path), ['--bind', '-o', 'ro', this.folderFor(path)]);
      }
      return await look(root);
    } finally {
      await this.registry.release((made) => made.kind === 'mount' && made.path.startsWith(root));
    }
  }

  private get lower(): readonly string[] {
    return [...(this.options.image?.layers ?? []), this.options.root.dir];
  }

  private folderFor(path: string): string {
    return join(this.folder, 'folders', path.replaceAll('/', '_'));
  }

  protected restarts(code: number | null): boolean {
    return code === restartCode;
  }

  protected override isOfBoot(resource: Resource): boolean {
    return super.isOfBoot(resource) || (resource.kind === 'netns' && resource.name === this.id);
  }

  protected async plug(): Promise<void> {
    const { netns } = this.options.attachment;
    this.registry.add({ kind: 'netns', name: this.id });
    await run(['ip', 'netns', 'add', this.id]);
    await run(['ip', '-n', this.id, 'link', 'set', 'dev', 'lo', 'up']);
    this.registry.add({ kind: 'link', netns, name: this.port });
    // The same hardware address at every boot, as on a server, because others cache it.
    const peer = ['peer', 'name', interfaceName, 'address', this.mac, 'netns', this.id];
    await run(['ip', '-n', netns, 'link', 'add', this.port, 'type', 'veth', ...peer]);
    await run(['ip', '-n', netns, 'link', 'set', 'dev', this.port, 'alias', this.id]);
    await this.applyFault();
  }

  protected commandLine(): readonly string[] {
    return [
      ...['sh', '-euc', launch, 'sh', this.lower.join(':'), this.folder],
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
      // The limits that a kernel gives its first process; otherwise those of this host's first process would apply inside.
      '--rlimit=RLIMIT_NOFILE=1024:524288',
      ...plainFolders.map((path) => `--bind=${this.folderFor(path)}:${path}`),
    ];
  }

  protected async enter(
    argv: readonly string[],
    input: string | undefined,
    limitMs: number,
  ): Promise<Entered> {
    const leader = await this.leader();
    if (leader === undefined) return undefined;
    // In the machine's group, so that a power cut ends it too; next to the groups of the system inside.
    const group = await createCgroup(join(this.cgroup, 'exec')).catch((error: unknown) => {
      if (!isBusyOrGone(error)) throw error;
    });
    if (group === undefined) return undefined; // The machine is being ended.
    const spaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd'];
    const outcome = await tryRun(inGroup(group, ['nsenter', `--target=${leader}`, ...spaces, ...argv]), {
      timeoutMs: limitMs,
      env: plainEnvironment,
      ...(input === undefined ? {} : { input }),
    });
    if (outcome.code === -1)
      throw new MachineError(this, `went away during ${argv.slice(3).join(' ').slice(0, 80)}`);
    return outcome;
  }

  /** The process that is number 1 inside, once it runs systemd; until then it is still in this host's root. */
  private async leader(): Promise<number | undefined> {
    if (this.pid === undefined) return undefined;
    for (const nspawn of await childrenOf(this.pid)) {
      for (const child of await childrenOf(nspawn)) {
        const status = await readFile(`/proc/${child}/status`, 'utf8').catch(() => '');
        if (/^Name:\tsystemd$/m.test(status) && /^NSpid:(?:\t\d+)+\t1$/m.test(status)) return child;
      }
    }
    return undefined;
  }
}

/** The children of a process, including zombies (proc(5), task/children). */
async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

/** Creates a machine over a cached root, switched off. Its disk contains only the seed, so creating one is cheap. */
export async function createNspawn(options: NspawnOptions): Promise<NspawnMachine> {
  const machine = new NspawnMachine(options);
  await machine.prepare();
  return machine;
}
