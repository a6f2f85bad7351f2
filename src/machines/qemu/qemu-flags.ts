/** The flags of a machine of QEMU. */
import { type FlagTable, type FlagValues, readFlags } from '../../config/flags';
import { between, matches } from '../../config/rules';
import type { Diagnostic } from '../../diagnostics/diagnostic';
import { RELEASES } from '../ec2/ec2-flags';
import { timeLimit } from '../machine';

/** Pulled and installed, the stack takes 5 GiB; an emulated first boot takes up to half an hour. */
export const QEMU_FLAGS = {
  image: {
    type: 'string',
    help: 'disk image, qcow2 or raw; it is only read',
    defaultText: "Ubuntu's cloud image, from a local cache",
  },
  release: {
    type: 'string',
    help: 'release of Ubuntu',
    default: '24.04',
    rule: (value) =>
      Object.hasOwn(RELEASES, value) || /^\d\d\.(04|10)$/.test(value)
        ? undefined
        : { expected: `a release of Ubuntu such as ${Object.values(RELEASES).join(', ')}` },
  },
  'image-server': {
    type: 'string',
    help: "where Ubuntu's cloud images are downloaded from; a mirror has the same folders",
    default: 'https://cloud-images.ubuntu.com',
    rule: matches(
      /^https?:\/\/[^/\s?#@]+(?:\/[^\s?#@]*)?$/,
      'a URL, https://… without user name, query or fragment',
    ),
  },
  // The stack needs 2 GiB; no verification needs more than 1 TiB.
  memory: {
    type: 'number',
    help: 'memory in MiB, or such as 4G',
    default: 4096,
    unit: 'MiB',
    rule: between(2048, 1_048_576, 'MiB'),
  },
  cpus: { type: 'number', help: 'processors', default: 2, rule: between(1, 64, 'processors') },
  disk: {
    type: 'number',
    help: "disk in GiB, or such as 20G; never smaller than the image's",
    default: 20,
    unit: 'GiB',
    rule: between(8, 16_384, 'GiB'),
  },
  accelerator: {
    type: 'string',
    help: 'how processors run: with KVM (Linux), with HVF (macOS), or emulated (tcg)',
    default: 'auto',
    choices: ['auto', 'kvm', 'hvf', 'tcg'],
  },
  'time-limit': timeLimit(1, 1440, 120),
} as const satisfies FlagTable;

/** `timeLimit` is how long the machine may live, in minutes; then it ends, even if this process ended long ago. */
export type QemuOptions = FlagValues<typeof QEMU_FLAGS>;

export const QEMU_DEFAULTS: QemuOptions = readFlags(QEMU_FLAGS, {}).values;

const LOOPBACK = /^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?:[:/]|$)/;

/** Settings that work, but hardly as intended. */
export function qemuWarnings({ image, imageServer }: QemuOptions): Diagnostic[] {
  if (image !== undefined || !/^http:/.test(imageServer) || LOOPBACK.test(imageServer)) return [];
  return [
    {
      severity: 'warning',
      code: 'plain-http',
      path: 'image-server',
      message: 'is reached without TLS',
      hint: 'an attacker on the network can replace the image and its checksum; use https',
    },
  ];
}

/** The number of a release; it may be given by its codename. */
export const releaseNumber = (release: string): string =>
  Object.hasOwn(RELEASES, release) ? RELEASES[release as keyof typeof RELEASES] : release;
