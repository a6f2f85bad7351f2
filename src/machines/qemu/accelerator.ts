/** Which ways of running a processor are worth a try on this computer, the fastest first. */

import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { until } from '../../system/wait';
import type { QemuOptions } from './qemu-flags';

export interface Accelerator {
  readonly name: 'KVM' | 'HVF' | 'TCG';
  /** QEMU's arguments for it. */
  readonly arguments: readonly string[];
}

/** What to try, in this order, and why nothing faster. */
export interface Candidates {
  readonly accelerators: readonly [Accelerator, ...Accelerator[]];
  readonly reason: string;
}

export const KVM: Accelerator = { name: 'KVM', arguments: ['-accel', 'kvm', '-cpu', 'host'] };
export const HVF: Accelerator = { name: 'HVF', arguments: ['-accel', 'hvf', '-cpu', 'host'] };

/**
 * Emulation of x86. An old processor model: what it lacks (AVX and newer) is slow to emulate, and every memcpy
 * would use it; the images require no more than this (x86-64-v2). SHA instructions are worth emulating, because the
 * downloads are verified by SHA-256. Measured: a first boot is a sixth shorter than with `-cpu max`.
 */
export const TCG: Accelerator = {
  name: 'TCG',
  arguments: ['-accel', 'tcg,thread=multi,tb-size=1024', '-cpu', 'Nehalem,+sha-ni'],
};

/**
 * What to try. A /dev/kvm that opens does not prove that a kernel runs with it: on a computer that is itself a virtual
 * machine without nested virtualisation, a kernel dies during its start. So emulation follows KVM.
 * @param choice the option; anything but auto is tried alone
 */
export async function candidates(
  choice: QemuOptions['accelerator'],
  kvm = '/dev/kvm',
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): Promise<Candidates> {
  const chosen = { kvm: KVM, hvf: HVF, tcg: TCG, auto: undefined }[choice];
  if (chosen) return { accelerators: [chosen], reason: `requested by --accelerator ${choice}` };
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

/** Whether a kernel really runs with the hardware's help: /dev/kvm may open where it does not. */

/** Milliseconds. A cloud image under KVM says the first of these lines within seconds. */
const LIMIT = 90_000;
/** Without new output for this long, the kernel is dead. */
const SILENCE = 30_000;

/** Lines of programs: cloud-init's come from Python, which has used a good part of the processor by then. */
const PROGRAMS = /cloud-init\[\d+\]|^ci-info: |login: /m;
/** Lines of a kernel that meets instructions which do not work. */
const BROKEN = /^.*(?:Kernel panic|invalid opcode|general protection fault|Oops: |BUG: |segfault at).*$/m;

/** What to watch of QEMU's process; see `QemuProcess`. */
interface Watched {
  gone(): Promise<string | undefined>;
  state(): Promise<string>;
}

/**
 * Watches a machine until its programs run.
 * @param console what the machine has printed since it was started
 * @returns undefined when they run, else why not
 * @throws Stopped when the signal is aborted
 */
export async function checkAccelerator(
  process: Watched,
  console: () => Promise<string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  let length = -1;
  let grown = performance.now();
  const look = async (): Promise<{ failure: string | undefined } | undefined> => {
    const gone = await process.gone();
    if (gone) return { failure: gone };
    const text = await console();
    if (PROGRAMS.test(text)) return { failure: undefined };
    const [broken] = BROKEN.exec(text) ?? [];
    if (broken) return { failure: `the kernel broke: ${broken.trim()}` };
    if ((text.match(/Linux version/g) ?? []).length > 1)
      return { failure: 'the machine started over and over' };
    const state = await process.state().catch(() => 'running');
    if (state !== 'running') return { failure: `QEMU gave up: ${state}` };
    if (text.length !== length) grown = performance.now();
    length = text.length;
    if (performance.now() - grown < SILENCE) return undefined;
    const last = text.trim().split('\n').at(-1)?.trim();
    return { failure: `nothing arrived for ${SILENCE / 1000} s; last line: ${last || '(nothing)'}` };
  };
  const seen = await until(look, { every: 500, within: LIMIT, signal });
  return seen ? seen.failure : `no program ran within ${LIMIT / 1000} s`;
}
