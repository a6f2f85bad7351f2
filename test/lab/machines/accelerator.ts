// Which accelerator QEMU really has here. /dev/kvm may open on a host without virtualisation instructions, and a
// kernel then dies in the middle of its start: so a kernel is booted until it has run programs.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Image, probeMarker } from './image';
import { contained, tryRun } from './run';
import { toolCommand, toolRoot } from './tools';

/** An accelerator with the QEMU arguments for it, and why it was chosen. */
export interface Accelerator {
  readonly name: 'KVM' | 'TCG';
  readonly arguments: readonly string[];
  readonly reason: string;
}

const kvm = ['-accel', 'kvm', '-cpu', 'host'];

// An old processor model: what it lacks (AVX and newer) is slow to emulate and would be used by every memcpy. SHA
// instructions are worth it, for images are checked by their SHA-256.
const tcg = ['-accel', 'tcg,thread=multi,tb-size=1024', '-cpu', 'Nehalem,+sha-ni'];

const probes = new Map<string, Promise<Accelerator>>();

/** KVM if a kernel comes up with it within `limitMs`, else TCG (emulation, some ten times slower). Asked once. */
export function accelerator(image: Image, limitMs = 20_000): Promise<Accelerator> {
  const known = probes.get(image.kernel);
  if (known) return known;
  const asked = probe(image, limitMs);
  probes.set(image.kernel, asked);
  return asked;
}

async function probe(image: Image, limitMs: number): Promise<Accelerator> {
  const emulated = (reason: string): Accelerator => ({ name: 'TCG', arguments: tcg, reason });
  if (!existsSync('/dev/kvm')) return emulated('there is no /dev/kvm');
  const tools = await toolRoot();
  const outcome = await tryRun(
    contained(
      toolCommand(tools, dirname(image.kernel), [
        ...[
          'qemu-system-x86_64',
          ...kvm,
          '-smp',
          '2',
          '-m',
          '512',
          '-nodefaults',
          '-no-reboot',
          '-display',
          'none',
        ],
        ...['-serial', 'stdio', '-kernel', 'vmlinuz', '-initrd', 'initrd'],
        ...['-append', 'console=ttyS0 gci.probe panic=-1'],
      ]),
    ),
    { timeoutMs: limitMs },
  );
  if (outcome.stdout.includes(probeMarker)) {
    return { name: 'KVM', arguments: kvm, reason: 'a kernel came up with it and ran programs' };
  }
  const last = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').at(-1)?.trim() ?? '';
  return emulated(
    `with KVM no kernel ran programs within ${limitMs / 1000} s; last line: ${last || '(nothing)'}`,
  );
}
