// Compares the duration of our first boot with the bare steps. It prints figures and asserts nothing, because timings vary.
import type { Lab } from '../lab';
import { bootTimeline } from '../machines/boot-timeline';
import type { Scenario } from '../scenario';
import { baseDir, type Server, type ServerSpec, sh } from '../server';
import { holds, timed } from '../verdict';

const spec: ServerSpec = { name: 'pace', host: 48, domain: 'pace.test' };
const ROUNDS = 3;

/** Shell shared by both measurements: an empty server with the images on its disk, and a clock. */
const COMMON = `
export HOME=/root
matrix() { docker compose -f ${baseDir}/docker-compose.yml "$@"; }
nginx() { docker compose -f /root/nginx/compose.yml "$@"; }
systemctl stop matrix.timer
{ nginx down -v; matrix down -v; } >/dev/null 2>&1
cd /var/lib/gen-cloudinit && rm -f ready database new-database
begin=$(date +%s%N)
seconds() { awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { print ns / 1e9 }'; }
`;

const OURS = `${COMMON}
sh /var/lib/cloud/instance/scripts/runcmd >/run/pace.log 2>&1
seconds
`;

/** The minimum of steps, in the order of their dependencies; each starts as early as possible. */
const FLOOR = `${COMMON}
nginx up -d >/dev/null 2>&1 &
matrix up -d --no-deps db >/dev/null 2>&1
until docker exec matrix-db-1 pg_isready -q -h 127.0.0.1 -U synapse; do sleep 0.1; done 2>/dev/null
matrix up -d --no-deps synapse >/dev/null 2>&1
until curl -fsm 2 -o /dev/null http://127.0.0.1:8008/health; do sleep 0.1; done
matrix up -d --no-deps element >/dev/null 2>&1
until curl -fsm 2 -o /dev/null http://127.0.0.1:8080/; do sleep 0.1; done
until curl -skfm 2 -o /dev/null --connect-to ::127.0.0.1: https://${spec.domain}/_matrix/client/versions; do sleep 0.1; done
seconds
wait
`;

/** All images at once, on a server that has none. */
const PULLS = `${COMMON}
docker system prune -af >/dev/null
begin=$(date +%s%N)
{ matrix pull -q & nginx pull -q & wait; } >/dev/null 2>&1
seconds
`;

const UP = `${COMMON.replaceAll('down -v', 'down')}
touch ready
matrixctl up >/run/pace.log 2>&1
seconds
`;

/** On the running server, with a registry without new images. */
const UPDATE = `
begin=$(date +%s%N)
matrixctl update >/run/pace.log 2>&1
awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { print ns / 1e9 }'
`;

const time = async (server: Server, script: string): Promise<number> =>
  Number((await sh(server, script, 600_000)).trim());

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** When the first boot reported the start of a phase, in seconds since power on. */
function phases(server: Server): Record<'preparing' | 'installing' | 'pulling' | 'ready', number> {
  const events = bootTimeline(server.machine.log);
  const at = (phase: string) => {
    const found = events.find(({ event }) => event.includes(`gen-cloudinit: ${phase}:`));
    if (!found) throw new Error(`${server.name} never said ${phase}`);
    return found.t;
  };
  return {
    preparing: at('preparing'),
    installing: at('installing'),
    pulling: at('pulling'),
    ready: at('ready'),
  };
}

async function measure(lab: Lab) {
  const server = await lab.boot(spec);
  const { preparing, installing, pulling, ready } = phases(server);
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await time(server, OURS));
    floor.push(await time(server, FLOOR));
  }
  const up = await time(server, UP);
  const update = await time(server, UPDATE);
  const pulls = await time(server, PULLS);
  await server.machine.destroy();
  const least = preparing + (pulling - installing) + pulls + median(floor);
  return {
    stack: median(ours) / median(floor),
    boot: ready / least,
    ours,
    floor,
    up,
    update,
    pulls,
    ready,
    least,
    preparing,
    install: pulling - installing,
  };
}

export const pace: Scenario = {
  name: 'pace',
  what: 'a first boot, and the stack from images on the disk, against the same steps without any waiting',
  servers: [],
  kind: 'nspawn',
  onRequest: true,
  async run(lab, tell) {
    tell(
      await timed('time', async () => {
        const found = await measure(lab);
        const shown = (values: readonly number[]) => values.map((value) => value.toFixed(1)).join(', ');
        const stack = `${found.stack.toFixed(2)} x (${shown(found.ours)} s; floor ${shown(found.floor)} s)`;
        const parts = `${found.preparing.toFixed(1)} s until runcmd, ${found.install.toFixed(1)} s Docker, ${found.pulls.toFixed(1)} s pulls`;
        const boot = `${found.boot.toFixed(2)} x (${found.ready.toFixed(1)} s; least ${found.least.toFixed(1)} s: ${parts})`;
        lab.progress(`pace: stack ${stack}`);
        lab.progress(`pace: first boot ${boot}`);
        lab.progress(
          `pace: up after down ${found.up.toFixed(1)} s, update without news ${found.update.toFixed(1)} s`,
        );
        return [
          holds('pace: stack', found.stack > 0, stack, 'a figure'),
          holds('pace: first boot', found.boot > 0, boot, 'a figure'),
        ];
      }),
    );
  },
};
