// Runs the document's commands again, which changes nothing, and reboots the machine, after which everything runs again.

import { forgetTokens } from '../judges/client';
import { clientVersions } from '../judges/web';
import { waitForCloudInit } from '../machines/machine';
import type { Scenario } from '../scenario';
import { differences, snapshot } from '../snapshot';
import { ask, holds, is, timed } from '../verdict';
import { judgeHealthy } from './first-boot';

export const again: Scenario = {
  name: 'again',
  what: 'a second run of the commands changes nothing; after a reboot everything comes back automatically',
  servers: ['alpha'],
  after: ['first-boot'],
  async run(lab, tell) {
    const server = await lab.server('alpha');
    const { machine } = server;
    tell(
      await timed('second run', async () => {
        const before = await snapshot(server);
        const limit = { timeoutMs: 120_000 * lab.patience };
        const { code, stderr } = await machine.exec('sh /var/lib/cloud/instance/scripts/runcmd', limit);
        const changed = differences(before, await snapshot(server));
        return [
          is('the commands succeed', code === 0 ? '0' : `${code} ${stderr.slice(-200)}`, '0'),
          holds(
            'files, containers, images, accounts',
            changed.length === 0,
            changed.join('; ') || 'as before',
            'as before',
          ),
        ];
      }),
    );
    tell(
      await timed('reboot', async () => {
        const before = await snapshot(server);
        await machine.reboot(120_000 * lab.patience);
        await waitForCloudInit(machine, 120_000 * lab.patience);
        // After a clean restart the same containers start again; nothing else about them may differ.
        const still = await snapshot(server);
        const changed = differences(before, still).filter((name) => !name.startsWith('container '));
        const ids = (taken: typeof before) =>
          [...taken].filter(([name]) => name.startsWith('container ')).map(([, value]) => value.slice(0, 12));
        const up = performance.now();
        await machine.waitFor(
          async () =>
            (await ask([clientVersions], lab.place(server))).every(({ verdicts }) =>
              verdicts.every(({ ok }) => ok),
            ),
          'an answer from outside',
          60_000 * lab.patience,
        );
        lab.progress(
          `alpha: answers ${((performance.now() - up) / 1000).toFixed(1)} s after the reboot's cloud-init`,
        );
        return [
          holds(
            'files, images, accounts, certificate',
            changed.length === 0,
            changed.join('; ') || 'as before',
            'as before',
          ),
          is('the containers are the same', ids(still).join(' '), ids(before).join(' ')),
        ];
      }),
    );
    forgetTokens(server);
    await judgeHealthy(lab, server, tell);
  },
};
