import dockerKey from '../../templates/docker.asc';
import type { Diagnostic } from './diagnostic';
import { type Asked, OPTION_NAMES, OPTIONS, type Option, type OptionName, optionOf } from './options';

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
}

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
  };
  if (diagnostics.some(({ severity }) => severity === 'error')) return { deployment: undefined, diagnostics };
  return { deployment, diagnostics: [...diagnostics, ...warnings(deployment)] };
}

/** The values of one option as texts; what is wrong with them goes to `diagnostics`. */
function checked(name: OptionName, value: unknown, diagnostics: Diagnostic[]): string[] {
  const option = optionOf(name);
  const error = (code: string, message: string, given: unknown, expected: string, hint?: string) =>
    diagnostics.push({
      severity: 'error',
      code,
      path: name,
      message,
      given: shown(given),
      expected,
      ...(hint ? { hint } : {}),
    });
  const items = Array.isArray(value) ? value : [value];
  if (items.length > 1 && option.type !== 'strings') {
    error('repeated-option', 'was given more than once', items.join(', '), 'one value');
    return [];
  }
  const texts: string[] = [];
  for (const item of items) {
    if (typeof item !== 'string' && !(typeof item === 'number' && option.type === 'number')) {
      error(
        'wrong-type',
        'has a value of the wrong type',
        item,
        option.type === 'number' ? 'a number' : 'a text',
      );
      continue;
    }
    const text = String(item);
    const wrong = violation(option, text);
    if (wrong) error('wrong-value', 'has a value that cannot be used', item, wrong.expected, wrong.hint);
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

/** One printable line of what was given: enough to recognise it, too little to spill a key. */
export function shown(given: unknown): string {
  const text = typeof given === 'string' ? given : (JSON.stringify(given) ?? String(given));
  const line = text.replace(/[^\x20-\x7e]/g, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return line.length > 72 ? `${line.slice(0, 69)}...` : line;
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function unknownOption(name: string): Diagnostic {
  const near =
    OPTION_NAMES.find((known) => distance(known, name) <= 2) ??
    OPTION_NAMES.find((known) => known.startsWith(name));
  return {
    severity: 'error',
    code: 'unknown-option',
    path: shown(name),
    message: 'is not an option',
    hint: near ? `did you mean ${near}?` : 'gen-cloudinit --help lists the options',
  };
}

/** Levenshtein's distance of two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
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

function warnings({ email, dbPassword, registryMirror }: Deployment): Diagnostic[] {
  const found: Diagnostic[] = [];
  const warn = (code: string, path: OptionName, message: string, hint: string) =>
    found.push({ severity: 'warning', code, path, message, hint });
  if (dbPassword !== undefined) {
    warn(
      'secret-in-document',
      'db-password',
      'stands readable in the document',
      'leave it away, and a password is made on the server',
    );
  }
  if (/@(?:.+\.)?example\.(?:org|com|net)$/.test(email)) {
    warn(
      'example-address',
      'email',
      `${email} is not a real address`,
      "Let's Encrypt refuses example domains; give --email",
    );
  }
  if (registryMirror?.startsWith('http://')) {
    warn(
      'plain-http',
      'registry-mirror',
      'is reached without TLS',
      'images are then only as trustworthy as the network',
    );
  }
  return found;
}
