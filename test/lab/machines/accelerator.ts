// Which accelerator works here. /dev/kvm may open on a host without virtualisation instructions, and a kernel then dies
// while it starts. So the test boots a kernel until it has run programs.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Accelerator, KVM, TCG } from '../../../src/machines/qemu/accelerator';
import { type Image, probeMarker } from './image';
import { contained, tryRun } from './run';
import { toolCommand, toolRoot } from './tools';

/** An accelerator, and why it was chosen. */
export interface ProvenAccelerator extends Accelerator {
  readonly reason: string;
}

const probes = new Map<string, Promise<ProvenAccelerator>>();

/** KVM if a kernel boots with it within `limitMs`, otherwise TCG (emulation, some ten times slower). Determined once. */
export function accelerator(image: Image, limitMs = 20_000): Promise<ProvenAccelerator> {
  const known = probes.get(image.kernel);
  if (known) return known;
  const asked = probe(image, limitMs);
  probes.set(image.kernel, asked);
  return asked;
}

async function probe(image: Image, limitMs: number): Promise<ProvenAccelerator> {
  const emulated = (reason: string): ProvenAccelerator => ({ ...TCG, reason });
  if (!existsSync('/dev/kvm')) return emulated('there is no /dev/kvm');
  const tools = await toolRoot();
  const outcome = await tryRun(
    contained(
      toolCommand(tools, dirname(image.kernel), [
        ...[
          'qemu-system-x86_64',
          ...KVM.arguments,
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
    return { ...KVM, reason: 'a kernel came up with it and ran programs' };
  }
  const last = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').at(-1)?.trim() ?? '';
  return emulated(
    `with KVM no kernel ran programs within ${limitMs / 1000} s; last line: ${last || '(nothing)'}`,
  );
}
