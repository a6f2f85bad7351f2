// What the lab makes once and keeps between runs: folders named by what is in them, complete or absent.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Everything that the lab keeps lies below this folder of the checkout; removing it is always safe between runs. */
export const labCache = (): string => resolve('.cache/lab');

const underWay = new Map<string, Promise<void>>();

/**
 * The folder `kind/key` of the cache, made by `make` (which gets an empty folder to fill) if it is not there. A key
 * must name all that the content depends on. An interrupted `make` leaves nothing that could be taken for complete.
 */
export async function cached(
  kind: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(labCache(), kind, key);
  if (!existsSync(folder)) {
    // Two users in one process wait for one making; of two processes the first to finish wins.
    const making = underWay.get(folder) ?? fill(folder, make).finally(() => underWay.delete(folder));
    underWay.set(folder, making);
    await making;
  }
  return folder;
}

async function fill(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const partial = `${folder}.${process.pid}.partial`;
  await mkdir(dirname(folder), { recursive: true });
  await removePartials(dirname(folder));
  try {
    await mkdir(partial);
    await make(partial);
    await rename(partial, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Removes what interrupted makings left: their folders end with the number of a process that is gone. */
async function removePartials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
