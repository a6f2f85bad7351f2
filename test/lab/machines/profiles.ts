// Profiles: machines that contain what a published cloud image contains, and nothing that would help. Debian's packages
// stand in for Ubuntu's. The content of each image is recorded here with its source.

export type ProfileName = 'ubuntu-24.04' | 'ubuntu-26.04' | 'debian-12' | 'debian-13' | 'oracle';

/** Packages by their names in the substitute suite, and the source that documents them for the image. */
export interface PackageGroup {
  readonly source: string;
  readonly names: readonly string[];
}

export interface Profile {
  readonly name: ProfileName;
  readonly what: string;
  readonly distro: 'ubuntu' | 'debian';
  /** The content of /etc/os-release. */
  readonly version: string;
  readonly codename: string;
  /** The Debian suite whose packages stand in for the image's. */
  readonly suite: 'bookworm' | 'trixie' | 'sid';
  /** The image's packages, where our scripts could notice them. Only their dependencies are added. */
  readonly packages: readonly PackageGroup[];
  /** Packages that the image does not have, and the machine must not have either. */
  readonly without: readonly string[];
  /** The program that verifies apt's signatures: GnuPG's gpgv, or Sequoia's sqv since apt 2.9.19. */
  readonly signatures: 'gpgv' | 'sqv';
  /** Docker Engine's image store: the classic one, or containerd's, which is the default of new installations since 29. */
  readonly imageStore: 'overlay2' | 'containerd';
  /** An apt source that the provider's image contains, and how it fails. */
  readonly foreignSource?: 'refused' | 'dropped';
  /** Whether apt's daily run starts as soon as the machine is up, and holds apt's locks. */
  readonly busyApt?: true;
  /**
   * Whether uutils are the coreutils, but for cp, mv and rm, and sudo-rs is sudo. A machine with the updates of summer 2026
   * (rust-coreutils 0.8.0-0ubuntu3) was seen with GNU's df as well; uutils' is the harder case, and 25.10 has it.
   */
  readonly uutils?: true;
  /** Whether the firewall's chain INPUT accepts only SSH. */
  readonly firewall?: true;
}

/** A group from one line of names. */
const from = (source: string, names: string): PackageGroup => ({ source, names: names.split(' ') });

const BOOTED = from(
  'what Debian and Ubuntu give the priority required, and what kernel, boot loader and init system of every image bring along',
  'systemd systemd-sysv dbus udev kmod mount login bsdutils e2fsprogs fdisk procps iproute2 adduser locales tzdata',
);

/** Omits packages that only people use (manuals, editors, reportbug), and those that need a kernel of their own. */
const DEBIAN: readonly PackageGroup[] = [
  BOOTED,
  from(
    'debian-cloud-images, config_space/bookworm/package_config/SYSTEM_BOOT (installed without recommended packages)',
    'sudo libpam-systemd systemd-resolved libnss-myhostname netplan.io polkitd unattended-upgrades apparmor zstd ' +
      'apt-utils init iptables iputils-ping less nano netbase vim-tiny whiptail',
  ),
  from('debian-cloud-images, config_space/bookworm/package_config/CLOUD', 'openssh-server ssh-import-id'),
  from('debian-cloud-images, config_space/package_config/GENERIC', 'cloud-init cloud-guest-utils'),
  from(
    'debian-cloud-images, config_space/bookworm/package_config/EXTRAS',
    'bash-completion socat pciutils psmisc ca-certificates curl ethtool uuid-runtime screen xz-utils',
  ),
];

/**
 * Canonical's manifests could not be read. The list is from a machine that was created from Canonical's image. It omits
 * the packages that were added to that machine, and snapd, which would contact its store.
 */
const UBUNTU: readonly PackageGroup[] = [
  BOOTED,
  from(
    "dpkg's list of Mozilla's worker image gw-fxci-gcp-l3-2404-amd64-headless of 2026-09-03 (Ubuntu 24.04.4), made from " +
      "Canonical's ubuntu-2404-lts-amd64; it has the metapackages ubuntu-minimal, ubuntu-standard and ubuntu-server 1.539",
    'init libpam-systemd systemd-resolved netplan.io polkitd unattended-upgrades apparmor zstd apt-utils iptables ' +
      'nftables ufw iputils-ping less netbase vim-tiny whiptail openssh-server ssh-import-id cloud-init ' +
      'cloud-guest-utils bash-completion psmisc ca-certificates curl ethtool uuid-runtime screen tmux xz-utils openssl ' +
      'rsyslog cron python3-apt rsync',
  ),
];

const NOBLE = {
  distro: 'ubuntu',
  version: '24.04',
  codename: 'noble',
  suite: 'trixie',
  packages: [...UBUNTU, from('the same list: sudo 1.9.15, gnupg 2.4.4', 'sudo gnupg dirmngr gpgv')],
  without: ['sudo-rs', 'rust-coreutils'],
  signatures: 'gpgv', // the same list: apt 2.8.3
} as const;

