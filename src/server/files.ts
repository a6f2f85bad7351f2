import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import matrixctl, {
  core as matrixctlCore,
  packed as matrixctlPacked,
} from '../../templates/matrixctl/matrixctl.sh';
import dockerCompose from '../../templates/server/docker-compose.yml.ejs';
import elementConfig from '../../templates/server/element-config.json.ejs';
import settings from '../../templates/server/gen-cloudinit.env.ejs';
import homeserver from '../../templates/server/homeserver.yaml.ejs';
import nginxCompose from '../../templates/server/nginx/compose.yml.ejs';
import nginxCertbot from '../../templates/server/nginx/nginx-certbot.env.ejs';
import site from '../../templates/server/nginx/site.conf.ejs';
import schemas from '../../templates/server/schemas/README';
import type { Deployment } from '../config/deployment';

/** Where the script that operates the server lands. */
export const SCRIPT = '/usr/local/sbin/matrixctl';

/** The settings of the deployment that the scripts need. */
export const SETTINGS = '/etc/gen-cloudinit.env';

/** Where the key of Docker's repository lands. */
export const APT_KEY = '/etc/apt/keyrings/gen-cloudinit-docker.asc';

/** One file that the document writes. */
export interface ServerFile {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
  /** The content in gzip and base64, where the document packs it. */
  readonly packed?: string;
  /** What replaces the content in a document without room for it. */
  readonly core?: string;
}

/** How a document carries its large content. */
export interface Content {
  /** Scripts packed, which is shorter in plain text; or plain, which is shorter inside gzip, and readable. */
  readonly scripts: 'packed' | 'plain';
  /** Whether the document contains the key of Docker's repository, or only its SHA-256: the server then fetches the key. */
  readonly dockerKey: 'included' | 'fetched';
  /**
   * Whether the document contains matrixctl; or its SHA-256 and address, where the server fetches it; or matrixctl without
   * doctor, backup, restore and update.
   */
  readonly matrixctl: 'included' | 'fetched' | 'core';
}

interface FileRow {
  readonly path: (deployment: Pick<Deployment, 'baseDir' | 'domain'>) => string;
  readonly owner: 'root:root' | '991:991';
  readonly mode: '0600' | '0644' | '0755';
  /** For the README. */
  readonly what: string;
  /** A function of the values where the template has any, else the text itself. */
  readonly template: ((values: unknown) => string) | string;
  /** The text as it travels in a plain document, where that is much shorter: gzip in base64. */
  readonly packed?: string;
  /** The text without what a document may omit. */
  readonly core?: string;
  /**
   * Where the document writes the file first, for matrixctl to install it: root writes nothing into a directory of
   * another user's, who could have put a link there.
   */
  readonly staged?: string;
}

/**
 * The permission table of the deployment: every file, with its final owner and mode on the server.
 * 991 is Synapse's user inside its image; `matrixctl boot prepare` sets it, because cloud-init knows owners by name only.
 */
export const FILES: readonly FileRow[] = [
  {
    path: () => SETTINGS,
    owner: 'root:root',
    mode: '0600',
    what: 'what the scripts need to know',
    template: settings,
  },
  {
    path: () => SCRIPT,
    owner: 'root:root',
    mode: '0755',
    what: 'operates the server; `matrixctl boot` holds the steps of the first boot',
    template: matrixctl,
    packed: matrixctlPacked,
    core: matrixctlCore,
  },
  {
    path: () => APT_KEY,
    owner: 'root:root',
    mode: '0644',
    what: "public key of Docker's repository",
    template: (deployment) => (deployment as Deployment).dockerAptKey,
  },
  {
    path: () => '/root/nginx/compose.yml',
    owner: 'root:root',
    mode: '0644',
    what: 'nginx with certbot',
    template: nginxCompose,
  },
  {
    path: () => '/data/nginx/nginx-certbot.env',
    owner: 'root:root',
    mode: '0644',
    what: "certbot's settings",
    template: nginxCertbot,
  },
  {
    path: (d) => `/data/nginx/user_conf.d/${d.domain}.conf`,
    owner: 'root:root',
    mode: '0644',
    what: "nginx's server block of the domain",
    template: site,
  },
  {
    path: (d) => `${d.baseDir}/docker-compose.yml`,
    owner: 'root:root',
    mode: '0644',
    what: 'database, Synapse, Element',
    template: dockerCompose,
  },
  {
    path: (d) => `${d.baseDir}/schemas/README`,
    owner: 'root:root',
    mode: '0644',
    what: 'keeps the directory of database schemas',
    template: schemas,
  },
  {
    path: (d) => `${d.baseDir}/files/homeserver.yaml`,
    owner: '991:991',
    mode: '0644',
    what: "Synapse's configuration",
    template: homeserver,
    staged: '/var/lib/gen-cloudinit/homeserver.yaml',
  },
  {
    path: (d) => `${d.baseDir}/element-config.json`,
    owner: 'root:root',
    mode: '0644',
    what: "Element's configuration",
    template: elementConfig,
  },
];

/**
 * Words in a certificate's name that jonasal/nginx-certbot reads as settings: the authenticator or the key type
 * (its src/scripts/run_certbot.sh).
 */
const CERTBOT_SETTING = /(?:^|[-.])(?:webroot|dns-[^-.]*|rsa|ecc|ecdsa)(?:[-.]|$)/i;

/** The certificate is named after the domain, or `matrix` where the image would misread the domain. */
export function certificateName(domain: string): string {
  return CERTBOT_SETTING.test(domain) ? 'matrix' : domain;
}

/**
 * The files that a document writes, rendered, in the order of the table. Root owns everything at first: cloud-init knows
 * owners by name only, so `matrixctl boot prepare` sets the others.
 */
export function serverFiles(deployment: Deployment): ServerFile[] {
  const values = {
    ...deployment,
    dockerKeySha256: sha256Of(deployment.dockerAptKey),
    certificateName: certificateName(deployment.domain),
    addresses: publishedAddresses(deployment.synapseBind),
  };
  return FILES.map(({ path, mode, template, packed, core, staged }) => ({
    path: staged ?? path(deployment),
    mode,
    content: typeof template === 'string' ? template : template(values),
    ...(packed ? { packed } : {}),
    ...(core ? { core } : {}),
  }));
}

/** SHA-256 in hexadecimal digits; of a text that of its UTF-8 bytes. */
export function sha256Of(content: string | Uint8Array): string {
  return bytesToHex(sha256(typeof content === 'string' ? utf8ToBytes(content) : content));
}

/**
 * Synapse's port mappings: always on loopback, which nginx and the health check use, and on the requested address
 * unless that covers loopback.
 */
function publishedAddresses(bind: string): string[] {
  const mapping = (address: string) => `${address.includes(':') ? `[${address}]` : address}:8008:8008`;
  if (bind === '0.0.0.0') return [mapping(bind)];
  return [...new Set(['127.0.0.1', bind])].map(mapping);
}
