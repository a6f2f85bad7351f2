// The behaviour that all kinds of machines share: commands, waiting, restarting, and the link to the bridge.

import type { Registry } from './cleanup';
import { ConsoleLog, type TimelineEvent } from './console';
import {
  type ExecOptions,
  type ExecResult,
  type Machine,
  MachineError,
  MachineOffError,
  type NetworkPlug,
  poll,
} from './machine';
import { type Outcome, pause, run } from './run';
import type { Attachment } from './seed';

/** The settings of every machine. `name` is 1 to 10 of a-z, 0-9 and names the links, so it is unique in a run. */
export interface MachineOptions {
  readonly registry: Registry;
  readonly name: string;
  readonly attachment: Attachment;
  /** The user-data, handed to cloud-init byte for byte. */
  readonly userData: Uint8Array | string;
  /** Default: the machine's name. */
  readonly hostname?: string;
  /** Where the console is written; default out/lab/RUNID/NAME.console.log. */
  readonly consoleFile?: string;
}

/** `undefined`: the machine cannot be entered yet. */
export type Entered = Outcome | undefined;

export abstract class BaseMachine implements Machine {
  abstract readonly kind: 'nspawn' | 'qemu';
  abstract readonly ownDisk: boolean;
  readonly name: string;
  readonly address: string;
  readonly address6: string | undefined;
  readonly log: ConsoleLog;
  readonly network: NetworkPlug;
  protected readonly registry: Registry;
  protected readonly folder: string;
  /** The name of every kernel resource of this machine (namespace, group, link). */
  protected readonly id: string;
  /** The machine's end of the bridge, in the bridge's namespace. */
  protected readonly port: string;
  protected fault: 'unplugged' | 'silent' | undefined;
  protected running = false;

  protected constructor(protected readonly options: MachineOptions) {
    const { registry, name, attachment } = options;
    if (!/^[a-z0-9]{1,10}$/.test(name)) throw new Error(`machine name "${name}": use 1 to 10 of a-z and 0-9`);
    this.name = name;
    this.registry = registry;
    this.id = registry.prefix + name;
    this.folder = `${registry.folder}/${name}`;
    this.port = `gci-${name}`;
    this.address = attachment.address;
    this.address6 = attachment.address6?.replace(/\/.*/, '');
    this.log = new ConsoleLog(options.consoleFile ?? `out/lab/${registry.runid}/${name}.console.log`);
    this.network = {
      cut: async (how = 'unplugged') => {
        this.mark(`network cut (${how})`);
        this.fault = how;
        if (this.running) await this.applyFault();
      },
      restore: async () => {
        this.mark('network restored');
        this.fault = undefined;
        if (this.running) await this.applyFault();
      },
    };
  }

  abstract boot(): Promise<void>;
  abstract reseed(userData: Uint8Array | string): Promise<void>;
  abstract powerCut(): Promise<void>;
  abstract destroy(): Promise<void>;
  /** Runs argv inside; undefined while the machine cannot be entered yet; throws if it goes away meanwhile. */
  protected abstract enter(
    argv: readonly string[],
    input: string | undefined,
    limitMs: number,
  ): Promise<Entered>;

  get on(): boolean {
    return this.running;
  }

  async exec(command: readonly string[] | string, options: ExecOptions = {}): Promise<ExecResult> {
    const { timeoutMs = 60_000, input } = options;
    const argv = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
    const start = performance.now();
    for (;;) {
      if (!this.running) throw new MachineOffError(this, 'is off');
      const left = timeoutMs - (performance.now() - start);
      if (left <= 0) throw new MachineError(this, `could not be entered within ${timeoutMs} ms`);
      // coreutils' timeout enforces the limit inside, so that no command keeps running there.
      const limited = ['timeout', '--kill-after=5', (left / 1000).toFixed(2), ...argv];
      const entered = await this.enter(limited, input, left + 10_000);
      if (entered) {
        const ms = performance.now() - start;
        return { ...entered, ms, timedOut: [124, 137].includes(entered.code) && ms >= timeoutMs - 50 };
      }
      await pause(100);
    }
  }

  async readFile(path: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(['cat', path]);
    if (code !== 0) throw new MachineError(this, `reading ${path}: ${stderr.trim()}`);
    return stdout;
  }

  console(): string {
    return this.log.text();
  }

  timeline(): readonly TimelineEvent[] {
    return this.log.timeline();
  }

  mark(event: string): void {
    this.log.mark(event);
  }

  waitFor(condition: () => Promise<boolean> | boolean, what: string, timeoutMs: number): Promise<void> {
    return poll(this, condition, what, timeoutMs);
  }

  async reboot(timeoutMs = 300_000): Promise<void> {
    const bootId = async () => (await this.readFile('/proc/sys/kernel/random/boot_id')).trim();
    const before = await bootId();
    this.mark('reboot');
    await this.leave('reboot');
    await this.waitFor(async () => (await bootId()) !== before, 'the new boot', timeoutMs);
    this.mark('rebooted');
  }

  async shutdown(timeoutMs = 120_000): Promise<void> {
    this.mark('shutdown');
    await this.leave('poweroff');
    await this.waitFor(() => !this.running, 'the machine to power off', timeoutMs);
  }

  // The connection to this command may close before its exit code arrives.
  private async leave(verb: 'reboot' | 'poweroff'): Promise<void> {
    await this.exec(['systemctl', '--no-block', verb]).catch((error: unknown) => {
      if (!(error instanceof MachineError)) throw error;
    });
  }

  /** Attaches the port, which exists and is up, to the bridge, or applies the current fault to it. */
  protected async applyFault(): Promise<void> {
    const { netns, bridge } = this.options.attachment;
    const master = this.fault === 'silent' ? ['nomaster'] : ['master', bridge];
    await run(['ip', '-n', netns, 'link', 'set', 'dev', this.port, ...master]);
    await run([
      'ip',
      '-n',
      netns,
      'link',
      'set',
      'dev',
      this.port,
      this.fault === 'unplugged' ? 'down' : 'up',
    ]);
  }
}
