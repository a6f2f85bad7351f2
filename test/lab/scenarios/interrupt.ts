// A run that is interrupted in the middle of a first boot leaves nothing behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftovers } from '../machines/leftovers';
import type { Scenario } from '../scenario';
import { holds, is, timed } from '../verdict';
import { folderOf } from '../world/runs';

const hanging = 'nothing for 120 s';
const isProcess = (line: string) => line.startsWith('process');

/** The resources of a run as soon as its machine has processes, or whatever exists after a minute. */
async function inTheMiddle(runid: string): Promise<string[]> {
  for (let i = 0; i < 120; i++) {
    if ((await leftovers(runid, 0)).some(isProcess)) break;
    await sleep(500);
  }
  return leftovers(runid, 0);
}

export const interrupt: Scenario = {
  name: 'interrupt',
  what: 'a run that is interrupted leaves nothing behind',
  servers: [],
  async run(lab, tell) {
    const out = join(lab.options.out, 'interrupted');
    const argv = [process.argv[1] ?? '', '--only', 'first-boot', '--out', out, '--machine', lab.options.kind];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const runid = `lab${child.pid?.toString(36)}`;
    const booting = (async () => {
      for await (const line of createInterface({ input: child.stderr }))
        if (/: first boot/.test(line)) return;
    })();
    const late = sleep(300_000 * lab.patience, undefined, { ref: false });
    await Promise.race([booting, ended, late]);
    tell(
      await timed('SIGINT', async () => {
        const under = await inTheMiddle(runid);
        child.kill('SIGINT');
        const hung = sleep(120_000, undefined, { ref: false }).then(() => [null, hanging]);
        const [code, signal] = await Promise.race([ended, hung]);
        if (signal === hanging) child.kill('SIGKILL');
        const left = await leftovers(runid);
        const folder = folderOf(runid);
        if (existsSync(folder)) left.push(folder);
        return [
          holds('a run was under way', under.some(isProcess), `${under.length} things`, 'processes and more'),
          is('the signal ends it', signal ?? `exit code ${code}`, 'SIGINT'),
          holds('nothing is left', left.length === 0, left.join('; ') || 'nothing', 'nothing'),
        ];
      }),
    );
  },
};
