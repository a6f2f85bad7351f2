// The lab can say no: one thing at a time is spoiled on a healthy server, and its judge must see just that.
import { adminApi, closedPorts } from '../judges/closed';
import { containersRun } from '../judges/containers';
import { database, dockerDaemon, health, units } from '../judges/inside';
import { permissions, secrets } from '../judges/permissions';
import { element, federationKey, wellKnown } from '../judges/web';
import type { Scenario } from '../scenario';
import { containers, sh } from '../server';
import { ask, holds, type Judge, timed } from '../verdict';

interface Spoil {
  readonly name: string;
  readonly spoil: string;
  readonly mend: string;
  readonly judge: Judge;
  /** What the failing verdict says. */
  readonly reason: RegExp;
}

const site = '/data/nginx/user_conf.d/alpha.test.conf';
/** Edits the site and reloads nginx; old workers go on for a moment. */
const edit = (sed: string) =>
  `cp ${site} /root/site.before; sed -i '${sed}' ${site}; docker exec ${containers.nginx} nginx -s reload; sleep 2`;
const undo = `cp /root/site.before ${site}; docker exec ${containers.nginx} nginx -s reload; sleep 2`;
const psql = (statement: string) =>
  `docker exec ${containers.db} psql -U synapse -d template1 -c "${statement}"`;

const spoils: readonly Spoil[] = [
  {
    name: 'a wrong owner',
    spoil: 'chown 0:0 /data/matrix/files/homeserver.yaml',
    mend: 'chown 991:991 /data/matrix/files/homeserver.yaml',
    judge: permissions,
    reason: /homeserver\.yaml/,
  },
  {
    name: 'a secret that all may read',
    spoil: 'chmod 0644 /data/matrix/files/macaroon_secret_key',
    mend: 'chmod 0600 /data/matrix/files/macaroon_secret_key',
    judge: secrets,
    reason: /macaroon_secret_key/,
  },
  {
    name: 'no CORS on the well-known files',
    spoil: edit('/Allow-Origin/d'),
    mend: undo,
    judge: wellKnown,
    reason: /CORS/,
  },
  {
    name: 'the admin API open to the world',
    spoil: edit('/request_uri/d;s#_synapse/client#_synapse#'),
    mend: undo,
    judge: adminApi,
    reason: /./,
  },
  {
    name: 'no port 8448',
    spoil: edit('/8448/d'),
    mend: undo,
    judge: federationKey,
    reason: /8448/,
  },
  {
    name: 'Element stopped',
    spoil: `docker stop ${containers.element}`,
    mend: `docker start ${containers.element}`,
    judge: element,
    reason: /Element/,
  },
  {
    name: 'a container that does not run',
    spoil: `docker stop ${containers.element}`,
    mend: `docker start ${containers.element}; until docker ps | grep element | grep '(healthy)'; do sleep 1; done`,
    judge: containersRun,
    reason: /element/i,
  },
  {
    name: 'Synapse frozen',
    spoil: `docker pause ${containers.synapse}`,
    mend: `docker unpause ${containers.synapse}`,
    judge: health,
    reason: /./,
  },
  {
    name: 'a failed unit',
    spoil: "systemd-run -q --unit spoiled sh -c 'exit 1'; sleep 1",
    mend: 'systemctl reset-failed spoiled',
    judge: units,
    reason: /spoiled/,
  },
  {
    name: 'a port of the database open to the world',
    spoil: 'systemd-run -q --unit leak python3 -m http.server 5432; sleep 2',
    mend: 'systemctl stop leak',
    judge: closedPorts,
    reason: /5432/,
  },
  {
    name: 'another configuration of the Docker daemon',
    spoil: 'cp /etc/docker/daemon.json /root/daemon.before; echo \'{"debug":true}\' >/etc/docker/daemon.json',
    mend: 'cp /root/daemon.before /etc/docker/daemon.json',
    judge: dockerDaemon,
    reason: /./,
  },
  {
    name: 'a database of another collation',
    spoil: `docker stop ${containers.synapse}; ${psql('ALTER DATABASE synapse RENAME TO kept')}; ${psql("CREATE DATABASE synapse LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0")}`,
    mend: `${psql('DROP DATABASE synapse')}; ${psql('ALTER DATABASE kept RENAME TO synapse')}; docker start ${containers.synapse}; until docker ps | grep synapse | grep '(healthy)'; do sleep 1; done`,
    judge: database,
    reason: /./,
  },
];

export const spoiled: Scenario = {
  name: 'spoiled',
  what: 'one thing at a time is spoiled, and its judge says so',
  servers: ['alpha'],
  after: ['first-boot'],
  async run(lab, tell) {
    const server = await lab.server('alpha');
    for (const { name, spoil, mend, judge, reason } of spoils) {
      tell(
        await timed(name, async () => {
          await sh(server, spoil, 60_000 * lab.patience);
          try {
            const [judgement] = await ask([judge], lab.place(server));
            const failing = (judgement?.verdicts ?? []).filter(({ ok }) => !ok);
            const seen = failing.map((verdict) => `${verdict.name}: ${verdict.seen}`).join('; ');
            return [holds(`"${judge.name}" says no`, reason.test(seen), seen || 'yes', String(reason))];
          } finally {
            await sh(server, mend, 120_000 * lab.patience);
          }
        }),
      );
    }
  },
};