export const PROFILES: readonly Profile[] = [
  {
    ...NOBLE,
    name: 'ubuntu-24.04',
    what: "Ubuntu 24.04's server image; apt's daily run at boot; a provider's source of apt that refuses",
    imageStore: 'overlay2',
    foreignSource: 'refused',
    busyApt: true,
  },
  {
    name: 'ubuntu-26.04',
    what: "Ubuntu 26.04's server image: uutils as the coreutils, sudo-rs, apt 3 with sqv; containerd's image store; a source of apt that is dropped",
    distro: 'ubuntu',
    version: '26.04',
    codename: 'resolute',
    suite: 'sid',
    packages: [
      ...UBUNTU,
      from(
        'apt list --installed of an Ubuntu 26.04: coreutils-from-uutils 0.0.0~ubuntu25, apt 3.2.0, cloud-init 26.1; sudo-rs ' +
          '0.2.13 is /usr/bin/sudo there, by an alternative; kill, ps and uptime stay those of procps. rust-coreutils 0.8.0',
        'rust-coreutils sudo sudo-rs',
      ),
    ],
    // That machine has gnupg 2.4.8, but also compilers, which may have pulled it in. An image without gnupg is harder.
    without: ['gnupg', 'gpg'],
    signatures: 'sqv',
    imageStore: 'containerd',
    foreignSource: 'dropped',
    uutils: true,
  },
  {
    name: 'debian-12',
    what: "Debian 12's genericcloud image: cloud-init 22.4.2 and no gpg; containerd's image store; apt's daily run at boot",
    distro: 'debian',
    version: '12',
    codename: 'bookworm',
    suite: 'bookworm',
    packages: DEBIAN,
    without: ['gnupg', 'gpg', 'sqv'],
    signatures: 'gpgv',
    imageStore: 'containerd',
    busyApt: true,
  },
  {
    name: 'debian-13',
    what: "Debian 13's genericcloud image: apt 3 with sqv and no gpg",
    distro: 'debian',
    version: '13',
    codename: 'trixie',
    suite: 'trixie',
    // The lists of trixie's own folder could not be read; bookworm's were kept for sid, from which it was branched.
    packages: DEBIAN,
    without: ['gnupg', 'gpg'],
    signatures: 'sqv',
    imageStore: 'overlay2',
  },
  {
    ...NOBLE,
    name: 'oracle',
    what: "Oracle Cloud's image of Ubuntu 24.04, whose INPUT takes SSH alone",
    packages: [
      // ufw breaks netfilter-persistent, so that apt installs one of them.
      ...NOBLE.packages.map(({ source, names }) => ({
        source,
        names: names.filter((name) => name !== 'ufw'),
      })),
      from(
        'netfilter-persistent in Oracle\'s tutorial "Apache on Ubuntu", /etc/iptables/rules.v4 as users of the image show it',
        'iptables-persistent netfilter-persistent',
      ),
    ],
    without: [...NOBLE.without, 'ufw'],
    imageStore: 'overlay2',
    firewall: true,
  },
];

export function profileNamed(name: string): Profile {
  const found = PROFILES.find((profile) => profile.name === name);
  if (!found) throw new Error(`there is no profile ${name}; ${PROFILES.map((each) => each.name).join(', ')}`);
  return found;
}

/** The default profile of a run. */
export const DEFAULT_PROFILE: ProfileName = 'ubuntu-24.04';

/** The names of all packages that the profile asks for. */
export const packagesOf = ({ packages }: Pick<Profile, 'packages'>): string[] =>
  [...new Set(packages.flatMap(({ names }) => names))].sort();

/** /etc/iptables/rules.v4 of Oracle's images, without the chain OUTPUT's rules for its block volumes. */
export const ORACLE_RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp -m udp --sport 123 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`;

/** One package of dpkg's status file. `depends`: one list of alternatives for each dependency. */
interface Installed {
  readonly name: string;
  readonly essential: boolean;
  readonly depends: readonly (readonly string[])[];
  readonly provides: readonly string[];
}

const namesIn = (list: string): string[] =>
  list.split(/[,|]/).map((each) => each.trim().split(/[\s(:]/)[0] ?? '');

function installedIn(status: string): Installed[] {
  const paragraphs = status.split(/\n\n+/).filter((paragraph) => / installed$/m.test(paragraph));
  return paragraphs.map((paragraph) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';
    const depends = ['Pre-Depends', 'Depends'].flatMap((name) => field(name).split(',').filter(Boolean));
    return {
      name: field('Package'),
      essential: field('Essential') === 'yes',
      depends: depends.map(namesIn),
      provides: namesIn(field('Provides')),
    };
  });
}

/**
 * Packages that a machine has although its profile does not account for them. Accounted for are the listed packages, those
 * that Debian marks essential, apt, and all dependencies: of alternatives the first installed one, as apt chooses.
 * @param named names of packages
 * @param status dpkg's status file of the machine, /var/lib/dpkg/status
 * @returns their names; an empty list is correct
 */
export function unnamed(named: readonly string[], status: string): string[] {
  const installed = installedIn(status);
  const byName = new Map(installed.map((each) => [each.name, each]));
  const reached = new Set<string>();
  const waiting = [
    'apt',
    ...named,
    ...installed.filter(({ essential }) => essential).map(({ name }) => name),
  ];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const found = byName.get(name);
    if (!found || reached.has(name)) continue;
    reached.add(name);
    for (const alternatives of found.depends) {
      const taken = alternatives.find((each) => byName.has(each));
      const providers = installed.filter(({ provides }) =>
        provides.some((each) => alternatives.includes(each)),
      );
      waiting.push(...(taken === undefined ? providers.map((each) => each.name) : [taken]));
    }
  }
  return installed.map(({ name }) => name).filter((name) => !reached.has(name));
}

/** Names of missing packages, and of packages that must not be installed. */
export function wrongPackages(profile: Pick<Profile, 'packages' | 'without'>, status: string): string[] {
  const names = new Set(installedIn(status).map(({ name }) => name));
  return [
    ...packagesOf(profile).filter((name) => !names.has(name)),
    ...profile.without.filter((name) => names.has(name)),
  ];
}
