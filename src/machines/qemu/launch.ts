/** A machine of QEMU on this computer, booted from a layer over an image, with the document as its NoCloud seed. */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { quoted } from '../../server/escape';
import type { Progress } from '../../system/run';
import { throwIfStopped } from '../../system/wait';
import type { Driver } from '../machine';
import { type Accelerator, type Candidates, candidates, checkAccelerator } from './accelerator';
import { cacheFolder, GROUP_FILE, reclaim } from './cache';
import { inspectImage, makeLayer } from './disk';
import { QemuMachine } from './machine';
import { LAYER, QemuProcess, type QemuSettings, removalCommand, SEED } from './process';
import { type QEMU_FLAGS, type QemuOptions, qemuWarnings } from './qemu-flags';
import { seedDisk } from './seed';
import { makeKey } from './ssh';
import { requireTools } from './tools';
import { ubuntuImage } from './ubuntu-image';

/** Settings of a launch that the user does not choose. */
export interface QemuSurroundings {
  /** File that receives the serial console and stays when the machine is removed; in the machine's folder if absent. */
  readonly console?: string;
  /** Folder of images and machines; the XDG cache directory's if absent. */
  readonly cache?: string;
  /** Device of KVM; /dev/kvm if absent. */
  readonly kvm?: string;
  /** Takes the command that removes what may be left, before anything is made. */
  readonly announce?: (remove: string) => void;
}

/** Like `Launch`, plus what only this kind of machine has and `bake` needs: the disk and an orderly end. */
export type LaunchQemu = (
  document: Uint8Array,
  events: Progress,
  signal: AbortSignal,
) => Promise<QemuMachine>;

/**
 * Starts machines of QEMU. A launch returns when the machine runs programs under KVM, or when it has started to boot
 * under emulation. When it fails or is interrupted it removes what it created before it throws.
 */
export function launchQemu(options: QemuOptions, surroundings: QemuSurroundings = {}): LaunchQemu {
  return async (document, events, signal) => {
    throwIfStopped(signal);
    await requireTools(['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keygen']);
    const cache = surroundings.cache ?? cacheFolder();
    const image = options.image
      ? await inspectImage(options.image, signal)
      : await ubuntuImage(options, join(cache, 'images'), events, signal);
    const machines = join(cache, 'machines');
    await reclaim(machines);
    const name = `gci-${process.pid}-${randomBytes(3).toString('hex')}`;
    const folder = join(machines, name);
    const group = quoted(join(folder, GROUP_FILE));
    surroundings.announce?.(removalCommand(`$(cat ${group})`, folder));
    await mkdir(machines, { recursive: true });
    await mkdir(folder, { mode: 0o700 });
    try {
      const seed = {
        instanceId: name,
        hostname: 'matrix',
        userData: document,
        publicKeys: [await makeKey(folder, signal)],
      };
      await writeFile(join(folder, SEED), seedDisk(seed), { mode: 0o600 });
      const settings = {
        ...{ folder, name, memory: options.memory, cpus: options.cpus, timeLimit: options.timeLimit },
        console: surroundings.console ? resolve(surroundings.console) : join(folder, 'console.log'),
      };
      await writeFile(settings.console, '');
      const tried = await candidates(options.accelerator, surroundings.kvm);
      const makeDisk = () => makeLayer(image, join(folder, LAYER), options.disk, signal);
      return await boot(settings, tried, makeDisk, events, signal);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  };
}

/** Boots with one accelerator after the other until one runs programs; it does not watch the last one. */
async function boot(
  settings: Omit<QemuSettings, 'accelerator'>,
  { accelerators, reason }: Candidates,
  makeDisk: () => Promise<void>,
  events: Progress,
  signal: AbortSignal,
): Promise<QemuMachine> {
  let why = reason;
  for (const accelerator of accelerators.slice(0, -1)) {
    events.progress(announcement(accelerator, why));
    const tried = await attempt({ ...settings, accelerator }, makeDisk, signal);
    if (tried instanceof QemuMachine) return tried;
    why = `with ${accelerator.name} ${tried.failure}`;
  }
  const last = accelerators.at(-1) as Accelerator;
  events.progress(announcement(last, why));
  return start({ ...settings, accelerator: last }, makeDisk, signal);
}

/** @returns the machine if it runs programs, else why not; then the machine has ended */
async function attempt(
  settings: QemuSettings,
  makeDisk: () => Promise<void>,
  signal: AbortSignal,
): Promise<QemuMachine | { readonly failure: string }> {
  const begin = (await stat(settings.console)).size;
  let machine: QemuMachine;
  try {
    machine = await start(settings, makeDisk, signal);
  } catch (error) {
    throwIfStopped(signal);
    return { failure: (error as Error).message };
  }
  const said = async () => (await readFile(settings.console)).subarray(begin).toString();
  const failure = await checkAccelerator(machine.process, said, signal).catch(async (error: unknown) => {
    await machine.process.end();
    throw error;
  });
  if (failure === undefined) return machine;
  await machine.process.end();
  return { failure };
}

/** Starts QEMU on a fresh layer, without what a failed accelerator has written. */
async function start(
  settings: QemuSettings,
  makeDisk: () => Promise<void>,
  signal: AbortSignal,
): Promise<QemuMachine> {
  const { folder, name, console, accelerator, timeLimit } = settings;
  await makeDisk();
  throwIfStopped(signal);
  const ends = new Date(Date.now() + timeLimit * 60_000);
  const process = await QemuProcess.start(settings);
  try {
    return new QemuMachine({
      name,
      folder,
      console,
      process,
      accelerator,
      ends,
      signal,
      ports: await process.ports(),
    });
  } catch (error) {
    // Without a socket QEMU has never started: its own message says more.
    const why = await process.gone();
    await process.end();
    throw why ? new Error(why, { cause: error }) : error;
  }
}

function announcement({ name }: Accelerator, why: string): string {
  if (name !== 'TCG') return `QEMU with ${name}: ${why}`;
  return `QEMU with emulated processors (TCG), some ten times slower than a server: ${why}`;
}

/** QEMU as a kind of machine. */

/** Minutes that checks may take after the time limit; only then the machine ends automatically. */
const CHECKING = 30;

export const driver: Driver<typeof QEMU_FLAGS> = {
  configure(options, _document, { announce }) {
    const timeLimit = options.timeLimit + CHECKING;
    return {
      launch: launchQemu({ ...options, timeLimit }, { announce }),
      diagnostics: qemuWarnings(options),
    };
  },
};
