// The programs for virtual machines (QEMU, and those that make its disks) come from a root of their own:
// the same versions on every host, and newer than an older Debian's, whose emulation is slower by a third.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, labCache } from './cache';
import { bootstrap } from './debian';
import { contained, run } from './run';

const packages = [
  'busybox-static',
  'e2fsprogs',
  'fdisk',
  'mtools',
  'qemu-system-x86',
  'qemu-utils',
  'syslinux',
  'syslinux-common',
  'xz-utils',
  'zstd',
];

/** The folder of the tools' root, from the cache or built (some 15 s). */
export function toolRoot(): Promise<string> {
  const key = `trixie-${packages.join('-')}`;
  return cached('tools', key, async (folder) => {
    await bootstrap(folder, { suite: 'trixie', variant: 'essential', packages });
    await mkdir(join(folder, 'lab'));
  });
}

// Mounts only in the namespace of the calling process, so that the cached root does not change.
const enter = `
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/lab"
root=$1 cwd=$3
shift 3
exec chroot "$root" env --chdir="$cwd" "$@"`;

/** The path by which a tool knows a file of the lab's cache. */
export const inTools = (path: string): string => join('/lab', path.slice(labCache().length));

/** The argv that runs a tool in a folder of the cache; for use within `contained`. */
export const toolCommand = (tools: string, cwd: string, argv: readonly string[]): string[] => [
  ...['sh', '-euc', enter, 'sh', tools, labCache(), inTools(cwd)],
  ...argv,
];

/** Runs a tool in a folder of the cache and returns its standard output; throws a RunError if it fails. */
export async function runTool(cwd: string, argv: readonly string[], input?: string): Promise<string> {
  const command = contained(toolCommand(await toolRoot(), cwd, argv));
  return run(command, input === undefined ? {} : { input });
}
