/** A running machine of QEMU. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Executed } from '../../system/run';
import { Stopped, until } from '../../system/wait';
import { type Machine, MachineGone } from '../machine';
import type { Accelerator } from './accelerator';
import { LAYER, type QemuProcess, removalCommand } from './process';
import { SshDoor } from './ssh';

export interface QemuParts {
  readonly name: string;
  readonly folder: string;
  readonly console: string;
  readonly process: QemuProcess;
  readonly ports: ReadonlyMap<number, number>;
  readonly accelerator: Accelerator;
  /** When its watchdog ends it. */
  readonly ends: Date;
  /** Aborted on Ctrl-C: nothing waits for the machine any more. */
  readonly signal: AbortSignal;
}

export class QemuMachine implements Machine {
  readonly kind = 'qemu';
  readonly name: string;
  readonly accelerator: Accelerator;
  /** The layer over the image that the machine writes into; complete only while the machine is off. */
  readonly disk: string;
  /** How many times longer than on a server everything may take: emulated processors are slow. */
  readonly patience: number;
  private readonly door: SshDoor;
  /** Its process, for the caller that watches its start. */
  readonly process: QemuProcess;
  private shown = 0;
  private removal: Promise<void> | undefined;

  constructor(private readonly parts: QemuParts) {
    this.name = parts.name;
    this.process = parts.process;
    this.accelerator = parts.accelerator;
    this.disk = join(parts.folder, LAYER);
    this.patience = parts.accelerator.name === 'TCG' ? 8 : 1;
    this.door = new SshDoor({
      folder: parts.folder,
      port: this.here(22),
      patience: this.patience,
      signal: parts.signal,
      console: () => this.printed(),
      orGone: () => this.orGone(),
    });
  }

  /**
   * What the serial console has printed so far.
   * @throws MachineGone when it has ended unexpectedly and all output was returned
   */
  async console(): Promise<string> {
    const text = await this.printed();
    if (text.length === this.shown) await this.orGone();
    this.shown = text.length;
    return text;
  }

  /** See `SshDoor.exec`. `timeoutMs`: of the script, as on a server; 60 seconds if absent. */
  exec(script: string, options: { readonly timeoutMs?: number } = {}): Promise<Executed> {
    return this.door.exec(script, options.timeoutMs ?? 60_000);
  }

  /**
   * A port of the machine's external interface. QEMU itself listens here and accepts every connection; where nothing
   * listens in the machine QEMU closes it at once, without a byte.
   */
  reach(port: number): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.here(port) };
  }

  get howTo(): Machine['howTo'] {
    const { folder, ends } = this.parts;
    return {
      enter: this.door.command,
      remove: removalCommand(String(this.process.group), folder),
      // The next run removes the folder.
      until: `its own watch ends it at ${ends.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    };
  }

  /**
   * Powers it off in order; then `disk` contains everything that is on its disk, and `console` still works.
   * @throws Stopped when it is not off in time, or the signal is aborted
   */
  async powerOff(timeoutMs = 120_000): Promise<void> {
    const { process } = this;
    const { signal } = this.parts;
    if (!process.off) await process.pressPowerButton();
    const within = timeoutMs * this.patience;
    const off = await until(async () => process.off || undefined, { every: 200, within, signal });
    if (!off) throw new Stopped(`${this.name} is not off after ${Math.round(within / 1000)} seconds`);
    this.door.close();
  }

  destroy(): Promise<void> {
    // After a failure the next call tries again.
    this.removal ??= this.remove().catch((error: unknown) => {
      this.removal = undefined;
      throw error;
    });
    return this.removal;
  }

  private async remove(): Promise<void> {
    this.door.close();
    await this.process.end();
    await rm(this.parts.folder, { recursive: true, force: true });
  }

  private here(port: number): number {
    const found = this.parts.ports.get(port);
    if (found === undefined) throw new Error(`port ${port} of ${this.name} is not forwarded`);
    return found;
  }

  private async orGone(): Promise<void> {
    const why = await this.process.gone();
    if (why) throw new MachineGone(`${this.name} has ended unexpectedly: ${why}`);
  }

  private printed(): Promise<string> {
    return readFile(this.parts.console, 'utf8').catch(() => '');
  }
}
