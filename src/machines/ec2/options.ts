/** What can be chosen for a machine on EC2, and what is taken when nothing is. Loads nothing of the AWS SDK. */
import type { Diagnostic } from '../../deployment/diagnostic';
import { listFlag, numberFlag, textFlag } from '../backend';
import { between, judged, matches, type Rule } from '../option-rules';

/** Ubuntu releases by the codename that Canonical's image names carry. */
export const RELEASES = { jammy: '22.04', noble: '24.04', resolute: '26.04' } as const;
/** Debian's likewise; the names of its images carry the number. */
export const DEBIAN_RELEASES = { bookworm: '12', trixie: '13' } as const;
export type Release = keyof typeof RELEASES | keyof typeof DEBIAN_RELEASES;

export function isDebian(release: string): release is keyof typeof DEBIAN_RELEASES {
  return Object.hasOwn(DEBIAN_RELEASES, release);
}

/** `24.04` and `noble` are the same; anything else stays as it is, for the rule to refuse. */
function releaseNamed(text: string | undefined): Release | undefined {
  const all = { ...RELEASES, ...DEBIAN_RELEASES };
  const found = Object.entries(all).find(([, version]) => version === text);
  return (found?.[0] ?? text) as Release | undefined;
}

/** The flags that all of EC2's verbs have, as the command line gives them; a wrong value stays, for the rules to refuse. */
export function commonFlags(flags: Readonly<Record<string, unknown>>) {
  return {
    region: textFlag(flags, 'region'),
    profile: textFlag(flags, 'profile'),
    instanceType: textFlag(flags, 'instance-type'),
    release: releaseNamed(textFlag(flags, 'release')) ?? (flags.distro === 'debian' ? 'trixie' : undefined),
    image: textFlag(flags, 'image'),
    disk: numberFlag(flags, 'disk'),
    subnet: textFlag(flags, 'subnet'),
    publicAddress: flags['no-public-address'] !== true,
    tags: listFlag(flags, 'tag'),
    yes: flags.yes === true,
  };
}

/** Which account and region is asked; undefined means what the SDK finds in environment and ~/.aws. */
export interface Ec2Account {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
}

export interface Ec2Options extends Ec2Account {
  /** Decides the architecture too: a t4g, m7g or c8g is arm64. */
  readonly instanceType: string;
  readonly release: Release;
  /** An image of one's own instead of Canonical's newest, such as a baked one. */
  readonly image?: string | undefined;
  /** GiB of the root disk; never less than the image's. */
  readonly disk: number;
  /** Where there is no default VPC, or another network is wanted. */
  readonly subnet?: string | undefined;
  /** Whether it gets a public IPv4 address; without one it needs another way out, such as a NAT gateway. */
  readonly publicAddress: boolean;
  /** Tags of one's own on everything that is made, each KEY=VALUE. */
  readonly tags?: readonly string[] | undefined;
  /** Name of a key pair in the account; opens TCP 22. */
  readonly keyPair?: string | undefined;
  /** Try a spot instance first. */
  readonly spot: boolean;
  /** Opens TCP 80, 443 and 8448 to the world. */
  readonly open: boolean;
  /** The machine powers itself off when the time is over, even if this process is long dead. */
  readonly deadMan: boolean;
  /** How long the machine may live, in minutes. */
  readonly timeLimit: number;
  /** Start without asking. */
  readonly yes: boolean;
}

/** t3.small has the 2 GiB of memory that the whole stack needs. */
export const EC2_DEFAULTS: Ec2Options = {
  instanceType: 't3.small',
  release: 'noble',
  disk: 16,
  publicAddress: true,
  spot: false,
  open: false,
  deadMan: true,
  timeLimit: 60,
  yes: false,
};

/** What `String` puts between the members of a list. */
const TAGS_APART = ',';

const RULES: readonly Rule<Ec2Options>[] = [
  {
    option: 'region',
    fits: matches(/^[a-z]{2,4}(-[a-z]+)+-\d+$/),
    expected: 'a region such as eu-central-1',
  },
  { option: 'profile', fits: matches(/^[\w.@:+/=-]+$/), expected: 'the name of a profile in ~/.aws/config' },
  {
    option: 'instanceType',
    fits: matches(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/),
    expected: 'an instance type such as t3.small, or t4g.small for arm64',
  },
  {
    option: 'release',
    fits: (value) => Object.hasOwn(RELEASES, value) || isDebian(value),
    expected: `${Object.values(RELEASES).join(', ')}, or of Debian ${Object.values(DEBIAN_RELEASES).join(', ')}`,
  },
  { option: 'image', fits: matches(/^ami-[0-9a-f]{8,17}$/), expected: 'the id of an image, ami-…' },
  { option: 'subnet', fits: matches(/^subnet-[0-9a-f]{8,17}$/), expected: 'the id of a subnet, subnet-…' },
  {
    option: 'tags',
    fits: (value) =>
      value.split(TAGS_APART).every((tag) => /^(?!aws:|gen-cloudinit:|Name=)[^=]{1,128}=.{0,256}$/.test(tag)),
    expected: 'KEY=VALUE, such as team=chat',
  },
  { option: 'keyPair', fits: matches(/^[\x20-\x7e]{1,255}$/), expected: 'the name of a key pair' },
  // 16,384 GiB is the most that a gp3 volume had for years; nobody needs more here.
  { option: 'disk', fits: between(8, 16_384), expected: 'a whole number of GiB from 8 to 16384' },
  // Less than 10 minutes is less than the images take to be pulled; 12 hours is a working day.
  { option: 'timeLimit', fits: between(10, 720), expected: 'a whole number of minutes from 10 to 720' },
];

/**
 * Fills the gaps with the defaults and judges what was given.
 * @param asked what was given; undefined counts as not given
 * @returns the options, and a diagnostic for each that cannot be used (then the options must not be used either)
 */
export function ec2Options(asked: { readonly [Name in keyof Ec2Options]?: Ec2Options[Name] | undefined }): {
  readonly options: Ec2Options;
  readonly diagnostics: readonly Diagnostic[];
} {
  return judged(asked, EC2_DEFAULTS, RULES);
}
