import dockerCompose from '../../templates/docker-compose.yml.ejs';
import elementConfig from '../../templates/element-config.json.ejs';
import settings from '../../templates/gen-cloudinit.env.ejs';
import homeserver from '../../templates/homeserver.yaml.ejs';
import matrixctl, {
  core as matrixctlCore,
  packed as matrixctlPacked,
} from '../../templates/matrixctl/matrixctl.sh';
import nginxCompose from '../../templates/nginx/compose.yml.ejs';
import nginxCertbot from '../../templates/nginx/nginx-certbot.env.ejs';
import site from '../../templates/nginx/site.conf.ejs';
import schemas from '../../templates/schemas/README';
import type { Deployment } from '../deployment/deployment';
import { APT_KEY, SCRIPT } from './boot';
import type { PartName, ServerFile } from './part';

interface FileRow {
  readonly part: PartName;
  readonly path: (deployment: Pick<Deployment, 'baseDir' | 'domain'>) => string;
  readonly owner: 'root:root' | '991:991';
  readonly mode: '0600' | '0644' | '0755';
  /** For the README. */
  readonly what: string;
  /** A function of the values where the template has any, else the text itself. */
  readonly template: ((values: unknown) => string) | string;
  /** The text as it travels in a plain document, where that is shorter by much: gzip in base64. */
  readonly packed?: string;
  /** The text without what a document may omit. */
  readonly core?: string;
  /**
   * Where the document writes the file instead, for matrixctl to install it: root writes nothing into a directory of
   * another user's, who could have put a link there.
   */
  readonly staged?: string;
}

/**
 * The permission table of the deployment: every file, with the owner and mode that it has on the server in the end.
 * 991 is Synapse's user inside its image; `matrixctl boot prepare` sets it, since cloud-init knows owners by name only.
 */
export const FILES: readonly FileRow[] = [
  {
    part: 'host',
    path: () => '/etc/gen-cloudinit.env',
    owner: 'root:root',
    mode: '0600',
    what: 'what the scripts need to know',
    template: settings,
  },
  {
    part: 'host',
    path: () => SCRIPT,
    owner: 'root:root',
    mode: '0755',
    what: 'operates the server; `matrixctl boot` holds the steps of the first boot',
    template: matrixctl,
    packed: matrixctlPacked,
    core: matrixctlCore,
  },
  {
    part: 'docker',
    path: () => APT_KEY,
    owner: 'root:root',
    mode: '0644',
    what: "public key of Docker's repository",
    template: (deployment) => (deployment as Deployment).dockerAptKey,
  },
  {
    part: 'stack',
    path: (d) => `${d.baseDir}/docker-compose.yml`,
    owner: 'root:root',
    mode: '0644',
    what: 'database, Synapse, Element',
    template: dockerCompose,
  },
  {
    part: 'postgres',
    path: (d) => `${d.baseDir}/schemas/README`,
    owner: 'root:root',
    mode: '0644',
    what: 'keeps the directory of database schemas',
    template: schemas,
  },
  {
    part: 'synapse',
    path: (d) => `${d.baseDir}/files/homeserver.yaml`,
    owner: '991:991',
    mode: '0644',
    what: "Synapse's configuration",
    template: homeserver,
    staged: '/var/lib/gen-cloudinit/homeserver.yaml',
  },
  {
    part: 'element',
    path: (d) => `${d.baseDir}/element-config.json`,
    owner: 'root:root',
    mode: '0644',
    what: "Element's configuration",
    template: elementConfig,
  },
  {
    part: 'nginx',
    path: () => '/root/nginx/compose.yml',
    owner: 'root:root',
    mode: '0644',
    what: 'nginx with certbot',
    template: nginxCompose,
  },
  {
    part: 'nginx',
    path: () => '/data/nginx/nginx-certbot.env',
    owner: 'root:root',
    mode: '0644',
    what: "certbot's settings",
    template: nginxCertbot,
  },
  {
    part: 'nginx',
    path: (d) => `/data/nginx/user_conf.d/${d.domain}.conf`,
    owner: 'root:root',
    mode: '0644',
    what: "nginx's server block of the domain",
    template: site,
  },
];

/**
 * The files of one part, rendered.
 * @param values what the part's templates need besides the deployment itself
 */
export function filesOf(part: PartName, deployment: Deployment, values: object = {}): ServerFile[] {
  return FILES.filter((row) => row.part === part).map(
    ({ path, owner, mode, template, packed, core, staged }) => ({
      path: staged ?? path(deployment),
      owner: staged ? 'root:root' : owner,
      mode,
      content: typeof template === 'string' ? template : template({ ...deployment, ...values }),
      ...(packed ? { packed } : {}),
      ...(core ? { core } : {}),
    }),
  );
}
