// Slow results (root filesystems, package downloads) stay under .cache/lab, each entry named by a
// hash of everything that it depends on. `rm -rf .cache/lab` is always safe while no lab runs.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cached as keep, labCache } from '../machines/cache';

/** The folder of all caches and runs, in the checkout (the tests' working directory is its root). */
export const cacheRoot = labCache();

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

/**
 * The folder that `build` fills, made once for each value of `depends`.
 * @param name the first part of the folder's name, for people.
 * @param depends everything that the content depends on; it is hashed as JSON.
 * @param build fills the empty folder that it is given; if it throws, nothing is kept.
 * @returns the folder's path; two processes that ask at the same time build it once.
 */
export const cached = (
  name: string,
  depends: unknown,
  build: (folder: string) => Promise<void>,
): Promise<string> => keep('.', `${name}-${sha256(JSON.stringify(depends)).slice(0, 16)}`, build);
