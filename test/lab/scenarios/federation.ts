// Two generated servers talk to each other, as any two on the internet do.
import { administrator, client } from '../judges/client';
import type { Lab } from '../lab';
import type { Scenario } from '../scenario';
import { containers, type Server, sh } from '../server';
import { editSite, undoSite } from '../spoils/site';
import { holds, is, timed, type Verdict } from '../verdict';

/** Counts, by port, the requests of another server's Synapse that nginx has logged with a given status. */
async function requestsOf(guest: Server, host: Server, status: number): Promise<Map<string, number>> {
  const log = await sh(host, `docker logs ${containers.nginx} 2>&1`);
  const asked = '"(?:GET|PUT|POST) /_matrix/federation\\S* [^"]*"';
  const line = new RegExp(`^(\\S+) .*${asked} ${status} .*"Synapse[^"]*" (\\d+)$`, 'gm');
  const counts = new Map<string, number>();
  for (const [, from = '', port = ''] of log.matchAll(line)) {
    if (from !== guest.machine.address && from !== guest.machine.address6) continue;
    counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  return counts;
}

const told = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([port, count]) => `${port} (${count} requests)`).join(', ') || 'none';

/** Whether a server reached another one by a single port only. */
export async function cameBy(guest: Server, host: Server, port: number, why: string): Promise<Verdict> {
  const ports = told(await requestsOf(guest, host, 200));
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
  what: 'users of alpha.test and beta.test join rooms of each other over port 8448, and messages flow both ways',
  servers: ['alpha', 'beta'],
  async run(lab, tell) {
    const [alpha, beta] = await Promise.all([lab.server('alpha'), lab.server('beta')]);
    // Servers find a server without a well-known file on port 8448 (Matrix specification, server discovery), and cache that
    // for a day. The scenario delegation covers discovery by the file.
    const withoutFile = 's#location = /.well-known/matrix/server#location = /gone#';
    for (const { domain, machine } of [alpha, beta]) await sh({ machine }, editSite(domain, withoutFile));
    try {
      tell(await timed('beta reaches alpha', () => federate(lab, alpha, beta)));
      tell(await timed('alpha reaches beta', () => federate(lab, beta, alpha)));
    } finally {
      for (const { domain, machine } of [alpha, beta]) await sh({ machine }, undoSite(domain));
    }
    tell(
      await timed('the ports between the servers', async () => [
        await cameBy(alpha, beta, 8448, 'for there was no well-known file'),
        await cameBy(beta, alpha, 8448, 'for there was no well-known file'),
      ]),
    );
    tell(
      await timed('refused federation is detected', async () => {
        const closed = 'location ~ ^/_matrix/federation/ { return 403; }';
        await sh(alpha, editSite(alpha.domain, `s#^ *location ~#${closed}\\n&#`));
        try {
          const verdicts = await federate(lab, alpha, beta);
          const failing = verdicts.filter(({ ok }) => !ok).map(({ name }) => name);
          const refusals = await requestsOf(beta, alpha, 403);
          return [
            is('failed points', failing.join(', '), '@alice:beta.test joins a room of alpha.test'),
            holds('answers of 403 to beta.test', refusals.size > 0, told(refusals), 'some'),
          ];
        } finally {
          await sh(alpha, undoSite(alpha.domain));
        }
      }),
    );
  },
};
