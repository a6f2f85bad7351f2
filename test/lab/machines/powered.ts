// The life cycle of a machine's process: it starts in a control group of its own, ends with all its children, and starts
// again when the system inside restarts. Each kind of machine defines which process that is.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Seed } from '../../../src/machines/qemu/seed';
import { BaseMachine, type MachineOptions } from './base';
import { cgroupRoot, createCgroup, endCgroup, inGroup } from './cgroup';
import type { Resource } from './cleanup';
import { MachineError } from './machine';
import { contained, pause } from './run';
import { labSeed, type SeedSpec } from './seed';

/** The environment of a program inside, and of systemd-nspawn itself: nothing of the lab's own environment. */
export const plainEnvironment: Readonly<Record<string, string>> = {
  HOME: '/root',
  LANG: 'C.UTF-8',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

export abstract class PoweredMachine extends BaseMachine {
  protected readonly cgroup: string;
  /** The pid of the machine's outermost process while it runs. */
  protected pid: number | undefined;
  private powerIsCut = false;
  private userData: MachineOptions['userData'];
  private instance = 1;

  protected constructor(options: MachineOptions) {
    super(options);
    this.cgroup = join(cgroupRoot(), this.id);
    this.userData = options.userData;
  }

  /** Creates what one boot needs besides the process, and records each thing before. */
  protected abstract plug(): Promise<void>;
  /** The program of the machine; it runs in the machine's group and ends when the machine is off. */
  protected abstract commandLine(): readonly string[];
  /** Whether this exit code means "start me again". */
  protected abstract restarts(code: number | null): boolean;
  /** Stores the seed where the machine reads it. */
  protected abstract seed(): Promise<void>;
  /** Whether the resource belongs to one boot only. */
  protected isOfBoot(resource: Resource): boolean {
    if (resource.kind === 'cgroup') return resource.path === this.cgroup;
    return resource.kind === 'link' && resource.name === this.port;
  }

  async boot(): Promise<void> {
    if (this.running) throw new MachineError(this, 'is on already');
    this.running = true;
    this.powerIsCut = false;
    this.mark('boot');
    await this.start();
  }

  async reseed(userData: MachineOptions['userData']): Promise<void> {
    if (this.running) throw new MachineError(this, 'is on: a seed is read at the start');
    this.userData = userData;
    this.instance += 1;
    await this.seed();
    this.mark('another document');
  }

  async powerCut(): Promise<void> {
    if (!this.running) return;
    this.mark('power cut');
    this.powerIsCut = true;
    // Repeatedly, because a restart may be starting the next process at this moment.
    for (let i = 0; this.running && i < 1000; i++) {
      await endCgroup(this.cgroup);
      await pause(20);
    }
    if (this.running) throw new MachineError(this, 'survived its power cut');
  }

  async destroy(): Promise<void> {
    await this.powerCut();
    await this.registry.release((made) => made.kind === 'mount' && made.path.startsWith(`${this.folder}/`));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The NoCloud seed for the next boot. */
  protected seedFor(match: SeedSpec['match']): Seed {
    return labSeed({
      instanceId: `i-${this.id}-${this.instance}`,
      hostname: this.options.hostname ?? this.name,
      userData: this.userData,
      attachment: this.options.attachment,
      match,
    });
  }

  /** Its hardware address: locally administered, and the same at every boot. */
  protected get mac(): string {
    const hash = createHash('sha256').update(this.id).digest('hex');
    return `52:54:00:${hash.slice(0, 2)}:${hash.slice(2, 4)}:${hash.slice(4, 6)}`;
  }

  private async start(): Promise<void> {
    await this.plug();
    this.registry.add({ kind: 'cgroup', path: this.cgroup });
    await createCgroup(this.cgroup);
    const [file, ...args] = contained(inGroup(this.cgroup, this.commandLine())) as [string, ...string[]];
    // Detached: Ctrl-C at the terminal must reach only the lab, which then ends its machines.
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      cwd: this.folder,
      env: plainEnvironment,
    });
    this.pid = child.pid;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => this.log.feed(chunk));
    child.once('error', (error) => this.mark(`cannot be started: ${error.message}`));
    child.once('close', (code) => {
      this.afterExit(code).catch((error: unknown) => {
        this.running = false;
        this.mark(`off, and not tidied up: ${String(error)}`);
      });
    });
  }

  private async afterExit(code: number | null): Promise<void> {
    this.pid = undefined;
    await endCgroup(this.cgroup);
    await this.registry.release((resource) => this.isOfBoot(resource));
    if (this.restarts(code) && !this.powerIsCut) {
      this.mark('restarts');
      await this.start();
      return;
    }
    this.running = false;
    this.mark(`off (${this.powerIsCut ? 'power cut' : `exit code ${code}`})`);
  }
}
