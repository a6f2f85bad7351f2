// Faults of the server itself: something is missing, or something breaks.
import { spoiled } from '../../document';
import { containersRun, containersRunAgain } from '../../judges/containers';
import { cloudInit, units } from '../../judges/inside';
import { federationKey, redirect } from '../../judges/web';
import { fillDisk, freeDisk, type TakenPort, takePort } from '../../machines/faults';
import { baseDir, containers, sh } from '../../server';
import { is } from '../../verdict';
import type { Fault } from './fault';
import { inPhase } from './stage';

const gigabyte = 1e9;
const psql = `docker exec ${containers.db} psql -U synapse -d synapse -At -c`;
let taken: TakenPort | undefined;

export const serverFaults: readonly Fault[] = [
  {
    name: 'fault-disk-full',
    fault: 'a disk with 1 GB left, later freed',
    moment: 'before the launch',
    expected: 'found before anything is installed and reported; the timer finishes it',
    seen: 'as expected, 164 s after the disk had room',
    spec: async () => ({ hardware: { diskBytes: 4 * gigabyte } }),
    inject: ({ machine }) => fillDisk(machine, '/', gigabyte),
    reason: /failed: \d+ MB are free below \/var\/lib, 2500 are needed/,
    stops: true,
    mend: ({ machine }) => freeDisk(machine, '/'),
    limit: 800,
    without: [cloudInit, units],
  },
  {
    name: 'fault-port-taken',
    fault: 'another program holds port 443, and releases it later',
    moment: 'before the launch',
    expected:
      'found before anything is installed and reported with the holder of the port; the timer finishes it',
    seen: 'as expected, 146 s after the port was free',
    async inject({ machine }) {
      taken = await takePort(machine, 443);
    },
    reason: /failed: port 443 is taken by python3/,
    stops: true,
    mend: async () => taken?.release(),
    limit: 800,
    without: [cloudInit, units],
  },
  {
    name: 'fault-engine-killed',
    fault: 'kill -9 of the Docker daemon',
    moment: 'while images are pulled',
    expected: 'systemd starts it again, the pull is retried; a healthy server in the same boot',
    seen: 'as expected, 78 s after it',
    async inject(stage) {
      await stage.asked('registry', /\/blobs\//);
      await sh(stage, 'kill -9 $(pidof dockerd)');
    },
    reason: /gen-cloudinit: pulling \S+: .*; again in \d+ s/,
  },
  {
    name: 'fault-engine-launch',
    fault: 'kill -9 of the Docker daemon',
    moment: "during the wait for Synapse's health",
    expected: 'a healthy server, in the same boot or by the timer',
    seen: 'as expected, 122 s after it: the wait ends at the stopped containers, and the timer starts them',
    async inject(stage) {
      await stage.when(inPhase('starting'));
      await sh(stage, 'kill -9 $(pidof dockerd)');
    },
    // The fault may have failed the first boot's commands, and cloud-init then keeps the status error.
    without: [cloudInit, units, containersRun],
    instead: [containersRunAgain],
  },
  {
    name: 'fault-synapse-loop',
    fault: 'Synapse exits at every start because of a line of its configuration; repaired later',
    moment: 'at its launch',
    expected: 'the console names Synapse as the unhealthy container; the timer finishes it',
    seen: 'as expected, 34 s after the line was repaired',
    spec: async () => ({
      options: { 'health-timeout': '45' },
      edit: (document) => spoiled(document, 'signing_key_path: /data/', 'signing_key_path: [/data/'),
    }),
    inject: (stage) => stage.when(inPhase('starting')),
    reason: /failed: Synapse .*not healthy/,
    stops: true,
    mend: (stage) =>
      sh(
        stage,
        `sed -i 's#: \\[/data/#: /data/#' /var/lib/gen-cloudinit/homeserver.yaml ${baseDir}/files/homeserver.yaml`,
      ).then(() => undefined),
    limit: 800,
    without: [cloudInit, units, containersRun],
    instead: [containersRunAgain],
  },
  {
    name: 'fault-postgres-killed',
    fault: 'kill -9 of PostgreSQL',
    moment: 'in the middle of a transaction, on a server that is ready',
    expected: 'it recovers automatically: committed data is there, other data is not; Synapse continues',
    seen: 'as expected',
    async inject(stage) {
      await stage.when(inPhase('ready'), 400);
      await sh(stage, `${psql} "create table lab (word text); insert into lab values ('committed')"`);
      await sh(
        stage,
        `docker exec -d ${containers.db} psql -U synapse -d synapse -c "begin; insert into lab values ('open'); select pg_sleep(600)"`,
      );
      await stage.when(
        `${psql} "select query from pg_stat_activity where state = 'active'" | grep -q pg_sleep.600`,
      );
      await sh(stage, `kill -9 $(docker inspect -f '{{.State.Pid}}' ${containers.db})`);
    },
    keepsDatabase: true,
    async judge(stage) {
      await stage.when(`${psql} 'select 1' >/dev/null 2>&1`, 60);
      const words = (await sh(stage, `${psql} 'select word from lab; drop table lab' | head -n 1`)).trim();
      await stage.when('curl -fso /dev/null http://127.0.0.1:8008/health', 60);
      const count = `docker inspect -f '{{.Name}} {{.RestartCount}}' ${containers.db} ${containers.synapse}`;
      return [
        is('rows of the table', words, 'committed'),
        is(
          'restarts',
          (await sh(stage, count)).trim().replace(/\s+/g, ' '),
          `/${containers.db} 1 /${containers.synapse} 0`,
        ),
      ];
    },
    without: [containersRun],
  },
  {
    name: 'fault-ipv6-off',
    fault: 'IPv6 is turned off in the kernel (ipv6.disable=1)',
    moment: 'from power on',
    expected: 'nginx starts; a healthy server by IPv4',
    seen: 'as expected, emulated 350 s after the start',
    kind: 'qemu',
    spec: async () => ({ hardware: { kernelOptions: 'ipv6.disable=1' } }),
    before: ({ lab, spec, machine }) => lab.world.dns.set(spec.domain, { a: [machine.address] }),
    inject: (stage) => stage.when('[ ! -e /proc/sys/net/ipv6 ]'),
    limit: 600,
    // The lab's network configuration has IPv6 addresses, so networkd waits for them without success.
    without: [federationKey, redirect, units],
  },
  {
    name: 'fault-clock-off',
    fault: 'the clock is years behind; corrected later',
    moment: 'from power on',
    expected: 'found before anything is installed and reported; the timer finishes it',
    seen: 'as expected, emulated 857 s after the clock was right, beside two other runs',
    kind: 'qemu',
    spec: async () => ({ hardware: { clock: '2020-02-01T12:00:00' } }),
    inject: (stage) => stage.when('true'),
    reason: /gen-cloudinit: .*clock/,
    stops: true,
    async mend(stage) {
      // Sets the clock as a time server would. Only a machine with a kernel of its own has a clock of its own.
      await sh(stage, `date --set @${Math.floor(Date.now() / 1000)}`);
    },
    limit: 900,
    without: [cloudInit, units],
  },
];
