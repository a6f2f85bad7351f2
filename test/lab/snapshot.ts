// The state of a server that must not change when there is nothing to do: files, containers, volumes, accounts.
import { containers, type Server, sh } from './server';

/** One line per thing: its name, and a value that changes with it. */
export type Snapshot = ReadonlyMap<string, string>;

const folders = [
  '/data',
  '/root',
  '/etc/docker',
  '/etc/apt',
  '/etc/gen-cloudinit.env',
  '/etc/systemd/system',
  '/usr/local',
];

// Synapse's media and pid file may change while it runs, and do not belong to the document.
const script = `
find ${folders.join(' ')} ! -path '*/media_store/*' ! -name '*.pid' \\( -type f -o -type d \\) -printf '%p owner and mode|%U:%G %m\\n'
find ${folders.join(' ')} -type f ! -path '*/media_store/*' ! -name '*.pid' -exec sha256sum {} + | sed 's/^\\([^ ]*\\)  \\(.*\\)/\\2 content|\\1/'
docker inspect -f 'container {{.Name}}|{{.Id}}, started {{.State.StartedAt}}, restarts {{.RestartCount}}' $(docker ps -aq)
docker image ls --no-trunc --format 'image {{.Repository}}:{{.Tag}}|{{.ID}}'
docker volume ls --format 'volume {{.Name}}|{{.Driver}}'
docker network ls --no-trunc --filter type=custom --format 'network {{.Name}}|{{.ID}}'
docker exec ${containers.db} psql -U synapse -d synapse -At -F '|' -c "select 'account ' || name, password_hash from users"
docker exec ${containers.nginx} sh -c 'sha256sum /etc/letsencrypt/live/*/cert.pem' | sed 's/^\\([^ ]*\\)  \\(.*\\)/certificate \\2|\\1/'`;

/** Looks at everything; changes nothing. */
export async function snapshot(server: Server): Promise<Snapshot> {
  const lines = (await sh(server, script)).trim().split('\n');
  return new Map(
    lines.map((line) => {
      const cut = line.indexOf('|');
      return [line.slice(0, cut), line.slice(cut + 1)];
    }),
  );
}

/** Names of what is new, gone or different, sorted. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}
