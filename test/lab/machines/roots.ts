// Root directories to boot from: a Debian with cloud-init in the state in which a cloud image is delivered, made from
// the packages of the mirror that this host's apt uses. Built once and cached; machines never write into it.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache';
import { bootstrap } from './debian';
import { contained, run } from './run';

/** What a root is made of. `flavour` qemu adds a kernel and the guest agent; `extra` are further Debian packages. */
export interface RootSpec {
  readonly suite?: 'trixie' | 'sid';
  readonly flavour?: 'nspawn' | 'qemu';
  readonly extra?: readonly string[];
}

/** A cached root: its directory (read-only by agreement) and the key of its content. */
export interface Root {
  readonly dir: string;
  readonly key: string;
  readonly suite: string;
}

// What Debian's cloud image has (systemd, networkd by netplan, resolved, cloud-init, sshd), the tools that the
// document may call, and the libraries and tools beneath Docker Engine - Docker itself is for the document to install.
const system =
  'systemd systemd-sysv systemd-resolved libpam-systemd dbus udev netplan.io iproute2 cloud-init cloud-guest-utils';
const tools =
  'openssh-server sudo curl gnupg ca-certificates apt e2fsprogs fdisk procps less iputils-ping locales tzdata';
const beneathDocker = 'iptables nftables adduser netbase kmod libseccomp2 xz-utils apparmor';
const virtual = 'linux-image-cloud-amd64 qemu-guest-agent';

// Counts into the key: raise it when firstBootState() changes what it leaves.
const customisation = 8;

/** The root for a spec: from the cache, else built (about 40 s for trixie). Root rights and mmdebstrap are needed. */
export async function ensureRoot(spec: RootSpec = {}): Promise<Root> {
  const { suite = 'trixie', flavour = 'nspawn', extra = [] } = spec;
  const packages = [system, tools, beneathDocker, flavour === 'qemu' ? virtual : '', ...extra]
    .flatMap((list) => list.split(' '))
    .filter(Boolean)
    .sort();
  const recipe = JSON.stringify({ suite, flavour, packages, customisation });
  const key = `${suite}-${flavour}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`;
  const dir = await cached('roots', key, async (folder) => {
    await bootstrap(folder, { suite, variant: 'important', packages });
    await firstBootState(folder, flavour);
  });
  return { dir, key, suite };
}

async function firstBootState(dir: string, flavour: string): Promise<void> {
  // With ifupdown present cloud-init would write /etc/network/interfaces; cloud images have netplan and networkd,
  // and Debian enables networkd only where nothing else manages the network.
  const inside = (...argv: string[]) => run(contained(['chroot', dir, ...argv]));
  await inside('apt-get', '-qq', '-y', 'purge', 'ifupdown');
  await inside('systemctl', '-q', 'enable', 'systemd-networkd.service');
  await inside('apt-get', 'clean');

  // No source, no list, no option of the build stays: what the machine installs comes from what the document adds.
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
  // Newer than /usr: else the first boot rebuilds caches that are up to date (systemd-update-done.service(8)).
  const now = new Date(Date.now() + 1000);
  for (const stamp of ['etc/.updated', 'var/.updated']) {
    await writeFile(join(dir, stamp), '');
    await utimes(join(dir, stamp), now, now);
  }
}

/**
 * Some 80 of AppArmor's profiles confine nothing: they are flagged unconfined and let a desktop program make user
 * namespaces. No such program is here, and compiling them takes 15 s of an emulated first boot.
 */
async function removeUnconfinedProfiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    if (/^profile .*flags=\([^)]*unconfined/m.test(await readFile(path, 'utf8'))) await rm(path);
  }
}
