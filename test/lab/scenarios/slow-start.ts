// A Synapse that starts slowly, as after an update with a long database migration: the update must wait for it.
import { matrixctl } from '../matrixctl';
import { bootOperated, newSynapse, synapseImage } from '../operated';
import type { Scenario } from '../scenario';
import { holds, is, timed } from '../verdict';

export const slowStart: Scenario = {
  name: 'slow-start',
  what: 'an update to a Synapse that needs 240 s until it answers stays, with --health-timeout 600',
  servers: [],
  onRequest: true,
  async run(lab, tell) {
    const server = await bootOperated(lab, 'upsilon', 46, '600');
    const place = lab.place(server);
    tell(
      await timed('update to a slow Synapse', async () => {
        const before = await synapseImage(place);
        await newSynapse(lab, 'upsilon', 'startsLate');
        const { code, stdout, stderr } = await matrixctl(place, 'update');
        return [
          is('exit code', code, 0),
          holds('says so', stdout.includes('updated'), (stdout + stderr).slice(-300), 'updated'),
          holds('the new image stays', (await synapseImage(place)) !== before, 'compared', 'another'),
        ];
      }),
    );
    if (!lab.options.keep) await server.machine.destroy();
  },
};
