// What is slow to make (root filesystems, package downloads) is kept under .cache/lab, each entry named by a
// hash of everything that it depends on. `rm -rf .cache/lab` is always safe while no lab runs.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The folder of all caches and runs, in the checkout (the tests' working directory is its root). */
export const cacheRoot = resolve('.cache/lab');

/** Hex SHA-256 of a text or of bytes. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** A hash of the names, executable bits and contents of all files in a folder, to any depth. */
export async function hashTree(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((f) => f.isFile());
  const paths = files.map((f) => join(f.parentPath, f.name)).sort();
  const lines = paths.map(async (path) => {
    const executable = ((await stat(path)).mode & 0o100) !== 0;
    return `${path.slice(folder.length)} ${executable} ${sha256(await readFile(path))}`;
  });
  return sha256((await Promise.all(lines)).join('\n'));
}

/** Whether a process lives. A pid that was reused counts as living: that only makes a wait longer. */
export const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Holds a lock file that carries our pid while `work` runs; a lock whose holder died is taken over. */
async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await writeFile(file, `${process.pid}`, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
      if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
      else await sleep(500);
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * The folder that `build` fills, made once for each value of `depends`.
 * @param name the first part of the folder's name, for people.
 * @param depends everything that the content depends on; it is hashed as JSON.
 * @param build fills the empty folder that it is given; if it throws, nothing is kept.
 * @returns the folder's path; two processes that ask at the same time build it once.
 */
export async function cached(
  name: string,
  depends: unknown,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheRoot, `${name}-${sha256(JSON.stringify(depends)).slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheRoot, { recursive: true });
  return locked(`${folder}.lock`, async () => {
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    try {
      await build(partial);
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return folder;
  });
}
