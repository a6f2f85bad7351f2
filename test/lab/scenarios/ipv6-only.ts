// A server with IPv6 only, as in some providers' cheapest offers: it installs, gets its certificate, and federates with a
// server that has both.

import { containersRun } from '../judges/containers';
import { cloudInit, health } from '../judges/inside';
import { certificate } from '../judges/web';
import type { Scenario } from '../scenario';
import { type Server, type ServerSpec, sh } from '../server';
import { ask, holds, is, timed, type Verdict } from '../verdict';
import { named } from '../world/netns';
import { federate } from './federation';

const spec: ServerSpec = {
  name: 'upsilon',
  host: 47,
  domain: 'upsilon.test',
  ipv6Only: true,
  options: { 'admin-user': 'alice' },
};

async function toldWhy({ machine }: Server): Promise<readonly Verdict[]> {
  const why = 'this server has no IPv4, and its containers no IPv6: no federation';
  const { stdout } = await machine.exec('/usr/local/sbin/matrixctl doctor');
  const line = stdout.split('\n').find((text) => text.includes('way out')) ?? '';
  return [
    holds('on the console', machine.log.text().includes(`gen-cloudinit: ${why}`), 'not there', why),
    holds('doctor', line.startsWith('failed: ') && line.includes(why), line, `failed: ${why}`),
  ];
}

export const ipv6Only: Scenario = {
  name: 'ipv6-only',
  what: 'a server without IPv4 is healthy, has a certificate, and federates with one that has both, or says why not',
  servers: ['alpha'],
  async run(lab, tell) {
    const { aptUrl, registryUrl, acmeUrl } = lab.world;
    const places = { 'docker-apt-url': aptUrl, 'registry-mirror': registryUrl, 'acme-url': acmeUrl };
    const options = Object.fromEntries(Object.entries(places).map(([key, url]) => [key, named(url)]));
    const [alpha, only] = await Promise.all([
      lab.server('alpha'),
      lab.boot({ ...spec, options: { ...spec.options, ...options } }),
    ]);
    tell(
      await timed('the machine', async () => [
        is('way out by IPv4', (await sh(only, 'ip -4 route show default')).trim(), ''),
        is(
          'address in the DNS',
          (await sh(only, `getent ahosts ${spec.domain} | awk '{ print $1 }' | sort -u`)).trim(),
          `fd91::${spec.host}`,
        ),
      ]),
    );
    for (const judgement of await ask([cloudInit, containersRun, health, certificate], lab.place(only)))
      tell(judgement);
    const version = (await sh(only, "docker version -f '{{.Server.Version}}'")).trim();
    if (Number.parseInt(version, 10) < 27) {
      tell(
        await timed(`Docker Engine ${version} gives containers no IPv6, and reports that`, () =>
          toldWhy(only),
        ),
      );
      return;
    }
    tell(await timed('alpha.test comes to it', () => federate(lab, only, alpha)));
    tell(await timed('it comes to alpha.test', () => federate(lab, alpha, only)));
  },
};
