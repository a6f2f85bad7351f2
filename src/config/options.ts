/**
 * The one table of the document's options: flag, config key, JSON Schema, README and completion are all made from it.
 */
import { PROVIDER_NAMES, PROVIDER_SYNONYMS } from '../providers';
import type { Flag } from './flags';
import * as rule from './rules';

/** One option of the document. */
export interface Option extends Flag {
  readonly type: 'string' | 'number' | 'strings';
  readonly group: 'Deployment' | 'Server' | 'Images and mirrors' | 'Output';
}

export const OPTIONS = {
  domain: {
    type: 'string',
    group: 'Deployment',
    help: 'DNS name of the server (required)',
    rule: rule.domainName,
    schema: { pattern: rule.DOMAIN_PATTERN, examples: ['matrix.example.org'] },
  },
  'server-name': {
    type: 'string',
    group: 'Deployment',
    help: 'domain part of user IDs (permanent)',
    defaultText: 'the domain',
    rule: rule.domainName,
    schema: { pattern: rule.DOMAIN_PATTERN, examples: ['example.org'] },
  },
  email: {
    type: 'string',
    group: 'Deployment',
    help: "contact address for the Let's Encrypt account",
    defaultText: 'admin@DOMAIN',
    rule: rule.email,
    schema: { pattern: '^[^@\\s]+@[^@\\s]+$', examples: ['admin@example.org'] },
  },
  tls: {
    type: 'string',
    group: 'Deployment',
    help: 'certificate issuer; local-ca is created on the server',
    default: 'letsencrypt',
    choices: ['letsencrypt', 'staging', 'local-ca'],
  },
  'acme-url': {
    type: 'string',
    group: 'Deployment',
    seldom: true,
    help: "ACME directory URL to use instead of Let's Encrypt",
    rule: rule.url,
    schema: { pattern: '^https?://', examples: ['https://acme.example.org/directory'] },
  },
  'admin-user': {
    type: 'string',
    group: 'Deployment',
    help: 'first administrator; the server generates the password',
    rule: rule.localpart,
    schema: { pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', examples: ['alice'] },
  },
  'db-password': {
    type: 'string',
    group: 'Deployment',
    seldom: true,
    help: 'database password, stored in plain text in the document',
    secret: true,
    defaultText: 'generated on the server',
    rule: rule.password,
  },
  'postgres-image': image('postgres:15-alpine', 'database'),
  'synapse-image': image('matrixdotorg/synapse:latest', 'homeserver'),
  'element-image': image('vectorim/element-web:latest', 'web client'),
  'nginx-image': image('jonasal/nginx-certbot:latest', 'proxy'),
  'registry-mirror': {
    type: 'string',
    group: 'Images and mirrors',
    seldom: true,
    help: 'mirror of Docker Hub',
    rule: rule.origin,
    schema: { pattern: '^https?://[^/]+/?$', examples: ['https://mirror.example.org'] },
  },
  'docker-apt-url': {
    type: 'string',
    group: 'Images and mirrors',
    seldom: true,
    help: "Docker's apt repository",
    defaultText: 'https://download.docker.com/linux/DISTRO',
    rule: rule.url,
    schema: { pattern: '^https?://', examples: ['https://mirror.example.org/docker'] },
  },
  'docker-apt-key': {
    type: 'string',
    group: 'Images and mirrors',
    seldom: true,
    file: true,
    help: 'file with the armored public key of that repository',
    defaultText: "Docker's",
    rule: rule.armouredKey,
    schema: { examples: ['docker.asc'] },
  },
  distro: {
    type: 'string',
    group: 'Server',
    help: 'Linux distribution of the server',
    default: 'ubuntu',
    choices: ['ubuntu', 'debian'],
  },
  'base-dir': {
    type: 'string',
    group: 'Server',
    help: 'directory for the Matrix services',
    default: '/data/matrix',
    rule: rule.baseDir,
    schema: { pattern: '^/', examples: ['/srv/matrix'] },
  },
  'synapse-bind': {
    type: 'string',
    group: 'Server',
    seldom: true,
    help: "additional address for Synapse's port 8008",
    default: '127.0.0.1',
    rule: rule.ipAddress,
    schema: { examples: ['10.0.0.5', '::1'] },
  },
  timezone: {
    type: 'string',
    group: 'Server',
    help: 'time zone, such as Europe/Berlin',
    defaultText: "the image's",
    rule: rule.timezone,
    schema: { examples: ['Europe/Berlin'] },
  },
  'ssh-key': {
    type: 'strings',
    group: 'Server',
    help: 'SSH public key for the default user; repeatable',
    defaultText: 'none',
    rule: rule.sshPublicKey,
    schema: { pattern: '^(ssh|ecdsa|sk)-' },
    emptyHint: 'is there such a file? ssh-keygen -t ed25519 creates a key pair',
  },
  extra: {
    type: 'string',
    group: 'Server',
    file: true,
    help: 'cloud-config file to merge in: packages, users, runcmd',
    secret: true,
    defaultText: 'none',
    rule: rule.cloudConfig,
    schema: { examples: ['extra.yaml'] },
  },
  'health-timeout': {
    type: 'number',
    group: 'Server',
    seldom: true,
    help: 'seconds to wait until Synapse is healthy',
    default: 600,
    rule: rule.seconds,
    schema: { minimum: 30, maximum: 7200 },
  },
  backup: {
    type: 'string',
    group: 'Server',
    help: 'back up every night, to /var/backups/matrix',
    choices: ['daily'],
  },
  'backup-keep': {
    type: 'number',
    group: 'Server',
    help: 'nightly backups to keep',
    default: 7,
    rule: rule.count,
    schema: { minimum: 1, maximum: 9999 },
  },
  'restore-from': {
    type: 'string',
    group: 'Server',
    help: 'backup to start from if the server has no data: a URL, or a path on the server',
    rule: rule.backupPlace,
    schema: { pattern: '^(/|https?://)', examples: ['https://backup.example.org/matrix.tar.gz'] },
  },
  provider: {
    type: 'string',
    group: 'Output',
    help: 'choose the form that this provider accepts',
    choices: PROVIDER_NAMES,
    synonyms: PROVIDER_SYNONYMS,
  },
  format: {
    type: 'string',
    group: 'Output',
    help: 'form of the document: YAML plain or packed, gzip, base64',
    defaultText: 'what fits',
    choices: ['plain', 'yaml', 'gzip', 'base64'],
  },
  'script-url': {
    type: 'string',
    group: 'Output',
    seldom: true,
    help: 'URL from which the server fetches matrixctl if it does not fit',
    defaultText: 'none',
    rule: rule.url,
    schema: { pattern: '^https?://', examples: ['https://www.example.org/matrixctl'] },
  },
  output: {
    type: 'string',
    group: 'Output',
    help: 'file to write',
    defaultText: 'standard output',
    schema: { examples: ['user-data.yaml'] },
  },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

export function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** The table's row of an option, with the general type that loops over the table need. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name];
}

/** The requested options by name: texts as given, numbers and lists from a config file as they are. */
function image<const Name extends string>(name: Name, what: string) {
  return {
    type: 'string',
    group: 'Images and mirrors',
    seldom: true,
    help: `image of the ${what}`,
    default: name,
    rule: rule.imageReference,
    schema: { examples: [name] },
  } as const;
}
