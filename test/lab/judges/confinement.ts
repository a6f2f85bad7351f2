// What each container may do and can reach: read from, and tried in, the running containers.
import { containers, type Server, sh } from '../server';
import { holds, is, type Judge, type Verdict } from '../verdict';
import { metadata } from '../world/netns';

type Service = keyof typeof containers;

/** The capabilities that any of the services has, by their bit (capability.h). */
const bits: Readonly<Record<number, string>> = {
  0: 'CHOWN',
  1: 'DAC_OVERRIDE',
  3: 'FOWNER',
  5: 'KILL',
  6: 'SETGID',
  7: 'SETUID',
  10: 'NET_BIND_SERVICE',
};

function capabilities(mask = ''): string {
  const names = [...BigInt(`0x${mask || 0}`).toString(2)]
    .reverse()
    .flatMap((bit, index) => (bit === '1' ? [bits[index] ?? `number ${index}`] : []));
  return names.join(' ') || 'none';
}

interface Expected {
  readonly uid: number;
  /** The bounding set: the capabilities that any process of the container can gain. */
  readonly most: string;
  /** The effective capabilities of its first process. */
  readonly has: string;
}

const start = 'CHOWN DAC_OVERRIDE FOWNER SETGID SETUID';
const proxy = 'CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID NET_BIND_SERVICE';
const expected: Readonly<Record<Service, Expected>> = {
  db: { uid: 70, most: start, has: 'none' },
  synapse: { uid: 991, most: 'none', has: 'none' },
  element: { uid: 101, most: 'none', has: 'none' },
  nginx: { uid: 0, most: proxy, has: proxy },
};

/** /proc/PID/status, by name. */
const statusOf = (text: string) =>
  new Map(text.split('\n').map((line) => line.split(/:\s+/, 2) as [string, string]));

/** Tries to write a file as the container's root. @returns the system's error message, or that the file was written */
async function write(server: Server, service: Service, path: string): Promise<string> {
  const script = `if echo lab >${path}; then rm -f ${path}; echo written; fi`;
  return (await sh(server, `docker exec -u 0 ${containers[service]} sh -c '${script}' 2>&1 || :`)).trim();
}

async function rights(server: Server, service: Service): Promise<Verdict[]> {
  const { uid, most, has } = expected[service];
  const name = containers[service];
  const status = statusOf(await sh(server, `docker exec ${name} cat /proc/1/status`));
  // Docker omits a limit that the machine's kernel does not support, as in systemd-nspawn.
  const limits = await sh(
    server,
    `docker info -f '{{.MemoryLimit}} {{.PidsLimit}}'
docker inspect -f '{{if .HostConfig.Memory}}true{{else}}false{{end}} {{if .HostConfig.PidsLimit}}true{{else}}false{{end}}' ${name}`,
  );
  const [offered, set] = limits.trim().split('\n');
  return [
    is(`${service}: user`, status.get('Uid')?.split('\t')[0], `${uid}`),
    is(`${service}: capabilities`, capabilities(status.get('CapEff')), has),
    is(`${service}: capabilities at most`, capabilities(status.get('CapBnd')), most),
    is(`${service}: no new privileges`, status.get('NoNewPrivs'), '1'),
    is(`${service}: limits of memory and processes`, set, offered ?? ''),
  ];
}

/** nginx's workers, which meet the world's requests, are another user without any capability. */
async function workers(server: Server): Promise<Verdict> {
  const script = `docker exec ${containers.nginx} sh -c 'for p in $(pgrep -xf "nginx: worker process"); do cat /proc/$p/status; done'`;
  const text = await sh(server, script);
  const seen = [...text.matchAll(/^(?:Uid|CapEff):\s+(\w+)/gm)].map(([, value]) => value);
  return is("nginx's workers", [...new Set(seen)].join(' '), '101 0000000000000000');
}

export const confinement: Judge = {
  name: 'confinement',
  async ask({ server }) {
    const services = Object.keys(containers) as Service[];
    const verdicts = (await Promise.all(services.map((service) => rights(server, service)))).flat();
    verdicts.push(await workers(server));
    const closed: [string, Service, string][] = [
      ['db: root directory', 'db', '/lab-probe'],
      ['synapse: root directory', 'synapse', '/lab-probe'],
      ['element: root directory', 'element', '/lab-probe'],
      ["nginx: the server's site", 'nginx', '/etc/nginx/user_conf.d/lab-probe.conf'],
    ];
    for (const [name, service, path] of closed) {
      const seen = await write(server, service, path);
      verdicts.push(holds(name, /Read-only file system/.test(seen), seen, 'Read-only file system'));
    }
    return verdicts;
  },
};

/** Connects from within a container to all targets at once. @returns the outcome of each attempt, by target name */
async function connect(
  server: Server,
  service: Service,
  targets: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const each = `t=$1; said=$(timeout 5 bash -c "</dev/tcp/\${t%:*}/\${t##*:}" 2>&1); c=$?
case $c in 0) said=connected ;; 124) said="no answer" ;; *) said=\${said##*: } ;; esac; echo "$t $said"`;
  const script = `docker exec -i ${containers[service]} sh -s -- ${targets.join(' ')} <<'E'
each() { ${each}; }
for target; do each "$target" & done
wait
E`;
  const lines = (await sh(server, script)).trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

const said = (seen: ReadonlyMap<string, string>): string =>
  [...seen].map(([target, words]) => `${target}: ${words}`).join('; ');

/** Element only serves files: an intruder in its container must reach no more of Synapse and the data than a stranger. */
export const apart: Judge = {
  name: 'networks',
  async ask({ server }) {
    const addresses = async (service: Service, field: string) =>
      (
        await sh(
          server,
          `docker inspect -f '{{range .NetworkSettings.Networks}}{{.${field}}} {{end}}' ${containers[service]}`,
        )
      )
        .trim()
        .split(/\s+/);
    const targets = [
      'synapse:8008',
      'db:5432',
      ...(await addresses('synapse', 'IPAddress')).map((address) => `${address}:8008`),
      ...(await addresses('db', 'IPAddress')).map((address) => `${address}:5432`),
      ...(await addresses('element', 'Gateway')).map((address) => `${address}:8008`),
    ];
    const seen = await connect(server, 'element', targets);
    const open = [...seen.values()].includes('connected');
    // A positive control: the same attempt succeeds where a route exists.
    const own = await connect(server, 'element', ['127.0.0.1:80']);
    const allowed = await connect(server, 'synapse', ['db:5432']);
    return [
      is('Element, tried', seen.size, new Set(targets).size),
      holds('Element reaches neither Synapse nor the database', !open, said(seen), 'no connection'),
      is('Element reaches itself', said(own), '127.0.0.1:80: connected'),
      is('Synapse reaches the database', said(allowed), 'db:5432: connected'),
    ];
  },
};

/** A provider's metadata service returns the document, and at some providers credentials: containers must not reach it. */
export const metadataClosed: Judge = {
  name: 'metadata service',
  async ask({ server }) {
    const from = async (service: Service) => {
      const seen = said(await connect(server, service, [`${metadata}:80`]));
      const refused = /: (Connection refused|Network is unreachable)$/.test(seen);
      return holds(`from ${service}`, refused, seen, 'refused at once');
    };
    const itself = await sh(server, `curl -s -m 20 http://${metadata}/ || :`);
    return [
      is('from the server itself', itself, 'metadata'),
      await from('synapse'),
      await from('element'),
      await from('db'),
    ];
  },
};
