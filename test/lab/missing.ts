// The requirements of a run that this machine lacks, all at once, each with the command that provides it.
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cgroupRoot } from './machines/cgroup';
import { debianMirror } from './machines/debian';

// Grouped by the Debian package that provides them. QEMU is in the lab's own root (machines/tools.ts).
const programs: Readonly<Record<string, readonly string[]>> = {
  chromium: ['chromium'],
  curl: ['curl'],
  'debian-archive-keyring': [],
  gnupg: ['gpg', 'gpgconf'],
  iproute2: ['ip'],
  iptables: ['iptables'],
  mmdebstrap: ['mmdebstrap'],
  openssl: ['openssl'],
  'systemd-container': ['systemd-nspawn'],
  'util-linux': ['mount', 'nsenter', 'setpriv', 'unshare'],
  zstd: ['zstd'],
};
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

// OVERLAYFS_SUPER_MAGIC of linux/magic.h.
const overlay = 0x794c7630;

const isThere = (path: string, mode = constants.X_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

async function onPath(program: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return (await Promise.all(folders.map((folder) => isThere(join(folder, program))))).includes(true);
}

/** @returns one line per missing thing, with the command that provides it; none if a run can start. */
export async function missing(): Promise<string[]> {
  if (process.getuid?.() !== 0) return ['root rights: the lab makes machines, network namespaces and mounts'];
  const lines: string[] = [];
  for (const [name, names] of Object.entries(programs)) {
    const absent: string[] = [];
    for (const program of names) if (!(await onPath(program))) absent.push(program);
    if (name === 'debian-archive-keyring' && !(await isThere(keyring, constants.R_OK))) absent.push(keyring);
    if (absent.length > 0)
      lines.push(`${absent.join(', ')}: install Debian's package ${name}, or all: test/tools lab`);
  }
  if (!(await isThere('dist/cli.js', constants.R_OK))) lines.push('dist/cli.js: run npm run build');
  await debianMirror().catch((error: Error) => lines.push(`a Debian mirror: ${error.message}`));
  const { type } = await statfs('.');
  if (type === overlay)
    lines.push('a file system for .cache/lab that is not an overlay, because overlays do not stack');
  try {
    cgroupRoot();
  } catch (error) {
    lines.push(`control groups: ${(error as Error).message}`);
  }
  return lines;
}
