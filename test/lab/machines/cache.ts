// Results that the lab keeps between runs: folders named by a hash of their inputs, either complete or absent.
import { existsSync, realpathSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTime } from './processes';

/** The lab keeps everything below this folder of the checkout. Removing it between runs is always safe. */
export function labCache(): string {
  const path = resolve('.cache/lab');
  // Mounts are listed by their real path.
  return existsSync(path) ? realpathSync(path) : path;
}

const underWay = new Map<string, Promise<void>>();
let tell: (line: string) => void = () => {};

/** Reports to a listener, one line each, what is being built and how long it took; a first run takes minutes. */
export function onMaking(listener: (line: string) => void): void {
  tell = listener;
}

/**
 * The folder `kind/key` of the cache. If it is missing, `make` fills an empty folder. A key must name everything that the
 * content depends on. An interrupted `make` leaves nothing that looks complete.
 */
export async function cached(
  kind: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(labCache(), kind, key);
  if (!existsSync(folder)) {
    // Callers in one process share one build; processes wait for each other.
    const making = underWay.get(folder) ?? fill(folder, make).finally(() => underWay.delete(folder));
    underWay.set(folder, making);
    await making;
  }
  return folder;
}

async function fill(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  await acquire(lock);
  const partial = `${folder}.${process.pid}.partial`;
  const start = performance.now();
  try {
    if (existsSync(folder)) return;
    await removePartials(dirname(folder));
    tell(`making ${basename(folder)}`);
    await mkdir(partial);
    await make(partial);
    await rename(partial, folder);
    tell(`made ${basename(folder)} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(lock, { force: true });
  }
}

/** Takes a lock file, which names its holder from the moment it exists. It takes over the lock of a holder that is gone. */
async function acquire(lock: string): Promise<void> {
  const end = Date.now() + 30 * 60_000;
  const mine = `${lock}.${process.pid}`;
  await writeFile(mine, `${process.pid} ${startTime(process.pid)}`);
  try {
    for (;;) {
      const taken = await link(mine, lock).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
          return false;
        },
      );
      if (taken) return;
      const holder = await readFile(lock, 'utf8').catch(() => undefined);
      const [pid = '', started = ''] = holder?.split(' ') ?? [];
      if (holder !== undefined && startTime(Number(pid)) !== started) await rm(lock, { force: true });
      else if (Date.now() > end) throw new Error(`${lock}: process ${pid} has held it for 30 minutes`);
      else await sleep(500);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** Removes the folders of interrupted builds: their names end with the number of a process that is gone. */
async function removePartials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
