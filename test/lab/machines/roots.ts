// Root directories to boot from: a Debian with cloud-init in the state in which a cloud image is delivered, made from
// the packages of the mirror that this host's apt uses. Built once and cached; machines never write into it.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { archiveUrl, signingKey } from '../world/apt-repository';
import { dropped, refusing } from '../world/netns';
import { cached } from './cache';
import { bootstrap } from './debian';
import { ORACLE_RULES, type Profile, packagesOf, unnamed, wrongPackages } from './profiles';
import { contained, run } from './run';

/** The settings of a root. `flavour` qemu adds a kernel and the guest agent. */
export interface RootSpec {
  readonly profile: Profile;
  readonly flavour?: 'nspawn' | 'qemu';
}

/** A cached root: its directory (read-only by agreement) and the key of its content. */
export interface Root {
  readonly dir: string;
  readonly key: string;
  /** The packages that are requested by name. */
  readonly packages: readonly string[];
}

const virtual = ['linux-image-cloud-amd64', 'qemu-guest-agent'];

// Part of the cache key: increase it when the result of firstBootState() changes.
const customisation = 13;

/**
 * The root for a spec, from the cache or built (about 40 s). Building needs root and mmdebstrap.
 * @throws if it contains a package that the profile does not name, or lacks one
 */
export async function ensureRoot({ profile, flavour = 'nspawn' }: RootSpec): Promise<Root> {
  const { name, suite } = profile;
  const packages = [...new Set([...packagesOf(profile), ...(flavour === 'qemu' ? virtual : [])])].sort();
  const key = await readFile((await signingKey()).armoured, 'utf8');
  const recipe = JSON.stringify({ profile, flavour, customisation, ORACLE_RULES, key });
  const rootKey = `${name}-${flavour}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`;
  const dir = await cached('roots', rootKey, async (folder) => {
    await bootstrap(folder, { suite, variant: 'essential', packages });
    await firstBootState(folder, flavour);
    await asPublished(folder, profile, key);
    const wrong = await wronglyPackaged(folder, profile, packages);
    if (wrong.length > 0) throw new Error(`the root of ${name} has or lacks packages: ${wrong.join(', ')}`);
  });
  return { dir, key: rootKey, packages };
}

/** A root's packages that its list does not account for, listed ones that are missing, and ones that the image lacks. */
export async function wronglyPackaged(
  dir: string,
  profile: Profile,
  named: readonly string[] = packagesOf(profile),
): Promise<string[]> {
  const status = await readFile(join(dir, 'var/lib/dpkg/status'), 'utf8');
  return [...wrongPackages(profile, status), ...unnamed(named, status)];
}

/** Makes a root match the published image. */
async function asPublished(dir: string, profile: Profile, archiveKey: string): Promise<void> {
  const file = async (path: string, content: string) => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  };
  // Without it cloud-init 22.4 makes a locale and fails (debian-cloud-images, config_space/files/etc/default/locale/DEBIAN).
  await file('etc/default/locale', 'LANG=C.UTF-8\n');
  // The distribution's archive is the lab's, with what Docker depends on.
  await file('usr/share/keyrings/lab-archive.asc', archiveKey);
  await file(
    `etc/apt/sources.list.d/${profile.distro}.sources`,
    source(archiveUrl, profile.codename, '/usr/share/keyrings/lab-archive.asc'),
  );
  if (profile.distro === 'ubuntu') await becomeUbuntu(dir, profile, file);
  if (profile.imageStore === 'containerd') {
    // The engine here is older than 29; this makes it do what 29 does by default, and leaves daemon.json alone.
    const unit = '[Service]\nEnvironment=DOCKER_OPTS=--feature=containerd-snapshotter=true\n';
    await file('etc/systemd/system/docker.service.d/image-store.conf', unit);
  }
  if (profile.foreignSource) {
    const host = profile.foreignSource === 'refused' ? refusing : dropped;
    await file(
      'etc/apt/sources.list.d/provider-agent.sources',
      source(`http://${host}/agent`, profile.codename, '/usr/share/keyrings/lab-archive.asc'),
    );
  }
  if (profile.busyApt) {
    // The earliest moment of the twelve hours that the timer chooses from.
    const timer = '[Timer]\nOnCalendar=\nOnBootSec=1s\nRandomizedDelaySec=0\n';
    await file('etc/systemd/system/apt-daily.timer.d/at-boot.conf', timer);
  }
  if (profile.firewall) await file('etc/iptables/rules.v4', ORACLE_RULES);
  if (profile.uutils) await uutils(dir);
  if (profile.signatures === 'gpgv') {
    // apt uses sqv if its method is installed; versions before 2.9.19 have no such method.
    for (const path of ['usr/lib/apt/methods/sqv', 'usr/bin/sqv']) await rm(join(dir, path), { force: true });
  }
}

/** An apt source in the deb822 format, as in today's images. */
const source = (uri: string, suite: string, key: string): string =>
  `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nSigned-By: ${key}\n`;

