// Images side by side while the database starts, against a straight serial run: the time from runcmd's start to healthy.
import { spoiled } from '../document';
import type { Lab } from '../lab';
import { bootTimeline } from '../machines/boot-timeline';
import type { Scenario } from '../scenario';
import { holds, timed } from '../verdict';

/** The same document, with one image pulled after the other, and nothing started before the last one is there. */
function serial(document: string): string {
  const [line = '', images = ''] = /- matrixctl boot pull (.*) & pull=\$!\n/.exec(document) ?? [];
  const one = images.split(' ').map((image) => `- matrixctl boot pull ${image}\n`);
  return spoiled(spoiled(document, line, one.join('')), '- wait $pull\n', '');
}

/** Boots a new server and takes it away. @returns seconds from runcmd's first step to ready, and of these the pulls' begin to ready */
async function measure(lab: Lab, host: number, edit: (document: string) => string) {
  const { machine } = await lab.boot({ name: `pulls${host}`, host, domain: `pulls${host}.test`, edit });
  const events = bootTimeline(machine.log);
  const at = (phase: string) =>
    events.find(({ event }) => event.startsWith(`gen-cloudinit: ${phase}:`))?.t ?? Number.NaN;
  const [preparing, pulling, ready] = ['preparing', 'pulling', 'ready'].map(at) as [number, number, number];
  await machine.destroy();
  return { whole: ready - preparing, launch: ready - pulling };
}

export const pulls: Scenario = {
  name: 'pulls',
  what: 'images pulled side by side while the database starts, and one after the other: the time to healthy',
  servers: [],
  kind: 'nspawn',
  onRequest: true,
  async run(lab, tell) {
    tell(
      await timed('time', async () => {
        const ways = { serial, 'side by side': (document: string) => document };
        const verdicts = [];
        for (const [turn, [way, edit]] of [...Object.entries(ways), ...Object.entries(ways)].entries()) {
          const { whole, launch } = await measure(lab, 71 + turn, edit);
          const seen = `runcmd to healthy ${whole.toFixed(1)} s, of these from the first pull ${launch.toFixed(1)} s`;
          lab.progress(`pulls: ${way}: ${seen}`);
          verdicts.push(holds(way, whole > launch && launch > 0, seen, 'ready'));
        }
        return verdicts;
      }),
    );
  },
};
