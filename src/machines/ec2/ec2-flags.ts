/** The flags of a machine on EC2. Loads nothing of the AWS SDK. */
import type { Distro } from '../../config/deployment';
import { type FlagTable, type FlagValues, readFlags } from '../../config/flags';
import { between, matches } from '../../config/rules';
import { timeLimit } from '../machine';

/** Ubuntu releases by the codename that Canonical's image names carry. */
export const RELEASES = { jammy: '22.04', noble: '24.04', resolute: '26.04' } as const;
/** Debian's likewise; the names of its images carry the number. */
export const DEBIAN_RELEASES = { bookworm: '12', trixie: '13' } as const;
export type Release = keyof typeof RELEASES | keyof typeof DEBIAN_RELEASES;

export function isDebian(release: string): release is keyof typeof DEBIAN_RELEASES {
  return Object.hasOwn(DEBIAN_RELEASES, release);
}

/** The flags of all of EC2's verbs. */
export const ACCOUNT_FLAGS = {
  region: {
    type: 'string',
    help: 'AWS region',
    defaultText: 'that of the aws command',
    rule: matches(/^[a-z]{2,4}(-[a-z]+)+-\d+$/, 'a region such as eu-central-1'),
  },
  profile: {
    type: 'string',
    help: 'profile in ~/.aws',
    defaultText: 'that of the aws command',
    rule: matches(/^[\w.@:+/=-]+$/, 'the name of a profile in ~/.aws/config'),
  },
} as const satisfies FlagTable;

const RELEASE_LIST = `${Object.values(RELEASES).join(', ')}, or of Debian ${Object.values(DEBIAN_RELEASES).join(', ')}`;

/** The flags of the verbs that start a machine. t3.small has the 2 GiB of memory that the whole stack needs. */
export const INSTANCE_FLAGS = {
  ...ACCOUNT_FLAGS,
  'instance-type': {
    type: 'string',
    help: 'type of the instance; t4g, m7g and c8g are arm64',
    default: 't3.small',
    rule: matches(
      /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
      'an instance type such as t3.small, or t4g.small for arm64',
    ),
  },
  release: {
    type: 'string',
    help: `release: ${RELEASE_LIST}`,
    defaultText: '24.04',
    rule: (value) => (releaseNamed(value) ? undefined : { expected: RELEASE_LIST }),
  },
  image: {
    type: 'string',
    help: 'ID of an image (ami-...), such as a baked one',
    defaultText: 'the newest of the distribution',
    rule: matches(/^ami-[0-9a-f]{8,17}$/, 'the ID of an image, ami-…'),
  },
  // For years 16,384 GiB was the maximum of a gp3 volume, and no verification needs more.
  disk: {
    type: 'number',
    help: "root disk in GiB, or such as 20G; never smaller than the image's",
    default: 16,
    unit: 'GiB',
    rule: between(8, 16_384, 'GiB'),
  },
  subnet: {
    type: 'string',
    help: 'ID of a subnet',
    defaultText: 'one of the default VPC',
    rule: matches(/^subnet-[0-9a-f]{8,17}$/, 'the ID of a subnet, subnet-…'),
  },
  'no-public-address': { type: 'boolean', help: 'no public IPv4 address; needs a NAT gateway or the like' },
  tag: {
    type: 'strings',
    help: 'KEY=VALUE on everything that is made; repeatable',
    rule: matches(/^(?!aws:|gen-cloudinit:|Name=)[^=]{1,128}=.{0,256}$/, 'KEY=VALUE, such as team=chat'),
  },
  yes: { type: 'boolean', help: 'start without asking; it costs money' },
  // Pulling the images alone takes 10 minutes; 12 hours is a working day.
  'time-limit': timeLimit(10, 720, 60),
} as const satisfies FlagTable;

export const EC2_FLAGS = {
  ...INSTANCE_FLAGS,
  'key-pair': {
    type: 'string',
    help: 'name of a key pair; opens TCP 22',
    defaultText: 'none',
    rule: matches(/^[\x20-\x7e]{1,255}$/, 'the name of a key pair'),
  },
  spot: { type: 'boolean', help: 'try a spot instance first' },
  open: { type: 'boolean', help: 'open TCP 80, 443 and 8448, to probe from outside' },
  'no-dead-man': { type: 'boolean', help: 'the machine does not power itself off after the time limit' },
} as const satisfies FlagTable;

/** `24.04` and `noble` are the same. */
function releaseNamed(text: string): Release | undefined {
  const all = { ...RELEASES, ...DEBIAN_RELEASES };
  return (Object.keys(all) as Release[]).find((name) => name === text || all[name] === text);
}

/** The account and region to use; undefined means what the SDK finds in environment and ~/.aws. */
export interface Ec2Account {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
}

export interface Ec2Options extends Ec2Account {
  /** Also decides the architecture: a t4g, m7g or c8g is arm64. */
  readonly instanceType: string;
  readonly release: Release;
  /** An image of the user's own instead of Canonical's newest, such as a baked one. */
  readonly image?: string | undefined;
  /** GiB of the root disk; never less than the image's. */
  readonly disk: number;
  /** Needed without a default VPC, or to use another network. */
  readonly subnet?: string | undefined;
  /** Whether it gets a public IPv4 address; without one it needs another way out, such as a NAT gateway. */
  readonly publicAddress: boolean;
  /** The user's own tags on everything that the run creates, each KEY=VALUE. */
  readonly tags?: readonly string[] | undefined;
  /** Name of a key pair in the account; opens TCP 22. */
  readonly keyPair?: string | undefined;
  /** Try a spot instance first. */
  readonly spot: boolean;
  /** Opens TCP 80, 443 and 8448 to the world. */
  readonly open: boolean;
  /** The machine powers itself off when the time is over, even if this process ended long ago. */
  readonly deadMan: boolean;
  /** How long the machine may live, in minutes. */
  readonly timeLimit: number;
  /** Start without asking. */
  readonly yes: boolean;
}

/** @param distro of the document, which decides the release unless one is given */
export function ec2Options(
  values: FlagValues<typeof INSTANCE_FLAGS> & Partial<FlagValues<typeof EC2_FLAGS>>,
  distro: Distro = 'ubuntu',
): Ec2Options {
  const { noPublicAddress, noDeadMan, tag, release, spot = false, open = false, ...same } = values;
  return {
    ...same,
    spot,
    open,
    release: releaseNamed(release ?? '') ?? (distro === 'debian' ? 'trixie' : 'noble'),
    publicAddress: !noPublicAddress,
    tags: tag,
    deadMan: noDeadMan !== true,
  };
}

export const EC2_DEFAULTS: Ec2Options = ec2Options(readFlags(EC2_FLAGS, {}).values);
