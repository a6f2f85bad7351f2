import type { Document } from './documents';
import type { Entry } from './landing';

/** Synapse's user and group inside its image. */
export const SYNAPSE = '991:991';
const ROOT = '0:0';

type Expected = Readonly<Record<string, Entry>>;

const directory = (owner: string): Entry => ({ kind: 'directory', owner, mode: '0755' });
const file = (owner: string, mode = '0644'): Entry => ({ kind: 'file', owner, mode });

/** The deployment's permission table as its overview states it, independent of the table in the sources. */
export function permissionTable({ baseDir, domain }: Document): Expected {
  return {
    [baseDir]: directory(ROOT),
    [`${baseDir}/files`]: directory(SYNAPSE),
    [`${baseDir}/schemas`]: directory(ROOT),
    [`${baseDir}/files/homeserver.yaml`]: file(SYNAPSE),
    [`${baseDir}/element-config.json`]: file(ROOT),
    [`${baseDir}/docker-compose.yml`]: file(ROOT),
    '/root/nginx': directory(ROOT),
    '/root/nginx/compose.yml': file(ROOT),
    [`/data/nginx/user_conf.d/${domain}.conf`]: file(ROOT),
    '/data/nginx/nginx-certbot.env': file(ROOT),
  };
}

/** Files that are created on the server itself, and that only their owner may read. */
export function secretTable({ baseDir, serverName }: Document): Expected {
  return {
    [`${baseDir}/db-password`]: file(ROOT, '0600'),
    [`${baseDir}/files/pgpass`]: file(SYNAPSE, '0600'),
    [`${baseDir}/files/${serverName}.signing.key`]: file(SYNAPSE, '0600'),
    [`${baseDir}/files/macaroon_secret_key`]: file(SYNAPSE, '0600'),
    [`${baseDir}/files/form_secret`]: file(SYNAPSE, '0600'),
    [`${baseDir}/files/registration_shared_secret`]: file(SYNAPSE, '0600'),
  };
}
