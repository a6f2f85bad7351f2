// Two generated servers talk to each other, as any two on the internet do.
import { administrator, client } from '../judges/client';
import type { Lab } from '../lab';
import type { Scenario } from '../scenario';
import { containers, type Server, sh } from '../server';
import { editSite, undoSite } from '../spoils/site';
import { holds, is, timed, type Verdict } from '../verdict';

/** Ports by which another server's Synapse came, with how many of its requests were answered, as nginx logged it. */
export async function portsOf(guest: Server, host: Server): Promise<string> {
  const log = await sh(host, `docker logs ${containers.nginx} 2>&1`);
  const line = /^(\S+) .*"(?:GET|PUT|POST) \/_matrix\/federation\S* [^"]*" 200 .*"Synapse[^"]*" (\d+)$/gm;
  const counts = new Map<string, number>();
  for (const [, from = '', port = ''] of log.matchAll(line)) {
    if (from !== guest.machine.address && from !== guest.machine.address6) continue;
    counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  return [...counts].map(([port, count]) => `${port} (${count} requests)`).join(', ') || 'none';
}

/** That a server came to another one by one port alone. */
export async function cameBy(guest: Server, host: Server, port: number, why: string): Promise<Verdict> {
  const ports = await portsOf(guest, host);
  const name = `port by which ${guest.serverName} came to ${host.serverName}`;
  return holds(name, new RegExp(`^${port} \\(\\d+ requests\\)$`).test(ports), ports, `${port}, ${why}`);
}

/** Lets a user of one server join a room of the other, and messages go both ways. */
export async function federate(lab: Lab, host: Server, guest: Server): Promise<readonly Verdict[]> {
  const accounts = { host: await administrator(host, 'token'), guest: await administrator(guest, 'token') };
  return client(lab.place(host), [host, guest], { what: 'federate', ...accounts });
}

export const federation: Scenario = {
  name: 'federation',
  what: 'users of alpha.test and beta.test join rooms of each other, and messages flow both ways',
  servers: ['alpha', 'beta'],
  async run(lab, tell) {
    const [alpha, beta] = await Promise.all([lab.server('alpha'), lab.server('beta')]);
    tell(await timed('beta comes to alpha', () => federate(lab, alpha, beta)));
    tell(await timed('alpha comes to beta', () => federate(lab, beta, alpha)));
    tell(
      await timed('the way between the servers', async () => [
        await cameBy(alpha, beta, 443, 'as the well-known file says'),
        await cameBy(beta, alpha, 443, 'as the well-known file says'),
      ]),
    );
    tell(
      await timed('refused federation is seen', async () => {
        const closed = 'location ~ ^/_matrix/federation/ { return 403; }';
        await sh(alpha, editSite(alpha.domain, `s#^ *location ~#${closed}\\n&#`));
        try {
          const verdicts = await federate(lab, alpha, beta);
          const failing = verdicts.filter(({ ok }) => !ok).map(({ name }) => name);
          return [
            is('what does not hold', failing.join(', '), '@alice:beta.test joins a room of alpha.test'),
          ];
        } finally {
          await sh(alpha, undoSite(alpha.domain));
        }
      }),
    );
  },
};
