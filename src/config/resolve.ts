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
  const { output: path, provider, format, ...asked } = values;
  const { postgresImage: postgres, synapseImage: synapse, elementImage: element, ...others } = asked;
  const { nginxImage: nginx, sshKey: sshKeys, ...options } = others;
  const { tls, distro, acmeUrl } = options;
  if (acmeUrl !== undefined && tls !== 'letsencrypt') diagnostics.push(contradiction('acme-url', 'tls', tls));

  const domain = (options.domain ?? '').toLowerCase();
  const deployment: Deployment = {
    ...options,
    domain,
    serverName: (options.serverName ?? domain).toLowerCase(),
    email: options.email ?? `admin@${domain}`,
    images: { postgres, synapse, element, nginx },
    registryMirror: options.registryMirror?.replace(/\/$/, ''),
    dockerAptUrl: options.dockerAptUrl?.replace(/\/$/, '') ?? `https://download.docker.com/linux/${distro}`,
    dockerAptKey: `${(options.dockerAptKey ?? dockerKey).trimEnd()}\n`,
    baseDir: options.baseDir.replace(/\/$/, ''),
    synapseBind: options.synapseBind.toLowerCase(),
    sshKeys,
    backup: options.backup !== undefined,
    extra: parsed(options.extra),
  };
  const user = `@${deployment.adminUser ?? ''}:${deployment.serverName}`;
  if (user.length > MAX_USER_ID) diagnostics.push(tooLong(user));
  const output: OutputRequest = {
    path: path === '-' ? undefined : path,
    provider,
    format,
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
