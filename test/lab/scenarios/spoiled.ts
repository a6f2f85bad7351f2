// Negative controls: spoils one thing at a time on a healthy server, and only its judge must fail.

import { forgetTokens } from '../judges/client';
import { containersRun } from '../judges/containers';
import type { Lab } from '../lab';
import { waitForCloudInit } from '../machines/machine';
import type { Scenario } from '../scenario';
import { baseDir, containers, type Server, sh } from '../server';
import { differences, snapshot } from '../snapshot';
import { confinementControls } from '../spoils/confinement';
import { control } from '../spoils/control';
import { hostControls } from '../spoils/host';
import { proxyControls } from '../spoils/proxy';
import { holds, is, timed } from '../verdict';

/** The comparison that judges a second run detects a changed file and a changed container. */
const changes = (server: Server) =>
  timed('a file changed and a container recreated', async () => {
    const before = await snapshot(server);
    await sh(
      server,
      `echo >>${baseDir}/schemas/README
docker compose -f ${baseDir}/docker-compose.yml up -d --no-deps --force-recreate element`,
    );
    const changed = differences(before, await snapshot(server));
    const expected = [`${baseDir}/schemas/README content`, `container /${containers.element}`];
    return [is('exactly this is detected', changed.join('; '), expected.sort().join('; '))];
  });

/** The judges report a container that does not start again after a reboot. */
const lost = (lab: Lab, server: Server) =>
  timed('a container that a reboot does not bring back', async () => {
    await sh(server, `docker update --restart=no ${containers.element}`);
    await server.machine.reboot(120_000 * lab.patience);
    await waitForCloudInit(server.machine, 120_000 * lab.patience);
    const verdicts = await containersRun.ask(lab.place(server));
    await sh(
      server,
      `docker update --restart=unless-stopped ${containers.element}; docker start ${containers.element}`,
    );
    const failed = verdicts.filter(({ ok }) => !ok);
    const seen = failed.map(({ name, seen: state }) => `${name}: ${state}`).join('; ');
    return [
      holds(
        'exactly this is detected',
        /^element: exited[^;]*;/.test(seen) && failed.length === 1,
        seen,
        'element: exited',
      ),
    ];
  });

export const spoiled: Scenario = {
  name: 'spoiled',
  what: 'one thing at a time is spoiled, and its judge says so',
  servers: ['beta'],
  async run(lab, tell) {
    const server = await lab.server('beta');
    const place = lab.place(server);
    const controls = [
      ...hostControls(server.serverName),
      ...confinementControls,
      ...proxyControls(server.domain, server.machine.address),
    ];
    for (const each of controls) {
      tell(await control(place, each));
    }
    tell(await changes(server));
    tell(await lost(lab, server));
    forgetTokens(server);
  },
};
