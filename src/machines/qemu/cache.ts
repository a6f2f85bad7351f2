/** The folders of images and machines: below the cache directory of the XDG base directory specification. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isRunning } from '../../system/run';

/** Everything of ours; it may be removed at any time while no machine runs. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.XDG_CACHE_HOME ?? '';
  // The specification says to ignore relative paths.
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'gen-cloudinit');
}

/** File in a machine's folder with the process group that it runs in. */
export const GROUP_FILE = 'group';

/**
 * Removes the folders of machines that are gone together with the process that created them: either that was killed, or
 * the machine was kept and has ended since. The creator's process number is part of the name.
 */
export async function reclaim(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const maker = /^gci-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    if (maker === undefined || isRunning(Number(maker))) continue;
    const group = await readFile(join(folder, name, GROUP_FILE), 'utf8').catch(() => '');
    if (group !== '' && isRunning(Number(group))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
