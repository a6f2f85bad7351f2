/** What can be chosen for a machine of QEMU, and what is taken when nothing is. */
import type { Diagnostic } from '../../deployment/diagnostic';
import { RELEASES } from '../ec2/options';
import { between, judged, matches, type Rule } from '../option-rules';

/** How the processors are had: by the processor itself (KVM on Linux, HVF on macOS), or emulated (TCG). */
export const ACCELERATORS = ['auto', 'kvm', 'hvf', 'tcg'] as const;

export interface QemuOptions {
  /** A disk image of one's own, qcow2 or raw; it is read only, the machine writes into a layer over it. */
  readonly image?: string | undefined;
  /** Without an image: Ubuntu's cloud image of this release, `24.04` or its codename. */
  readonly release: string;
  /** Where Ubuntu's cloud images are had; a mirror has the same folders. */
  readonly imageServer: string;
  /** MiB of memory. */
  readonly memory: number;
  readonly cpus: number;
  /** GiB of the disk; never less than the image's. */
  readonly disk: number;
  readonly accelerator: (typeof ACCELERATORS)[number];
  /** How long the machine may live, in minutes; then it is ended, even if this process is long dead. */
  readonly timeLimit: number;
}

/** Pulled and installed the stack takes 5 GiB; emulated, the first boot takes up to half an hour. */
export const QEMU_DEFAULTS: QemuOptions = {
  release: '24.04',
  imageServer: 'https://cloud-images.ubuntu.com',
  memory: 4096,
  cpus: 2,
  disk: 20,
  accelerator: 'auto',
  timeLimit: 120,
};

const RULES: readonly Rule<QemuOptions>[] = [
  { option: 'image', fits: matches(/./), expected: 'the file of a disk image, qcow2 or raw' },
  {
    option: 'release',
    fits: (value) => Object.hasOwn(RELEASES, value) || /^\d\d\.(04|10)$/.test(value),
    expected: `a release of Ubuntu such as ${Object.values(RELEASES).join(', ')}`,
  },
  {
    option: 'imageServer',
    fits: matches(/^https?:\/\/[^/\s?#@]+(?:\/[^\s?#@]*)?$/),
    expected: 'a URL, https://… without user name, query or fragment',
  },
  // Below 2 GiB the stack does not fit; 1 TiB is more than anybody verifies with.
  { option: 'memory', fits: between(2048, 1_048_576), expected: 'a whole number of MiB from 2048' },
  { option: 'cpus', fits: between(1, 64), expected: 'a whole number from 1 to 64' },
  { option: 'disk', fits: between(8, 16_384), expected: 'a whole number of GiB from 8 to 16384' },
  {
    option: 'accelerator',
    fits: (value) => (ACCELERATORS as readonly string[]).includes(value),
    expected: ACCELERATORS.join(', '),
  },
  { option: 'timeLimit', fits: between(5, 1440), expected: 'a whole number of minutes from 5 to 1440' },
];

const LOOPBACK = /^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?:[:/]|$)/;
const PLAIN_HTTP: Diagnostic = {
  severity: 'warning',
  code: 'plain-http',
  path: 'image-server',
  message: 'is reached without TLS',
  hint: 'anyone on the way can replace the image and its checksum; use https',
};

/**
 * Fills the gaps with the defaults and judges what was given.
 * @param asked what was given; undefined counts as not given
 * @returns the options, and a diagnostic for each that cannot be used (after an error the options must not be used either)
 */
export function qemuOptions(
  asked: {
    readonly [Name in keyof QemuOptions]?: QemuOptions[Name] | undefined;
  },
): { readonly options: QemuOptions; readonly diagnostics: readonly Diagnostic[] } {
  const { options, diagnostics } = judged(asked, QEMU_DEFAULTS, RULES);
  const isPlain = /^http:/.test(options.imageServer) && !LOOPBACK.test(options.imageServer);
  const warned = diagnostics.length === 0 && isPlain && options.image === undefined;
  return { options, diagnostics: warned ? [PLAIN_HTTP] : diagnostics };
}

/** The number of a release that may be given by its codename. */
export const releaseNumber = (release: string): string =>
  Object.hasOwn(RELEASES, release) ? RELEASES[release as keyof typeof RELEASES] : release;
