// A run of the lab has a folder and a namespace, both named after it. A killed run leaves them behind. The next run checks
// whether the owning process still exists, and otherwise removes them.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTime } from '../machines/processes';
import { cacheRoot } from './cache';
import { deleteNetns } from './netns';

const runsRoot = join(cacheRoot, 'worlds');

/** The name of a run's namespace. */
export const netnsOf = (runId: string): string => `gci-${runId}-world`;

/** A run's folder; its servers store their files below it. */
export const folderOf = (runId: string): string => join(runsRoot, runId);

/** Removes the folders and namespaces of runs whose process is gone. */
export async function sweepRuns(): Promise<void> {
  for (const runId of await readdir(runsRoot).catch(() => [])) {
    const owner = await readFile(join(folderOf(runId), 'owner'), 'utf8').catch(() => '');
    const [pid = '', started = ''] = owner.split(' ');
    if (started === '' || startTime(Number(pid)) === started) continue;
    if (existsSync(`/run/netns/${netnsOf(runId)}`)) await deleteNetns(netnsOf(runId));
    await rm(folderOf(runId), { recursive: true, force: true });
  }
}

/**
 * Makes a run's folder, owned by this process.
 * @throws if a run of that name is under way.
 */
export async function createRun(runId: string): Promise<string> {
  const folder = folderOf(runId);
  await mkdir(runsRoot, { recursive: true });
  await mkdir(folder).catch((cause) => {
    throw new Error(`the lab's run ${runId} is under way (or ${folder} is left over)`, { cause });
  });
  await writeFile(join(folder, 'owner'), `${process.pid} ${startTime(process.pid)}`);
  return folder;
}
