// Control groups (version 2) of the lab. Every process of a machine is in one group, so the lab can end all of them
// together and misses none.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pause } from './run';

const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** Where version 2 is mounted: at the top, or below `unified` on a host that also has version 1 (cgroups(7)). */
export function cgroupRoot(): string {
  const root = roots.find((path) => existsSync(join(path, 'cgroup.controllers')));
  if (!root) throw new Error('no version 2 control group hierarchy is mounted');
  return root;
}

/**
 * Every folder in which a group of the lab can appear. On a host that also has version 1, systemd-nspawn
 * repeats its group there in the hierarchy named systemd.
 */
export const hierarchies = (): string[] =>
  [...roots, '/sys/fs/cgroup/systemd'].filter((path) => existsSync(path));

/**
 * Creates a group, unless it exists, and returns its path. Its parent must exist: otherwise a process that enters a machine
 * while it ends would recreate the machine's group.
 */
export async function createCgroup(path: string): Promise<string> {
  await mkdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return path;
}

/**
 * The argv that runs a program in a group. The process enters the group before it executes the program, so that all its
 * children are inside; "0" means the writing process (cgroups(7)).
 */
export const inGroup = (path: string, argv: readonly string[]): string[] => [
  ...['sh', '-euc', 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"', 'sh', path],
  ...argv,
];

/** Ends every process of a group and of those below it with SIGKILL, waits for them, and removes the groups. */
export async function endCgroup(path: string, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (existsSync(path)) {
    try {
      // Atomic for the whole subtree, forks included (kernel documentation, cgroup-v2, cgroup.kill).
      await writeFile(join(path, 'cgroup.kill'), '1');
      if (/populated 0/.test(await readFile(join(path, 'cgroup.events'), 'utf8'))) {
        for (const root of hierarchies()) await removeEmpty(join(root, basename(path)));
        return;
      }
    } catch (error) {
      if (!isBusyOrGone(error) || Date.now() > end) throw error;
    }
    if (Date.now() > end) throw new Error(`processes of ${path} outlived SIGKILL for ${timeoutMs} ms`);
    await pause(50);
  }
}

async function removeEmpty(path: string): Promise<void> {
  if (!existsSync(path)) return;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmpty(join(path, entry.name));
  }
  await rmdir(path);
}

/** Whether a group could not be used because it is in use, or is being removed. */
export function isBusyOrGone(error: unknown): boolean {
  return ['EBUSY', 'ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
}
