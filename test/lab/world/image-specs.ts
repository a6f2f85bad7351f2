// The stand-ins for the deployment's four images: their content and configuration. The top of each entrypoint under
// images/ describes the contracts that they keep, and the differences.

/** A root filesystem of Debian packages. */
export interface RootSpec {
  readonly suite: string;
  /** Debian packages, on top of the suite's essential ones. */
  readonly packages: readonly string[];
  /** The root filesystem whose layer lies below, so that images share it; its packages are part of this one. */
  readonly below?: RootName;
  /** Lines for /etc/passwd and /etc/group, there before the packages are installed. */
  readonly user?: { readonly passwd: string; readonly group: string };
  /** Paths that dpkg does not unpack (globs). */
  readonly exclude?: readonly string[];
  /** Paths that are removed when the packages are installed. */
  readonly remove?: readonly string[];
}

export type RootName = 'base' | 'synapse' | 'postgres' | 'element' | 'certbot';

/** nginx.org's images, which the published ones are made from, run nginx as this user. */
const nginxUser = { passwd: 'nginx:x:101:101::/nonexistent:/bin/false', group: 'nginx:x:101:' };

/** nginx's own images send its logs to Docker. */
const nginxLogs = { '/var/log/nginx/access.log': '/dev/stdout', '/var/log/nginx/error.log': '/dev/stderr' };

export const roots: Readonly<Record<RootName, RootSpec>> = {
  base: { suite: 'sid', packages: ['ca-certificates', 'tzdata'] },
  synapse: { suite: 'sid', packages: ['matrix-synapse', 'curl', 'gosu'], below: 'base' },
  element: { suite: 'sid', packages: ['nginx', 'wget'], below: 'base', user: nginxUser },
  // Without curl and wget, as in the published image: a health check that needs one must fail here too.
  certbot: {
    suite: 'sid',
    packages: ['nginx', 'certbot', 'openssl', 'procps'],
    below: 'base',
    user: nginxUser,
  },
  // bookworm is the suite with PostgreSQL 15. Its just-in-time compiler is half of its size and of no use here; perl
  // is needed by Debian's cluster tools alone, which the image does not use.
  postgres: {
    suite: 'bookworm',
    packages: ['postgresql-15', 'gosu'],
    user: {
      passwd: 'postgres:x:70:70::/var/lib/postgresql:/bin/sh',
      group: 'postgres:x:70:\nssl-cert:x:71:postgres',
    },
    exclude: [
      '/usr/lib/postgresql/15/lib/bitcode/*',
      '/usr/lib/postgresql/15/lib/llvmjit*',
      '/usr/lib/x86_64-linux-gnu/libLLVM*',
      '/usr/lib/llvm-14/*',
    ],
    remove: [
      '/usr/share/perl',
      '/usr/share/perl5',
      '/usr/lib/x86_64-linux-gnu/perl',
      '/var/lib/postgresql/15',
    ],
  },
};

/** The part of an image's configuration that we set (OCI image spec; Healthcheck is Docker's addition). */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly StopSignal?: string;
  /** Durations in nanoseconds. */
  readonly Healthcheck?: {
    readonly Test: readonly string[];
    readonly StartPeriod?: number;
    readonly Interval?: number;
    readonly Timeout?: number;
  };
}

