/** A document for one distribution must not be booted on another one unasked. */
import type { Diagnostic } from '../deployment/diagnostic';
import { MACHINE_FLAGS } from '../flags/machines';
import type { MachineKind } from '../machines/machine';

/**
 * multipass and QEMU have images of Ubuntu alone; EC2 has both.
 * @param distro what the document is for; undefined where that is not known
 * @returns what is wrong with booting it without an image of one's own
 */
export function wrongImage(
  kind: MachineKind,
  distro: unknown,
  machine: Readonly<Record<string, unknown>>,
): Diagnostic | undefined {
  if (distro !== 'debian' || kind === 'ec2' || machine.image !== undefined) return undefined;
  return {
    severity: 'error',
    code: 'contradiction',
    path: 'distro',
    message: `is debian, but ${MACHINE_FLAGS[kind].name} boots Ubuntu unless an image is given`,
    expected: '--image with an image of Debian',
    hint: 'cloud.debian.org has genericcloud images; on EC2 the right one is found',
  };
}
