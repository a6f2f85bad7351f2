// Machines with a kernel of their own: QEMU, emulated where there is no KVM, on a tap device in the world's bridge,
// so that the guest has an address there as a machine of systemd-nspawn has.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { qmp } from '../../../src/machines/qemu/process';
import { seedDisk } from '../../../src/machines/qemu/seed';
import { accelerator, type ProvenAccelerator } from './accelerator';
import type { Entered, MachineOptions } from './base';
import { AgentError, AgentSilentError, GuestAgent } from './guest-agent';
import type { Image } from './image';
import { MachineError } from './machine';
import { PoweredMachine } from './powered';
import { run } from './run';
import { inTools, runTool, toolCommand, toolRoot } from './tools';

/**
 * `memoryMiB` default 4096, `processors` default 2. `kernelOptions`: words for the kernel's command line. `clock`: what
 * the hardware's clock shows at power on, as `2026-02-01T12:00:00`; this host's time if absent.
 */
export interface QemuOptions extends MachineOptions {
  readonly image: Image;
  readonly memoryMiB?: number;
  readonly processors?: number;
  readonly kernelOptions?: string;
  readonly clock?: string;
}

/** A virtual machine; made by `createQemu`. */
export class QemuMachine extends PoweredMachine {
  readonly kind = 'qemu';
  readonly ownDisk = true;
  private readonly agent: GuestAgent;
  private readonly control: string;

  constructor(
    protected override readonly options: QemuOptions,
    readonly accelerator: ProvenAccelerator,
    private readonly tools: string,
  ) {
    super(options);
    // Relative, because a socket's path is limited to 107 characters.
    this.agent = new GuestAgent(relative('.', join(this.folder, 'agent')));
    this.control = relative('.', join(this.folder, 'monitor'));
  }

  /** Makes the disk, an empty layer over the image, and the seed's ISO. */
  async prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const base = inTools(this.options.image.disk);
    await runTool(this.folder, [
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      base,
      '-F',
      'raw',
      'disk.qcow2',
    ]);
    await this.seed();
  }

  protected async seed(): Promise<void> {
    await writeFile(join(this.folder, 'seed.iso'), seedDisk(this.seedFor({ mac: this.mac })));
  }

  protected restarts(): boolean {
    // QEMU resets the machine itself.
    return false;
  }

  override async boot(): Promise<void> {
    await super.boot();
    await this.applyFault();
  }

  /** A tap device that is down queues packets. Only QEMU can signal to the guest that the cable is unplugged. */
  protected override async applyFault(): Promise<void> {
    await super.applyFault();
    if (this.pid === undefined) return;
    await qmp(this.control, 'set_link', { name: 'lan', up: this.fault !== 'unplugged' });
  }

  protected async plug(): Promise<void> {
    this.agent.close();
    const { netns } = this.options.attachment;
    this.registry.add({ kind: 'link', netns, name: this.port });
    await run(['ip', '-n', netns, 'tuntap', 'add', 'dev', this.port, 'mode', 'tap']);
    await run(['ip', '-n', netns, 'link', 'set', 'dev', this.port, 'alias', this.id]);
    await this.applyFault();
  }

  protected commandLine(): readonly string[] {
    const { image, memoryMiB = 4096, processors = 2, kernelOptions, clock, attachment } = this.options;
    const qemu = [
      ...['qemu-system-x86_64', '-name', this.id, '-nodefaults', '-no-user-config', '-display', 'none'],
      ...this.accelerator.arguments,
      ...['-smp', String(processors), '-m', String(memoryMiB), '-serial', 'stdio'],
      ...(kernelOptions === undefined ? [] : direct(image, kernelOptions)),
      ...(clock === undefined ? [] : ['-rtc', `base=${clock}`]),
      ...['-drive', 'file=disk.qcow2,if=virtio,format=qcow2,cache=unsafe,discard=unmap'],
      ...['-drive', 'file=seed.iso,if=virtio,format=raw,readonly=on'],
      ...['-qmp', 'unix:monitor,server=on,wait=off'],
      ...['-netdev', `tap,id=lan,ifname=${this.port},script=no,downscript=no`],
      ...['-device', `virtio-net-pci,netdev=lan,mac=${this.mac},romfile=`],
      ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci'],
      ...['-chardev', 'socket,id=agent,path=agent,server=on,wait=off'],
      ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ];
    return [
      'nsenter',
      `--net=/run/netns/${attachment.netns}`,
      '--',
      ...toolCommand(this.tools, this.folder, qemu),
    ];
  }

  protected async enter(argv: readonly string[], input: string | undefined): Promise<Entered> {
    if (!(await this.agent.answers(2000))) return undefined;
    try {
      return await this.agent.exec(argv, input);
    } catch (cause) {
      if (!(cause instanceof AgentError || cause instanceof AgentSilentError)) throw cause;
      throw new MachineError(this, `${argv.slice(3).join(' ').slice(0, 80)}: ${cause.message}`, { cause });
    }
  }
}

/** The image's kernel without its boot loader, which accepts no additions to the command line. */
const direct = (image: Image, options: string): string[] => [
  ...['-kernel', inTools(image.kernel), '-initrd', inTools(image.initrd)],
  ...['-append', `root=/dev/vda2 rw console=ttyS0 mitigations=off tsc=reliable ${options}`],
];

/** Creates a virtual machine over a cached image, switched off, after it has checked whether KVM works here. */
export async function createQemu(options: QemuOptions): Promise<QemuMachine> {
  const machine = new QemuMachine(options, await accelerator(options.image), await toolRoot());
  await machine.prepare();
  machine.mark(`QEMU with ${machine.accelerator.name}: ${machine.accelerator.reason}`);
  return machine;
}