export interface ImageSpec {
  /** Name in the registry, as Docker Hub has it, and tag. */
  readonly repository: string;
  readonly tag: string;
  readonly root: RootName;
  /** Folder under images/ whose files are laid over the root filesystem. */
  readonly files: string;
  /** Folders to make, with their owner and mode. */
  readonly folders: readonly { path: string; owner: number; mode: number }[];
  /** Symbolic links to create, with their targets. */
  readonly links?: Readonly<Record<string, string>>;
  /** Whether the certificate of the lab's own authority goes to /lab/ca.pem. */
  readonly trustsLab?: true;
  /** The Debian package whose version is the image's. */
  readonly program: string;
  readonly config: ImageConfig;
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const second = 1_000_000_000;

/** @param lab URLs that are baked into images: pebble's directory, and where its roots are fetched. */
export const images = (lab: { acmeUrl: string; rootsUrl: string }): readonly ImageSpec[] => [
  {
    repository: 'library/postgres',
    tag: '15-alpine',
    root: 'postgres',
    files: 'postgres',
    folders: [
      { path: '/var/lib/postgresql', owner: 70, mode: 0o1777 },
      { path: '/var/lib/postgresql/data', owner: 70, mode: 0o1777 },
      // /var/run is a link to /run, here as in Alpine.
      { path: '/run/postgresql', owner: 70, mode: 0o3777 },
      { path: '/docker-entrypoint-initdb.d', owner: 0, mode: 0o755 },
    ],
    program: 'postgresql-15',
    config: {
      Entrypoint: ['/docker-entrypoint.sh'],
      Cmd: ['postgres'],
      Env: [
        path.replace('=', '=/usr/lib/postgresql/15/bin:'),
        'LANG=C.UTF-8',
        'PGDATA=/var/lib/postgresql/data',
      ],
      ExposedPorts: { '5432/tcp': {} },
      Volumes: { '/var/lib/postgresql/data': {} },
      StopSignal: 'SIGINT',
    },
  },
  {
    repository: 'matrixdotorg/synapse',
    tag: 'latest',
    root: 'synapse',
    files: 'synapse',
    folders: [],
    program: 'matrix-synapse',
    config: {
      Entrypoint: ['/start.py'],
      // Debian keeps register_new_matrix_user, which the published image has on PATH, in a folder of its own.
      Env: [
        path.replace('=', '=/usr/libexec/matrix-synapse:'),
        'LANG=C.UTF-8',
        `LAB_ROOTS_URL=${lab.rootsUrl}`,
      ],
      ExposedPorts: { '8008/tcp': {}, '8448/tcp': {}, '19090/tcp': {} },
      Healthcheck: {
        Test: ['CMD-SHELL', 'curl -fSs http://localhost:8008/health || exit 1'],
        StartPeriod: 5 * second,
        Interval: 15 * second,
        Timeout: 5 * second,
      },
    },
  },
  {
    repository: 'vectorim/element-web',
    tag: 'latest',
    root: 'element',
    files: 'element-web',
    folders: [{ path: '/etc/nginx/conf.d', owner: 101, mode: 0o775 }],
    program: 'nginx',
    config: {
      Entrypoint: ['/docker-entrypoint.sh'],
      Cmd: ['nginx', '-g', 'daemon off;'],
      Env: [path, 'ELEMENT_WEB_PORT=80'],
      User: 'nginx',
      ExposedPorts: { '8080/tcp': {} },
      StopSignal: 'SIGQUIT',
      Healthcheck: {
        Test: ['CMD-SHELL', 'wget -q --spider http://localhost:$ELEMENT_WEB_PORT/config.json'],
        StartPeriod: 5 * second,
      },
    },
  },
  {
    repository: 'jonasal/nginx-certbot',
    tag: 'latest',
    root: 'certbot',
    files: 'nginx-certbot',
    folders: [
      { path: '/etc/letsencrypt', owner: 0, mode: 0o755 },
      { path: '/etc/nginx/user_conf.d', owner: 0, mode: 0o755 },
      { path: '/var/www', owner: 33, mode: 0o755 },
      { path: '/var/www/letsencrypt', owner: 33, mode: 0o755 },
    ],
    links: nginxLogs,
    trustsLab: true,
    program: 'certbot',
    config: {
      Cmd: ['/scripts/start_nginx_certbot.sh'],
      Env: [
        path,
        'LANG=C.UTF-8',
        `CERTBOT_PRODUCTION_URL=${lab.acmeUrl}`,
        `CERTBOT_STAGING_URL=${lab.acmeUrl}`,
        'REQUESTS_CA_BUNDLE=/lab/ca.pem',
      ],
      ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
      Volumes: { '/etc/letsencrypt': {} },
      StopSignal: 'SIGQUIT',
    },
  },
];
