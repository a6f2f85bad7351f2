/** Files of a system that is not running, as an audit reads them. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Bytes. */
  readonly size: number;
}

/** Paths are absolute within the system. No link is followed: an absolute one would lead out of it. */
export interface Tree {
  /** The names in a directory; none where the directory is missing. */
  list(path: string): Promise<readonly Entry[]>;
  /** The content of a regular file; undefined where it is missing. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** A system whose root is a directory here. */
export function directoryTree(root: string): Tree {
  /** Where a path is here; undefined when a link is on the way. */
  const inside = async (path: string): Promise<string | undefined> => {
    let whole = root;
    for (const part of path.split('/').filter(Boolean)) {
      whole = join(whole, part);
      if ((await lstat(whole).catch(() => undefined))?.isSymbolicLink()) return undefined;
    }
    return whole;
  };
  return {
    async list(path) {
      const folder = await inside(path);
      if (folder === undefined) return [];
      const found = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
        throw error;
      });
      return Promise.all(
        found.map(async (entry) => ({
          name: entry.name,
          kind: entry.isFile()
            ? 'file'
            : entry.isDirectory()
              ? 'directory'
              : entry.isSymbolicLink()
                ? 'link'
                : 'other',
          size: entry.isFile() ? (await lstat(join(folder, entry.name))).size : 0,
        })),
      );
    },
    async read(path) {
      const file = await inside(path);
      if (file === undefined) return undefined;
      return (await lstat(file).catch(() => undefined))?.isFile() ? readFile(file) : undefined;
    },
  };
}

/** One entry of a tree by its path. */
export async function entryAt(tree: Tree, path: string): Promise<Entry | undefined> {
  const cut = path.lastIndexOf('/');
  const name = path.slice(cut + 1);
  return (await tree.list(path.slice(0, cut) || '/')).find((entry) => entry.name === name);
}

/**
 * The paths that match a pattern in which `*` stands for a part of one name. As in a shell, it does not match the
 * dot at the start of a name.
 */
export async function expand(tree: Tree, pattern: string): Promise<string[]> {
  let paths = [''];
  for (const part of pattern.split('/').slice(1)) {
    const fits = new RegExp(`^${part.replace(/[.+]/g, '\\$&').replaceAll('*', '.*')}$`);
    const next: string[] = [];
    for (const path of paths) {
      for (const { name } of await tree.list(path || '/')) {
        if (fits.test(name) && (part.startsWith('.') || !name.startsWith('.'))) next.push(`${path}/${name}`);
      }
    }
    paths = next;
  }
  return paths;
}

/** Every regular file below a directory, except below the omitted ones. */
export async function* filesBelow(
  tree: Tree,
  path: string,
  without: readonly string[],
): AsyncGenerator<{ readonly path: string; readonly size: number }> {
  for (const { name, kind, size } of await tree.list(path)) {
    const whole = `${path === '/' ? '' : path}/${name}`;
    if (kind === 'file') yield { path: whole, size };
    if (kind === 'directory' && !without.includes(whole)) yield* filesBelow(tree, whole, without);
  }
}
