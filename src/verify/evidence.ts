/** What is kept of a machine that did not do as it should, before it is removed. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../machines/machine';
import { canEnter, type Enterable, printed, quoted } from './shell';
import type { Subject } from './subject';

/** Bytes of each log, from its end. */
const MOST = 2_000_000;

/**
 * Saves console, cloud-init's logs and the last lines of each container.
 * @param directory is made if it is not there
 * @returns the files written; what could not be had is left out
 */
export async function saveEvidence(machine: Machine, subject: Subject, directory: string): Promise<string[]> {
  const written: string[] = [];
  const save = async (name: string, text: () => Promise<string>) => {
    const content = await text().catch(() => '');
    if (content.trim() === '') return;
    const path = join(directory, name);
    await writeFile(path, content, { mode: 0o600 });
    written.push(path);
  };
  await mkdir(directory, { recursive: true });
  await save('console.log', () => machine.console());
  if (!canEnter(machine)) return written;
  for (const name of ['cloud-init.log', 'cloud-init-output.log'])
    await save(name, () => printed(machine, `tail -c ${MOST} /var/log/${name}`));
  await save('cloud-init-status.json', () => printed(machine, 'cloud-init status --format json'));
  for (const { name } of subject.containers) await save(`${name}.log`, () => lastWords(machine, name));
  return written;
}

function lastWords(machine: Enterable, container: string): Promise<string> {
  return printed(machine, `docker logs --timestamps --tail 200 ${quoted(container)} 2>&1`);
}
