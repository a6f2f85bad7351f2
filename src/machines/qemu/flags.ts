/** The flags of a machine of QEMU. */
import type { MachineFlags } from '../backend';
import { ACCELERATORS, QEMU_DEFAULTS } from './options';

export const QEMU_FLAGS: MachineFlags = {
  image: {
    type: 'string',
    help: 'disk image, qcow2 or raw; it is only read',
    default: "Ubuntu's cloud image, from a local cache",
  },
  release: { type: 'string', help: 'release of Ubuntu', default: QEMU_DEFAULTS.release },
  'image-server': {
    type: 'string',
    help: "where Ubuntu's cloud images are had",
    default: QEMU_DEFAULTS.imageServer,
  },
  memory: { type: 'string', help: 'MiB of memory', default: String(QEMU_DEFAULTS.memory) },
  cpus: { type: 'string', help: 'processors', default: String(QEMU_DEFAULTS.cpus) },
  disk: { type: 'string', help: 'GiB of the disk', default: String(QEMU_DEFAULTS.disk) },
  accelerator: { type: 'string', help: ACCELERATORS.join(', '), default: QEMU_DEFAULTS.accelerator },
};