async function becomeUbuntu(
  dir: string,
  { version, codename }: Profile,
  file: (path: string, content: string) => Promise<void>,
): Promise<void> {
  await rm(join(dir, 'etc/os-release'), { force: true });
  const release = [
    `PRETTY_NAME="Ubuntu ${version} LTS"`,
    'NAME="Ubuntu"',
    `VERSION_ID="${version}"`,
    `VERSION_CODENAME=${codename}`,
    'ID=ubuntu',
    'ID_LIKE=debian',
    `UBUNTU_CODENAME=${codename}`,
  ];
  await file('etc/os-release', `${release.join('\n')}\n`);
  const settings = await readFile(join(dir, 'etc/cloud/cloud.cfg'), 'utf8');
  await file(
    'etc/cloud/cloud.cfg',
    settings.replace(/^( *distro: )debian$/m, '$1ubuntu').replace(/^( *name: )debian$/m, '$1ubuntu'),
  );
}

/** As Ubuntu's coreutils-from-uutils: GNU's programs have gnu before their names, but for three that stay what they are. */
async function uutils(dir: string): Promise<void> {
  const place = 'usr/lib/cargo/bin/coreutils';
  const theirs = await readdir(join(dir, place));
  // Programs of that name in other packages, such as kill and uptime of procps, stay as well.
  const list = await readFile(join(dir, 'var/lib/dpkg/info/coreutils.list'), 'utf8');
  for (const path of list.split('\n').filter((each) => /\/s?bin\/./.test(each))) {
    const name = basename(path);
    if (['cp', 'mv', 'rm'].includes(name) || !theirs.includes(name)) continue;
    await rename(join(dir, path), join(dir, 'usr/bin', `gnu${name}`));
    await symlink(`/${place}/${name}`, join(dir, path));
  }
  for (const name of ['sudo', 'visudo']) {
    const path = join(dir, name === 'sudo' ? 'usr/bin' : 'usr/sbin', name);
    await rename(path, `${path}.ws`);
    await symlink(`/usr/lib/cargo/bin/${name}`, path);
  }
}

async function firstBootState(dir: string, flavour: string): Promise<void> {
  // cloud images have netplan and networkd, and Debian enables networkd only where nothing else manages the network.
  const inside = (...argv: string[]) => run(contained(['chroot', dir, ...argv]));
  await inside('systemctl', '-q', 'enable', 'systemd-networkd.service');
  await inside('apt-get', 'clean');
  if (flavour === 'nspawn') {
    // No udev runs in a container, and netplan since 1.2 fails if it cannot trigger it.
    const folder = join(dir, 'etc/systemd/system/netplan-configure.service.d');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'container.conf'), '[Service]\nExecStartPost=\n');
  }

  // Removes the sources, lists and options of the build: the machine installs only from sources that the document adds.
  // The folders themselves stay: with /var/log/journal the journal outlives a boot, as Debian has it.
  for (const folder of ['etc/apt/sources.list.d', 'var/lib/apt/lists', 'var/lib/cloud', 'var/log/journal']) {
    for (const entry of await readdir(join(dir, folder)).catch(() => [])) {
      await rm(join(dir, folder, entry), { recursive: true, force: true });
    }
  }
  const gone = [
    'etc/apt/apt.conf.d/99mmdebstrap',
    'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
    'etc/apt/sources.list',
    'var/lib/dbus/machine-id',
    'etc/resolv.conf',
  ];
  for (const file of gone) await rm(join(dir, file), { force: true });
  for (const file of await readdir(join(dir, 'etc/ssh'))) {
    if (file.startsWith('ssh_host_')) await rm(join(dir, 'etc/ssh', file));
  }
  await symlink('../run/systemd/resolve/stub-resolv.conf', join(dir, 'etc/resolv.conf'));
  await writeFile(join(dir, 'etc/apt/sources.list'), '');
  // Empty, not absent: systemd then makes an id at boot without running its first-boot presets.
  await writeFile(join(dir, 'etc/machine-id'), '');
  await writeFile(join(dir, 'etc/hostname'), 'localhost\n');
  await writeFile(join(dir, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n');
  await removeUnconfinedProfiles(join(dir, 'etc/apparmor.d'));
  if (flavour === 'qemu') {
    await writeFile(join(dir, 'etc/fstab'), 'LABEL=cloudimg-rootfs / ext4 defaults,x-systemd.growfs 0 1\n');
  } else {
    await rm(join(dir, 'etc/fstab'), { force: true });
  }
  // Newer than /usr: otherwise the first boot rebuilds caches that are up to date (systemd-update-done.service(8)).
  const now = new Date(Date.now() + 1000);
  for (const stamp of ['etc/.updated', 'var/.updated']) {
    await writeFile(join(dir, stamp), '');
    await utimes(join(dir, stamp), now, now);
  }
}

/**
 * Some 80 of AppArmor's profiles confine nothing: they are flagged unconfined and let a desktop program make user
 * namespaces. The root has no such program, and compiling the profiles takes 15 s of an emulated first boot.
 */
async function removeUnconfinedProfiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    if (/^profile .*flags=\([^)]*unconfined/m.test(await readFile(path, 'utf8'))) await rm(path);
  }
}
