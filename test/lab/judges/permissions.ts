// The permission table of the deployment overview, entry by entry, and who owns the secrets.
import { baseDir, type Server, sh } from '../server';
import { holds, is, type Judge, type Verdict } from '../verdict';

type Entry = readonly [path: string, ownerAndMode: string];

/** "Permission Settings" of the overview, with numeric owners: 991 has no name on the server. */
const table = (domain: string): readonly Entry[] => [
  [baseDir, '0:0 755'],
  [`${baseDir}/files`, '991:991 755'],
  [`${baseDir}/schemas`, '0:0 755'],
  [`${baseDir}/files/homeserver.yaml`, '991:991 644'],
  [`${baseDir}/element-config.json`, '0:0 644'],
  [`${baseDir}/docker-compose.yml`, '0:0 644'],
  ['/root/nginx', '0:0 755'],
  ['/root/nginx/compose.yml', '0:0 644'],
  [`/data/nginx/user_conf.d/${domain}.conf`, '0:0 644'],
];

/** Secrets that Synapse reads, and one that Compose reads as root. */
const secretsOf = (serverName: string): readonly Entry[] => [
  [`${baseDir}/files/${serverName}.signing.key`, '991:991 600'],
  [`${baseDir}/files/macaroon_secret_key`, '991:991 600'],
  [`${baseDir}/files/form_secret`, '991:991 600'],
  [`${baseDir}/files/registration_shared_secret`, '991:991 600'],
  [`${baseDir}/files/pgpass`, '991:991 600'],
  [`${baseDir}/db-password`, '0:0 600'],
];

async function compare(server: Server, entries: readonly Entry[]): Promise<Verdict[]> {
  const paths = entries.map(([path]) => path);
  const { stdout, stderr } = await server.machine.exec(['stat', '-c', '%n\t%u:%g %a', ...paths]);
  const seen = new Map(stdout.split('\n').map((line) => line.split('\t') as [string, string]));
  return entries.map(([path, expected]) => {
    const missing = stderr.split('\n').find((line) => line.includes(`'${path}'`));
    return is(path, seen.get(path) ?? missing, expected);
  });
}

export const permissions: Judge = {
  name: 'permissions',
  async ask({ server }) {
    const files = `${baseDir}/files`;
    const foreign = await sh(server, `find ${files} ! -uid 991 -o ! -gid 991`);
    const folders = await sh(server, `find ${files} -type d ! -perm 755`);
    return [
      ...(await compare(server, table(server.domain))),
      holds(`everything in ${files} is 991:991`, foreign === '', foreign || 'all', 'all'),
      holds(`every directory in ${files} is 755`, folders === '', folders || 'all', 'all'),
    ];
  },
};

// The part of a secret that a copy elsewhere would contain; in the key file, other words precede it.
const searching = (paths: readonly string[]) => `
for file in ${paths.join(' ')}; do
  secret=$(tail -c +1 "$file" | tr -d '\\n' | sed 's/.*[ :]//')
  [ \${#secret} -ge 16 ] || { echo "$file is too short: \${#secret}"; continue; }
  find /data /etc /root /usr/local /var/log /var/lib/cloud /home /opt /srv -type f -perm /o=r \\
    -exec grep -lF -e "$secret" {} + | sed "s|$| holds $file|" || :
done`;

export const secrets: Judge = {
  name: 'secrets',
  async ask({ server }) {
    const entries = secretsOf(server.serverName);
    const open = await sh(server, searching(entries.map(([path]) => path)), 120_000);
    return [
      ...(await compare(server, entries)),
      holds(
        'no secret is short, or in a file that others may read',
        open.trim() === '',
        open || 'none',
        'none',
      ),
    ];
  },
};
