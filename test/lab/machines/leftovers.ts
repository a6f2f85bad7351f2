// Finds the leftovers of a run on this host by asking the kernel, independent of the run's own record.
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { hierarchies } from './cgroup';
import { runFolder } from './cleanup';
import { startTime } from './processes';
import { pause, tryRun } from './run';

/**
 * One line for each process, mount, namespace, link, control group and folder of the run; empty is clean.
 * The kernel needs a moment to dismantle a killed process with its namespaces, so this waits for that moment.
 */
export async function leftovers(runid: string, graceMs = 30_000): Promise<string[]> {
  const end = Date.now() + graceMs;
  for (;;) {
    const found = await look(runid);
    if (found.length === 0 || Date.now() > end) return found;
    await pause(250);
  }
}

async function look(runid: string): Promise<string[]> {
  const prefix = `gci-${runid}-`;
  const folder = runFolder(runid);
  const mine = (text: string) => text.includes(prefix) || text.includes(`${folder}/`);
  const found: string[] = [];

  const mounts = await readFile('/proc/self/mounts', 'utf8');
  for (const line of mounts.split('\n').filter(mine)) found.push(`mount ${line.split(' ')[1]}`);

  for (const name of await readdir('/run/netns').catch(() => [])) {
    if (name.startsWith(prefix)) found.push(`network namespace ${name}`);
    else found.push(...(await links(['ip', '-n', name, '-o', 'link'], `${name}: `, prefix)));
  }
  found.push(...(await links(['ip', '-o', 'link'], '', prefix)));

  for (const root of hierarchies()) {
    const names = (await readdir(root)).filter((name) => name.startsWith(prefix));
    found.push(...names.map((name) => `control group ${root}/${name}`));
  }
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid || startTime(Number(pid)) === undefined) continue;
    const told = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    if (told.some(mine)) found.push(`process ${pid} ${told[0].replaceAll('\0', ' ').slice(0, 120)}`);
  }
  if (existsSync(folder)) found.push(`folder ${folder}`);
  return found;
}

// Links have the run's name as their alias, because a link's own name is limited to 15 characters.
async function links(argv: string[], where: string, prefix: string): Promise<string[]> {
  const { stdout } = await tryRun(argv);
  return stdout
    .split('\n')
    .filter((line) => line.includes(`alias ${prefix}`))
    .map((line) => `link ${where}${line.split(': ')[1]}`);
}
