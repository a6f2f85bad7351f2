import { load } from 'js-yaml';
import dockerKey from '../../templates/docker.asc';
import type { Diagnostic } from './diagnostic';
import { nearest } from './near';
import { type Asked, OPTION_NAMES, OPTIONS, type Option, type OptionName, optionOf } from './options';
import { shown } from './shown';
import { warnings } from './warnings';

export type Tls = (typeof OPTIONS.tls.choices)[number];
export type Distro = (typeof OPTIONS.distro.choices)[number];

/** What is to be deployed, with every default resolved. Plain data; the same values give the same document. */
export interface Deployment {
  readonly domain: string;
  readonly serverName: string;
  readonly email: string;
  readonly tls: Tls;
  readonly acmeUrl: string | undefined;
  readonly adminUser: string | undefined;
  readonly dbPassword: string | undefined;
  readonly images: {
    readonly postgres: string;
    readonly synapse: string;
    readonly element: string;
    readonly nginx: string;
  };
  readonly registryMirror: string | undefined;
  readonly dockerAptUrl: string;
  readonly dockerAptKey: string;
  readonly distro: Distro;
  readonly baseDir: string;
  readonly synapseBind: string;
  readonly timezone: string | undefined;
  readonly sshKeys: readonly string[];
  /** Seconds. */
  readonly healthTimeout: number;
  /** Where the server finds matrixctl, for a document that has no room for it. */
  readonly scriptUrl: string | undefined;
  /** Whether a backup is made every night, and how many of them are kept. */
  readonly backup: boolean;
  readonly backupKeep: number;
  /** Path on the server or URL of a backup that a server without data begins with. */
  readonly restoreFrom: string | undefined;
  /** The operator's own cloud-config, to be merged in. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;
}

/** Bytes of a whole user id (Matrix specification, user identifiers). */
const MAX_USER_ID = 255;

export type Resolved =
  | { readonly deployment: Deployment; readonly diagnostics: readonly Diagnostic[] }
  | { readonly deployment: undefined; readonly diagnostics: readonly Diagnostic[] };

/**
 * Checks what was asked for against the option table and fills in the defaults.
 * @param asked option names with their values; the value of a file option is the file's text
 * @returns the deployment, with warnings if any; or no deployment and every mistake, not only the first
 */
export function resolve(asked: Asked): Resolved {
  const diagnostics: Diagnostic[] = [];
  const values = new Map<OptionName, string[]>();
  for (const name of Object.keys(asked)) {
    if (!isOptionName(name)) diagnostics.push(unknownOption(name));
    else if (asked[name] !== undefined) values.set(name, checked(name, asked[name], diagnostics));
  }
  const text = (name: OptionName) => values.get(name)?.[0];
  const withDefault = (name: OptionName) => text(name) ?? String(optionOf(name).default);

  if (!values.has('domain')) {
    diagnostics.push({
      severity: 'error',
      code: 'missing-option',
      path: 'domain',
      message: 'no domain was given',
      expected: 'a DNS name such as matrix.example.org',
      hint: 'gen-cloudinit --domain matrix.example.org > user-data.yaml',
    });
  }
  const tls = withDefault('tls') as Tls;
  if (values.has('acme-url') && tls !== 'letsencrypt')
    diagnostics.push(contradiction('acme-url', 'tls', tls));

  const domain = (text('domain') ?? '').toLowerCase();
  const distro = withDefault('distro') as Distro;
  const deployment: Deployment = {
    domain,
    serverName: (text('server-name') ?? domain).toLowerCase(),
    email: text('email') ?? `admin@${domain}`,
    tls,
    acmeUrl: text('acme-url'),
    adminUser: text('admin-user'),
    dbPassword: text('db-password'),
    images: {
      postgres: withDefault('postgres-image'),
      synapse: withDefault('synapse-image'),
      element: withDefault('element-image'),
      nginx: withDefault('nginx-image'),
    },
    registryMirror: text('registry-mirror')?.replace(/\/$/, ''),
    dockerAptUrl: text('docker-apt-url')?.replace(/\/$/, '') ?? `https://download.docker.com/linux/${distro}`,
    dockerAptKey: `${(text('docker-apt-key') ?? dockerKey).trimEnd()}\n`,
    distro,
    baseDir: withDefault('base-dir').replace(/\/$/, ''),
    synapseBind: withDefault('synapse-bind').toLowerCase(),
    timezone: text('timezone'),
    sshKeys: values.get('ssh-key') ?? [],
    healthTimeout: Number(withDefault('health-timeout')),
    scriptUrl: text('script-url'),
    backup: values.has('backup'),
    backupKeep: Number(withDefault('backup-keep')),
    restoreFrom: text('restore-from'),
    extra: parsed(text('extra')),
  };
  const user = `@${deployment.adminUser ?? ''}:${deployment.serverName}`;
  if (user.length > MAX_USER_ID) diagnostics.push(tooLong(user));
  if (diagnostics.some(({ severity }) => severity === 'error')) return { deployment: undefined, diagnostics };
  return { deployment, diagnostics: [...diagnostics, ...warnings(deployment)] };
}

function parsed(text: string | undefined): Deployment['extra'] {
  return text === undefined ? undefined : (load(text) as Deployment['extra']);
}

/** The values of one option as texts; what is wrong with them goes to `diagnostics`. */
function checked(name: OptionName, value: unknown, diagnostics: Diagnostic[]): string[] {
  const option = optionOf(name);
  const quoted = (given: unknown) => {
    // A file of cloud-config may hold passwords.
    if (name === 'db-password' || name === 'extra')
      return typeof given === 'string' ? `${given.length} characters` : typeof given;
    return shown(given);
  };
  const error = (code: string, message: string, given: string, expected: string, hint?: string) =>
    diagnostics.push({
      severity: 'error',
      code,
      path: name,
      message,
      given,
      expected,
      ...(hint ? { hint } : {}),
    });
  const items = Array.isArray(value) ? value : [value];
  if (items.length > 1 && option.type !== 'strings') {
    error(
      'repeated-option',
      'was given more than once',
      items.slice(0, 4).map(quoted).join(', '),
      'one value',
    );
    return [];
  }
  const texts: string[] = [];
  for (const item of items) {
    if (typeof item !== 'string' && !(typeof item === 'number' && option.type === 'number')) {
      const expected = option.type === 'number' ? 'a number' : 'a text';
      const hint = typeof item === 'number' || typeof item === 'boolean' ? 'put it in quotes' : undefined;
      error('wrong-type', 'has a value of the wrong type', quoted(item), expected, hint);
      continue;
    }
    const text = String(item);
    const wrong = violation(option, text);
    if (wrong)
      error('wrong-value', 'has a value that cannot be used', quoted(item), wrong.expected, wrong.hint);
    else texts.push(text);
  }
  return texts;
}

function violation(option: Option, text: string) {
  if (option.choices && !option.choices.includes(text))
    return { expected: `one of ${option.choices.join(', ')}`, hint: undefined };
  if (text === '') return { expected: 'a value', hint: undefined };
  return option.rule?.(text);
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function unknownOption(name: string): Diagnostic {
  const near = nearest(name, OPTION_NAMES);
  return {
    severity: 'error',
    code: 'unknown-option',
    path: shown(name),
    message: 'is not an option',
    hint: near ? `did you mean ${near}?` : 'gen-cloudinit --help lists the options',
  };
}

function tooLong(user: string): Diagnostic {
  return {
    severity: 'error',
    code: 'too-long',
    path: 'admin-user',
    message: 'and the server name are too long together',
    given: `a user id of ${user.length} characters`,
    expected: `at most ${MAX_USER_ID} characters`,
  };
}

function contradiction(path: OptionName, other: OptionName, value: string): Diagnostic {
  return {
    severity: 'error',
    code: 'contradiction',
    path,
    message: `contradicts ${other} ${value}`,
    expected: `only one of ${path} and ${other}`,
    hint: `leave one of them away; ${path} names the server that signs, and ${other} ${value} names another`,
  };
}
