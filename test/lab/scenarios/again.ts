// The document's commands once more, and the machine once more: nothing changes, and everything comes back.
import { containersRun } from '../judges/containers';
import type { Scenario } from '../scenario';
import { type Server, sh } from '../server';
import { ask, holds, is, timed } from '../verdict';
import { judgeHealthy } from './first-boot';

/** Every file of the deployment with its checksum, owner and mode, and every container with its start. */
async function snapshot(server: Server): Promise<{ files: string; containers: string }> {
  const folders = '/data /root/nginx /etc/docker /etc/gen-cloudinit.env /root/matrix-admin-password';
  return {
    // Synapse's own media and pid may change while it runs.
    files: await sh(
      server,
      `find ${folders} -type f ! -path '*/media_store/*' ! -name '*.pid' -exec stat -c '%n %u:%g %a' {} + -exec sha256sum {} + | sort`,
    ),
    containers: await sh(
      server,
      "docker inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}}' $(docker ps -aq) | sort",
    ),
  };
}

export const again: Scenario = {
  name: 'again',
  what: 'a second run of the commands changes nothing; after a reboot everything comes back by itself',
  servers: ['alpha'],
  after: ['first-boot', 'spoiled'],
  async run(lab, tell) {
    const server = await lab.server('alpha');
    tell(
      await timed('second run', async () => {
        const before = await snapshot(server);
        const { code, stderr } = await server.machine.exec('sh /var/lib/cloud/instance/scripts/runcmd', {
          timeoutMs: 120_000 * lab.patience,
        });
        const after = await snapshot(server);
        return [
          holds('the commands end well', code === 0, `${code} ${stderr.slice(-200)}`, '0'),
          holds('every file is as it was', before.files === after.files, 'compared', 'the same'),
          is('no container was made anew or started again', after.containers, before.containers),
        ];
      }),
    );
    tell(
      await timed('reboot', async () => {
        await server.machine.reboot(120_000 * lab.patience);
        const place = lab.place(server);
        const up = async () =>
          (await ask([containersRun], place)).every(({ verdicts }) => verdicts.every(({ ok }) => ok));
        await server.machine.waitFor(up, 'all containers to be healthy', 180_000 * lab.patience);
        return [is('containers', 'all healthy', 'all healthy')];
      }),
    );
    await judgeHealthy(lab, server, tell);
  },
};
