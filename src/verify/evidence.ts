/** What `verify` saves of a machine before it removes it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../machines/machine';
import { quoted } from '../server/escape';
import type { Expectations } from './expectations';
import { canEnter, type Enterable, printed } from './shell';

/** Bytes of each log, from its end. */
const MOST = 2_000_000;

export interface Evidence {
  /** The files written; without those that were not available. */
  readonly saved: readonly string[];
  /** Why nothing more could be written, if so; this must not change the verdict. */
  readonly notes: readonly string[];
}

/**
 * Saves the console; of a machine that failed also cloud-init's logs and the last lines of each container.
 * @param directory is created if it is missing
 */
export async function saveEvidence(
  machine: Machine,
  { containers }: Expectations,
  directory: string,
  isWell: boolean,
): Promise<Evidence> {
  const saved: string[] = [];
  const save = async (name: string, text: () => Promise<string>) => {
    const content = await text().catch(() => '');
    if (content.trim() === '') return;
    const path = join(directory, name);
    await writeFile(path, content, { mode: 0o600 });
    saved.push(path);
  };
  try {
    await mkdir(directory, { recursive: true });
    await save('console.log', () => machine.console());
    if (isWell || !canEnter(machine)) return { saved, notes: [] };
    for (const name of ['cloud-init.log', 'cloud-init-output.log'])
      await save(name, () => printed(machine, `tail -c ${MOST} /var/log/${name}`));
    await save('cloud-init-status.json', () => printed(machine, 'cloud-init status --format json'));
    for (const { name } of containers) await save(`${name}.log`, () => lastWords(machine, name));
    return { saved, notes: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { saved, notes: [`Not all logs could be saved: ${why}`] };
  }
}

function lastWords(machine: Enterable, container: string): Promise<string> {
  return printed(machine, `docker logs --timestamps --tail 200 ${quoted(container)} 2>&1`);
}
