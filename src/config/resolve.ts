import { load } from 'js-yaml';
import dockerKey from '../../templates/server/docker.asc';
import type { Diagnostic } from '../diagnostics/diagnostic';
import type { Deployment, OutputRequest } from './deployment';
import { type RawValues, readFlags } from './flags';
import { OPTIONS, type OptionName } from './options';
import { warnings } from './warnings';

/** Bytes of a whole user ID (Matrix specification, user identifiers). */
const MAX_USER_ID = 255;

export interface Resolved {
  /** Undefined after an error. */
  readonly deployment: Deployment | undefined;
  readonly output: OutputRequest;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks options against their table and fills in every default.
 * @param given option names with their values; the value of a file option is the file's text
 * @returns the deployment, with warnings if any; or no deployment and every mistake, not only the first
 */
export function resolve(given: RawValues): Resolved {
  const { values, diagnostics: found } = readFlags(OPTIONS, given);
  const diagnostics = [...found];
  if (given.domain === undefined) {
    diagnostics.push({
      severity: 'error',
      code: 'missing-option',
      path: 'domain',
      message: 'is required',
      expected: 'a DNS name such as matrix.example.org',
      hint: 'gen-cloudinit --domain matrix.example.org > user-data.yaml',
    });
  }
  const { tls, distro } = values;
  if (values.acmeUrl !== undefined && tls !== 'letsencrypt')
    diagnostics.push(contradiction('acme-url', 'tls', tls));

  const domain = (values.domain ?? '').toLowerCase();
  const deployment: Deployment = {
    domain,
    serverName: (values.serverName ?? domain).toLowerCase(),
    email: values.email ?? `admin@${domain}`,
    tls,
    acmeUrl: values.acmeUrl,
    adminUser: values.adminUser,
    dbPassword: values.dbPassword,
    images: {
      postgres: values.postgresImage,
      synapse: values.synapseImage,
      element: values.elementImage,
      nginx: values.nginxImage,
    },
    registryMirror: values.registryMirror?.replace(/\/$/, ''),
    dockerAptUrl: values.dockerAptUrl?.replace(/\/$/, '') ?? `https://download.docker.com/linux/${distro}`,
    dockerAptKey: `${(values.dockerAptKey ?? dockerKey).trimEnd()}\n`,
    distro,
    baseDir: values.baseDir.replace(/\/$/, ''),
    synapseBind: values.synapseBind.toLowerCase(),
    timezone: values.timezone,
    sshKeys: values.sshKey,
    healthTimeout: values.healthTimeout,
    scriptUrl: values.scriptUrl,
    backup: values.backup !== undefined,
    backupKeep: values.backupKeep,
    restoreFrom: values.restoreFrom,
    extra: parsed(values.extra),
  };
  const user = `@${deployment.adminUser ?? ''}:${deployment.serverName}`;
  if (user.length > MAX_USER_ID) diagnostics.push(tooLong(user));
  const output: OutputRequest = {
    path: values.output === '-' ? undefined : values.output,
    provider: values.provider,
    format: values.format,
  };
  if (diagnostics.some(({ severity }) => severity === 'error'))
    return { deployment: undefined, output, diagnostics };
  return { deployment, output, diagnostics: [...diagnostics, ...warnings(deployment)] };
}

function parsed(text: string | undefined): Deployment['extra'] {
  return text === undefined ? undefined : (load(text) as Deployment['extra']);
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
    hint: `omit one of them: ${path} names the certificate issuer, and ${other} ${value} names another one`,
  };
}
