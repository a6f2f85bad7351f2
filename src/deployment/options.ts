import * as rule from './rules';

/**
 * The one table of options: flag, config key, JSON Schema, README and completion are all made from it.
 * A rule takes the text given and returns undefined when it is right, else what is expected.
 */
export interface Option {
  readonly type: 'string' | 'number' | 'strings';
  readonly group: 'Deployment' | 'Images' | 'Mirrors' | 'Server' | 'Output';
  /** One line for --help, the README and editors. */
  readonly help: string;
  /** The value when none is given; a sentence in `defaultText` where it depends on others. */
  readonly default?: string | number;
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  readonly rule?: rule.Rule;
  /** The value names a file whose content is used. */
  readonly file?: boolean;
  readonly placeholder?: string;
}

export const OPTIONS = {
  domain: {
    type: 'string',
    group: 'Deployment',
    placeholder: 'NAME',
    help: 'DNS name of the server: Element and Synapse answer there (required)',
    rule: rule.domainName,
  },
  'server-name': {
    type: 'string',
    group: 'Deployment',
    placeholder: 'NAME',
    help: 'what stands after the colon in user names; cannot be changed later',
    defaultText: 'the domain',
    rule: rule.domainName,
  },
  email: {
    type: 'string',
    group: 'Deployment',
    placeholder: 'ADDRESS',
    help: "contact of the Let's Encrypt account",
    defaultText: 'admin@DOMAIN',
    rule: rule.email,
  },
  tls: {
    type: 'string',
    group: 'Deployment',
    help: 'who signs the certificate; local-ca is a CA made on the server',
    default: 'letsencrypt',
    choices: ['letsencrypt', 'staging', 'local-ca'],
  },
  'acme-url': {
    type: 'string',
    group: 'Deployment',
    placeholder: 'URL',
    help: "directory of another ACME server than Let's Encrypt",
    rule: rule.url,
  },
  'admin-user': {
    type: 'string',
    group: 'Deployment',
    placeholder: 'NAME',
    help: 'first administrator; the password is made on the server, in a file for root',
    rule: rule.localpart,
  },
  'db-password': {
    type: 'string',
    group: 'Deployment',
    placeholder: 'TEXT',
    help: 'password of the database, readable in the document',
    defaultText: 'made on the server',
    rule: rule.password,
  },
  'postgres-image': image('postgres:15-alpine', 'database'),
  'synapse-image': image('matrixdotorg/synapse:latest', 'homeserver'),
  'element-image': image('vectorim/element-web:latest', 'web client'),
  'nginx-image': image('jonasal/nginx-certbot:latest', 'reverse proxy and certificates'),
  'registry-mirror': {
    type: 'string',
    group: 'Mirrors',
    placeholder: 'URL',
    help: 'mirror of Docker Hub, for the Docker that the document installs',
    rule: rule.origin,
  },
  'docker-apt-url': {
    type: 'string',
    group: 'Mirrors',
    placeholder: 'URL',
    help: "Docker's apt repository",
    defaultText: 'https://download.docker.com/linux/DISTRO',
    rule: rule.url,
  },
  'docker-apt-key': {
    type: 'string',
    group: 'Mirrors',
    placeholder: 'FILE',
    file: true,
    help: 'armoured OpenPGP public key of that repository',
    defaultText: "Docker's, fingerprint 9DC8 5822 9FC7 DD38 854A E2D8 8D81 803C 0EBF CD88",
    rule: rule.armouredKey,
  },
  distro: {
    type: 'string',
    group: 'Server',
    help: 'distribution that the server runs',
    default: 'ubuntu',
    choices: ['ubuntu', 'debian'],
  },
  'base-dir': {
    type: 'string',
    group: 'Server',
    placeholder: 'DIR',
    help: 'directory of the Matrix stack on the server',
    default: '/data/matrix',
    rule: rule.baseDir,
  },
  'synapse-bind': {
    type: 'string',
    group: 'Server',
    placeholder: 'IP',
    help: 'address that Synapse is published on, port 8008 (besides 127.0.0.1, which nginx uses)',
    default: '127.0.0.1',
    rule: rule.ipAddress,
  },
  timezone: {
    type: 'string',
    group: 'Server',
    placeholder: 'ZONE',
    help: "the server's time zone, such as Europe/Berlin",
    defaultText: "the image's, UTC as a rule",
    rule: rule.timezone,
  },
  'ssh-key': {
    type: 'strings',
    group: 'Server',
    placeholder: 'KEY',
    help: 'SSH public key that may log in as the default user; may be repeated',
    defaultText: 'none',
    rule: rule.sshPublicKey,
  },
  'health-timeout': {
    type: 'number',
    group: 'Server',
    placeholder: 'SECONDS',
    help: 'how long Synapse may take to become healthy',
    default: 600,
    rule: rule.seconds,
  },
  provider: {
    type: 'string',
    group: 'Output',
    help: "refuse a document that is larger than this provider's limit",
    choices: rule.PROVIDER_NAMES,
  },
  format: {
    type: 'string',
    group: 'Output',
    help: 'plain text, gzip, or gzip in base64',
    default: 'yaml',
    choices: ['yaml', 'gzip', 'base64'],
  },
  output: {
    type: 'string',
    group: 'Output',
    placeholder: 'FILE',
    help: 'write there',
    defaultText: 'standard output',
  },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** The table's row of an option, with the general type that loops over the table need. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name];
}

/** What was asked for, by option name: texts as given, numbers and lists from a config file as they are. */
export type Asked = Readonly<Partial<Record<string, unknown>>>;

function image(name: string, what: string) {
  return {
    type: 'string',
    group: 'Images',
    placeholder: 'IMAGE',
    help: `container image of the ${what}`,
    default: name,
    rule: rule.imageReference,
  } as const;
}
