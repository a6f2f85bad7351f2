/** Which ways of running a processor are worth a try on this computer, the fastest first. */
import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import type { QemuOptions } from './options';

export interface Accelerator {
  readonly name: 'KVM' | 'HVF' | 'TCG';
  /** QEMU's arguments for it. */
  readonly arguments: readonly string[];
}

/** What is tried, in this order, and why not something faster. */
export interface Candidates {
  readonly accelerators: readonly [Accelerator, ...Accelerator[]];
  readonly reason: string;
}

export const KVM: Accelerator = { name: 'KVM', arguments: ['-accel', 'kvm', '-cpu', 'host'] };
export const HVF: Accelerator = { name: 'HVF', arguments: ['-accel', 'hvf', '-cpu', 'host'] };

/**
 * Emulation of x86. An old processor model: what it lacks (AVX and newer) is slow to emulate and would be used by
 * every memcpy; the images ask for no more than this (x86-64-v2). SHA instructions are worth it, for what is
 * downloaded is checked by its SHA-256. Measured: a first boot is a sixth shorter than with `-cpu max`.
 */
export const TCG: Accelerator = {
  name: 'TCG',
  arguments: ['-accel', 'tcg,thread=multi,tb-size=1024', '-cpu', 'Nehalem,+sha-ni'],
};

/**
 * What to try. That /dev/kvm opens does not say that a kernel runs with it: on a computer that is itself a virtual
 * machine without nested virtualisation one dies in the middle of its start. So KVM is followed by emulation.
 * @param choice the option; anything but auto is tried alone
 */
export async function candidates(
  choice: QemuOptions['accelerator'],
  kvm = '/dev/kvm',
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): Promise<Candidates> {
  const chosen = { kvm: KVM, hvf: HVF, tcg: TCG, auto: undefined }[choice];
  if (chosen) return { accelerators: [chosen], reason: `asked for with --accelerator ${choice}` };
  if (arch !== 'x64') {
    return { accelerators: [TCG], reason: `the machine has an x86 processor, and this computer is ${arch}` };
  }
  if (platform === 'darwin') return { accelerators: [HVF, TCG], reason: 'macOS has it' };
  if (platform !== 'linux') return { accelerators: [TCG], reason: `KVM is Linux's, and this is ${platform}` };
  if (!existsSync(kvm)) return { accelerators: [TCG], reason: `there is no ${kvm}` };
  const may = await access(kvm, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (may) return { accelerators: [KVM, TCG], reason: `${kvm} can be opened` };
  return {
    accelerators: [TCG],
    reason: `${kvm} may not be opened; as a rule the group kvm may: sudo usermod -aG kvm "$USER"`,
  };
}
