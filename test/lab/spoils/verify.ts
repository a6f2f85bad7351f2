// Faults of a server, and the points of `verify` that must fail: these and no others.
import { baseDir, containers } from '../server';
import { editSite, undoSite } from './site';

export interface VerifyControl {
  readonly name: string;
  /** Shell scripts, run inside. */
  readonly spoil: string;
  readonly mend: string;
  /** The points that must fail, by group and name, and the observation that each must contain. */
  readonly expects: Readonly<Record<string, RegExp>>;
}

const state = '/var/lib/gen-cloudinit/state.json';
const status = '/run/cloud-init/status.json';
const files = `${baseDir}/files`;

/** Keeps a file, changes it, and puts it back. */
const changed = (path: string, change: string) => ({
  spoil: `cp -p ${path} /run/lab.kept; ${change}`,
  mend: `cp -p /run/lab.kept ${path}`,
});

/** Changes the record that cloud-init keeps of its last stage. */
const record = (key: string, value: string) =>
  changed(
    status,
    `python3 -c 'import json
s = json.load(open("${status}"))
s["v1"]["modules-final"]["${key}"] = ${value}
json.dump(s, open("${status}", "w"))'`,
  );

/** Listens as PostgreSQL does: it answers a request for TLS, and silently closes any other connection. */
const database = `import socket
listener = socket.create_server(("", 5432))
while True:
  peer = listener.accept()[0]
  if peer.recv(8) == bytes.fromhex("0000000804d2162f"): peer.sendall(b"N")
  peer.close()`;

/** @param domain of the server. */
export const verifyControls = (domain: string): readonly VerifyControl[] => {
  const siteFile = `files: /data/nginx/user_conf.d/${domain}.conf`;
  const site = (program: string) => ({ spoil: editSite(domain, program), mend: undoSite(domain) });
  return [
    {
      name: 'cloud-init with a failed module',
      ...record('errors', '["spoiled"]'),
      expects: { 'cloud-init: status': /^error/, 'cloud-init: no module failed': /spoiled/ },
    },
    {
      name: 'cloud-init degraded',
      ...record('recoverable_errors', '{"WARNING": ["spoiled"]}'),
      expects: { 'cloud-init: not degraded by warnings': /WARNING: spoiled/ },
    },
    {
      name: 'a first boot that says it failed',
      ...changed(state, `sed -i 's/"ready"/"failed"/;s/"error":" *"/"error":"spoiled"/' ${state}`),
      expects: { 'first boot: phase': /^failed: spoiled$/ },
    },
    {
      name: 'a file with other content',
      ...changed(`${baseDir}/schemas/README`, `echo >>${baseDir}/schemas/README`),
      expects: { [`files: ${baseDir}/schemas/README`]: /^root:root 0644 sha256/ },
    },
    {
      name: 'a file of another owner, one with another mode, and one that is gone',
      spoil: `chown root:root ${files}/homeserver.yaml; chmod 0640 /data/nginx/nginx-certbot.env
mv /etc/gen-cloudinit.env /run/lab.kept`,
      mend: `chown 991:991 ${files}/homeserver.yaml; chmod 0644 /data/nginx/nginx-certbot.env
mv /run/lab.kept /etc/gen-cloudinit.env`,
      expects: {
        [`files: ${files}/homeserver.yaml`]: /^root:root 0644/,
        'files: /data/nginx/nginx-certbot.env': /^root:root 0640/,
        'files: /etc/gen-cloudinit.env': /no such file/,
      },
    },
    {
      name: 'Element stopped',
      spoil: `docker stop ${containers.element}`,
      mend: `docker start ${containers.element}`,
      expects: {
        'containers: element': /^exited/,
        "from outside: Element's page": /^502/,
        "from outside: Element's config.json": /^502/,
      },
    },
    {
      name: 'well-known files without CORS',
      ...site('/Allow-Origin/d'),
      expects: {
        [siteFile]: /sha256/,
        'from outside: well-known server': /for no origin/,
        'from outside: well-known client': /for no origin/,
      },
    },
    {
      name: 'the admin API open to one who disguises it, and no port 8448',
      ...site('/request_uri/d;/8448/d'),
      expects: {
        [siteFile]: /sha256/,
        'closed: /_synapse/admin refused': /server_version|errcode/,
        'from outside: federation key on 8448': /ECONNREFUSED/,
      },
    },
    {
      name: "the database's port open",
      spoil: `systemd-run -q --unit lab-listener python3 -c '${database}'; sleep 1`,
      mend: 'systemctl stop lab-listener',
      expects: { 'closed: port 5432 (the database)': /open/ },
    },
    {
      name: 'Synapse stopped',
      spoil: `docker stop ${containers.synapse}`,
      mend: `docker start ${containers.synapse}; sleep 5`,
      expects: {
        'first boot: http://127.0.0.1:8008/health': /^000$/,
        'containers: synapse': /^exited/,
        'from outside: /_matrix/client/versions': /^502/,
        'from outside: federation key on 8448': /^502/,
        'from outside: federation key on 443': /^502/,
      },
    },
  ];
};
