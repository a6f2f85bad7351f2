import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { load } from 'js-yaml';

/** A combination of options, by a name for the test's title. */
export interface Combination {
  readonly name: string;
  readonly args: readonly string[];
  /** The fields of the deployment that the options set; all others have their defaults. */
  readonly domain?: string;
  readonly serverName?: string;
  readonly baseDir?: string;
}

export interface LandingFile {
  readonly path: string;
  readonly owner?: string;
  readonly permissions?: string;
  /** As it lands, decoded. */
  readonly content: string;
}

export interface Document {
  readonly name: string;
  readonly text: string;
  readonly domain: string;
  readonly serverName: string;
  readonly baseDir: string;
  readonly files: readonly LandingFile[];
  readonly runcmd: readonly string[];
  /** The content of one file. @throws Error when the document does not write it */
  file(path: string): string;
}

const KEYS = [
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'E'.repeat(43)} alice@example.org`,
  `ssh-rsa AAAAB3NzaC1yc2E${'A'.repeat(357)} bob's "old" key # 2`,
];

const DOMAIN = 'matrix.example.org';
const plain = (...args: string[]) => ['--domain', DOMAIN, ...args];

/** Every option that changes the document, alone or with those that it goes with. */
export const COMBINATIONS: readonly Combination[] = [
  { name: 'default', args: plain() },
  { name: 'server-name', args: plain('--server-name', 'example.org'), serverName: 'example.org' },
  { name: 'db-password', args: plain('--db-password', 'synapse') },
  { name: 'local-ca', args: plain('--tls', 'local-ca') },
  { name: 'staging', args: plain('--tls', 'staging', '--email', 'ops@example.com') },
  { name: 'acme-url', args: plain('--acme-url', 'https://acme.example.test:14000/dir') },
  { name: 'base-dir', args: plain('--base-dir', '/srv/element'), baseDir: '/srv/element' },
  {
    name: 'server',
    args: plain(
      ...['--admin-user', 'alice', '--timezone', 'Europe/Berlin', '--health-timeout', '120'],
      ...['--registry-mirror', 'https://mirror.example.org'],
      ...KEYS.flatMap((key) => ['--ssh-key', key]),
    ),
  },
  {
    name: 'dns- label',
    args: ['--domain', 'matrix.dns-lab.example.org'],
    domain: 'matrix.dns-lab.example.org',
  },
  { name: 'rsa label', args: ['--domain', 'rsa.example.org'], domain: 'rsa.example.org' },
  { name: 'synapse-bind', args: plain('--synapse-bind', '10.0.0.5') },
  { name: 'synapse-bind IPv6', args: plain('--synapse-bind', '2001:db8::8') },
  {
    name: 'backup',
    args: plain('--backup', 'daily', '--restore-from', 'https://backup.example.org/m.tar.gz?sig=a%2Fb&x=1'),
  },
  { name: 'debian', args: plain('--distro', 'debian') },
  {
    // Valid values that a careless template would turn into something else: another type, a comment, a variable, a path.
    name: 'unusual',
    args: plain(
      ...['--server-name', 'null.example', '--db-password', '~/%s=+@_-.', '--admin-user', '0644'],
      ...['--email', 'o.n+f-f@xn--bcher-kva.example', '--base-dir', '/srv/0644/a.b-c_d'],
    ),
    serverName: 'null.example',
    baseDir: '/srv/0644/a.b-c_d',
  },
  {
    name: 'images',
    args: plain(
      ...['--synapse-image', 'registry.example.org:5000/matrix/synapse:v1.160.0'],
      ...['--postgres-image', 'postgres:15.18-alpine'],
      ...['--element-image', `registry.example.org/element@sha256:${'ab'.repeat(32)}`],
      ...['--nginx-image', 'jonasal/nginx-certbot:6.2.0-nginx1.31.2'],
    ),
  },
];

/** The default document in each form, except packed, which is the default form. */
export const RUNGS: readonly Combination[] = [
  { name: 'plain', args: plain('--format', 'plain') },
  { name: 'gzip', args: plain('--format', 'gzip') },
  { name: 'key-fetched', args: plain('--provider', 'oracle') },
  {
    name: 'script-fetched',
    args: plain('--provider', 'ec2', '--script-url', 'https://www.example.org/matrixctl'),
  },
  { name: 'core', args: plain('--provider', 'ec2') },
];

/** The SSH keys of the `server` combination. */
export const SSH_KEYS: readonly string[] = KEYS;

/** A domain name of the given length, in labels of 61 characters at most. */
export function nameOfLength(length: number): string {
  const end = '.example.org';
  return `${'a'.repeat(length - end.length).replace(/a{61}(?=a)./g, `${'a'.repeat(61)}.`)}${end}`;
}

/** Runs the built command as a user would. */
export function command(...args: string[]): { code: number | null; stdout: Buffer; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args]);
  return { code: status, stdout, stderr: stderr.toString() };
}

interface CloudConfig {
  write_files: { path: string; owner?: string; permissions?: string; encoding?: string; content: string }[];
  runcmd: string[];
}

/** Each test file is a bundle of its own; the documents are made once for all of them. */
const made = Symbol.for('gen-cloudinit test documents');
const shared = globalThis as { [made]?: Map<string, Document> };

/**
 * The document of a combination, from the command's standard output.
 * @throws Error with the command's own message when it fails
 */
export function generated(combination: Combination): Document {
  shared[made] ??= new Map();
  const document = shared[made].get(combination.name) ?? generate(combination);
  shared[made].set(combination.name, document);
  return document;
}

function generate({ name, args, domain = DOMAIN, ...rest }: Combination): Document {
  const { code, stdout, stderr } = command(...args);
  if (code !== 0) throw new Error(`exit code ${code} for ${args.join(' ')}\n${stderr}`);
  const text = (stdout[0] === 0x1f ? gunzipSync(stdout) : stdout).toString('latin1');
  const config = load(text) as CloudConfig;
  const files = config.write_files.map(({ encoding, content, ...file }) => ({
    ...file,
    content: decoded(content, encoding),
  }));
  return {
    name,
    text,
    domain,
    serverName: rest.serverName ?? domain,
    baseDir: rest.baseDir ?? '/data/matrix',
    files,
    runcmd: config.runcmd,
    file(path) {
      const found = files.find((file) => file.path === path);
      if (!found) throw new Error(`the document does not write ${path}`);
      return found.content;
    },
  };
}

/** One named combination's document. */
export function documentOf(name: string): Document {
  const combination = COMBINATIONS.find((known) => known.name === name);
  if (!combination) throw new Error(`no combination ${name}`);
  return generated(combination);
}

/** The encodings of cloud-init's write_files, under the names that this project emits. */
function decoded(content: string, encoding: string | undefined): string {
  if (encoding === undefined) return content;
  const bytes = Buffer.from(content, 'base64');
  if (encoding === 'b64') return bytes.toString('utf8');
  if (encoding === 'gz+b64') return gunzipSync(bytes).toString('utf8');
  throw new Error(`encoding ${encoding} is not known here`);
}
