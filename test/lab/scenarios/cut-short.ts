// A restore and an update are killed in the middle: the timer brings each to its end.
import type { Lab } from '../lab';
import { belongings, matrixctl } from '../matrixctl';
import { bootOperated, newSynapse, synapseImage } from '../operated';
import type { Place } from '../place';
import type { Scenario } from '../scenario';
import { sh } from '../server';
import { holds, is, timed, type Verdict } from '../verdict';
import { live } from './rebirth';

const record = '/var/lib/gen-cloudinit/unfinished';
const healthy = `[ ! -s ${record} ] && curl -fs http://127.0.0.1:8008/health`;

/** Runs matrixctl in /root, and kills it with its children as soon as the record of unfinished work starts with `word`. */
async function cut(place: Place, words: string, word: string): Promise<string> {
  return sh(
    place.server,
    `systemd-run -q --collect --unit=cut -p WorkingDirectory=/root matrixctl ${words}
for i in $(seq 6000); do grep -qsx ${word} ${record} && break; sleep 0.05; done
systemctl kill -s KILL cut
paste -sd ' ' ${record}`,
  );
}

/** Waits until the timer has completed the unfinished work. @returns seconds */
async function finished({ server: { machine }, patience }: Place): Promise<string> {
  const begin = performance.now();
  await machine.waitFor(
    async () => (await machine.exec(healthy)).code === 0,
    'the timer to finish what was cut short',
    600_000 * patience,
  );
  // The timer's run may still wait for health.
  await machine.exec('flock -w 300 /run/matrix.lock true', { timeoutMs: 310_000 });
  return ((performance.now() - begin) / 1000).toFixed(0);
}

async function restore(place: Place): Promise<Verdict[]> {
  const { server } = place;
  await matrixctl(place, 'backup /root/matrix.tar.gz');
  const before = await belongings(server);
  await matrixctl(place, 'user late');
  const words = await cut(place, 'restore matrix.tar.gz --force', 'finish_restore');
  const seconds = await finished(place);
  const saved = await sh(server, 'ls /var/backups/matrix');
  return [
    is('unfinished work', words.trim(), 'finish_restore'),
    holds(
      'the same server as at the backup',
      (await belongings(server)) === before,
      `${seconds} s`,
      'compared',
    ),
    holds('the earlier data is kept', /^before-restore-.*\.tar\.gz$/m.test(saved), saved, 'before-restore-…'),
  ];
}

/** A database that does not answer does not count as empty, and a refused restore has no later effect. */
async function whileDown(place: Place): Promise<Verdict[]> {
  const { server } = place;
  const before = await belongings(server);
  await matrixctl(place, 'down');
  const { code, stderr } = await matrixctl(place, 'restore /root/matrix.tar.gz');
  const left = await sh(server, `ls -d ${record} /data/matrix/restored 2>/dev/null || :`);
  await matrixctl(place, 'up');
  return [
    holds(
      'refused',
      code === 1 && /there are users or rooms/.test(stderr),
      `${code}: ${stderr}`,
      'users or rooms',
    ),
    is('nothing is left of it', left, ''),
    holds('nothing changes', (await belongings(server)) === before, 'compared', 'the same'),
  ];
}

/** Killed while Synapse is stopped for the backup before the restore: everything is as before. */
async function early(lab: Lab, place: Place): Promise<Verdict[]> {
  const { server } = place;
  const [before, had] = [await synapseImage(place), await belongings(server)];
  const mend = await newSynapse(lab, 'chi', 'ends');
  const verdicts: Verdict[] = [];
  for (const [words, word] of [
    ['update', 'undo'],
    ['restore matrix.tar.gz --force', 'resume'],
  ] as const) {
    const left = await cut(place, words, word);
    const seconds = await finished(place);
    verdicts.push(
      is(`${words}: what goes on`, left.trim(), word),
      holds('the previous image', (await synapseImage(place)) === before, `${seconds} s`, before),
      holds('the same data', (await belongings(server)) === had, 'compared', 'the same'),
    );
  }
  await mend();
  return verdicts;
}

/** A newer Synapse image that does not start. */
async function update(lab: Lab, place: Place): Promise<Verdict[]> {
  const { server } = place;
  const [before, had] = [await synapseImage(place), await belongings(server)];
  const mend = await newSynapse(lab, 'chi', 'ends');
  const words = await cut(place, 'update', 'judge_update');
  const seconds = await finished(place);
  await mend();
  return [
    is('unfinished work', words.trim(), 'judge_update'),
    holds('the previous image', (await synapseImage(place)) === before, `${seconds} s`, before),
    holds('the same data', (await belongings(server)) === had, 'compared', 'the same'),
  ];
}

export const cutShort: Scenario = {
  name: 'cut-short',
  what: 'a restore and an update that are killed in the middle go on by themselves',
  servers: [],
  async run(lab, tell) {
    const server = await bootOperated(lab, 'chi', 44);
    const place = lab.place(server);
    await live(place);
    tell(await timed('restore', () => restore(place)));
    tell(await timed('restore while the server is down', () => whileDown(place)));
    tell(await timed('update', () => update(lab, place)));
    tell(await timed('before anything is changed', () => early(lab, place)));
    if (!lab.options.keep) await server.machine.destroy();
  },
};
