/** What a document promises, read from the document itself: the same for a compiled one and for one in a file. */
import { load } from 'js-yaml';
import { planExtract } from '../cloudinit/read/extract-plan';
import { octal } from '../cloudinit/read/inventory';
import { FILES, sha256Of } from '../server/files';

export interface ExpectedFile {
  readonly path: string;
  /** `user:group`, names or numbers as the permission table has them. */
  readonly owner: string;
  /** Four octal digits. */
  readonly mode: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface ExpectedContainer {
  /** `matrix-db-1`, as Compose names it. */
  readonly name: string;
  readonly service: string;
  readonly image: string;
  /** Whether the document has a health check for it; an image may bring one of its own. */
  readonly isChecked: boolean;
}

/** Who signs the certificate. */
export type Signer = 'local-ca' | 'letsencrypt' | 'staging' | 'acme';

export interface Expectations {
  readonly domain: string;
  readonly serverName: string;
  readonly baseDir: string;
  readonly signer: Signer;
  /** The directory below /etc/letsencrypt/live. */
  readonly certificateName: string;
  readonly files: readonly ExpectedFile[];
  readonly containers: readonly ExpectedContainer[];
  /** The container of nginx. */
  readonly proxy: string;
  readonly elementConfig: unknown;
  /** Addresses other than loopback on which the document publishes 8008. */
  readonly publishedTo: readonly string[];
}

const ENVIRONMENT = '/etc/gen-cloudinit.env';
const NGINX_COMPOSE = '/root/nginx/compose.yml';
const CERTBOT = '/data/nginx/nginx-certbot.env';

/**
 * @param document user data in any form that a provider accepts
 * @returns what has to hold on the machine, or why the document cannot be judged
 */
export function readExpectations(document: Uint8Array): Expectations | { readonly problem: string } {
  const { files, problem } = planExtract(document, false);
  if (problem !== undefined) return { problem: `it cannot be read: ${problem}` };
  const texts = new Map(files.map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]));
  const environment = settings(texts.get(ENVIRONMENT) ?? '');
  const domain = environment.get('DOMAIN');
  const baseDir = environment.get('BASE_DIR');
  if (!domain || !baseDir)
    return { problem: `${ENVIRONMENT} is not in it: it is not one of gen-cloudinit's` };
  const matrix = compose(texts.get(`${baseDir}/docker-compose.yml`) ?? '');
  const nginx = compose(texts.get(NGINX_COMPOSE) ?? '');
  const site = texts.get(`/data/nginx/user_conf.d/${domain}.conf`) ?? '';
  const owners = new Map(FILES.map(({ path, owner }) => [path({ domain, baseDir }), owner]));
  return {
    domain,
    serverName: environment.get('SERVER_NAME') ?? domain,
    baseDir,
    signer: signerOf(settings(texts.get(CERTBOT) ?? '')),
    certificateName: /\/live\/([^/;]+)\/privkey\.pem/.exec(site)?.[1] ?? domain,
    files: files.flatMap(({ path, bytes, mode, owner }) => {
      const file = {
        path,
        // matrixctl has the last word on owners, because cloud-init has no name for some of them.
        owner: owners.get(path) ?? owner,
        mode: octal(mode),
        sha256: sha256Of(bytes),
        bytes: bytes.length,
      };
      // What matrixctl installs from there.
      const installed = FILES.filter(({ staged }) => staged === path).map((row) => ({
        ...file,
        path: row.path({ domain, baseDir }),
        owner: row.owner,
        mode: row.mode,
      }));
      return [file, ...installed];
    }),
    containers: [...containersOf(matrix), ...containersOf(nginx)],
    proxy: containersOf(nginx)[0]?.name ?? 'nginx-nginx-1',
    elementConfig: parsed(texts.get(`${baseDir}/element-config.json`) ?? 'null'),
    publishedTo: publishedTo(matrix),
  };
}

/** `NAME=value` lines, read as a shell and Compose both read those that we write. */
function settings(text: string): Map<string, string> {
  const lines = text.split('\n').flatMap((line) => {
    const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined
      ? []
      : [[name, value.replace(/^'(.*)'$/, '$1')] as const];
  });
  return new Map(lines);
}

function signerOf(certbot: ReadonlyMap<string, string>): Signer {
  if (certbot.get('USE_LOCAL_CA') === '1') return 'local-ca';
  if (certbot.has('CERTBOT_PRODUCTION_URL')) return 'acme';
  return certbot.get('STAGING') === '1' ? 'staging' : 'letsencrypt';
}

interface Compose {
  readonly name?: string;
  readonly services?: Readonly<
    Record<
      string,
      { readonly image?: string; readonly healthcheck?: unknown; readonly ports?: readonly string[] }
    >
  >;
}

function compose(text: string): Compose {
  const data: unknown = load(text);
  return typeof data === 'object' && data !== null ? data : {};
}

function containersOf({ name = '', services = {} }: Compose): ExpectedContainer[] {
  return Object.entries(services).map(([service, { image = '', healthcheck }]) => ({
    name: `${name}-${service}-1`,
    service,
    image,
    isChecked: healthcheck !== undefined,
  }));
}

function publishedTo({ services = {} }: Compose): string[] {
  return (services.synapse?.ports ?? [])
    .map((port) => port.replace(/:8008:8008$/, '').replace(/^\[(.*)\]$/, '$1'))
    .filter((address) => !address.startsWith('127.') && address !== '::1');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
