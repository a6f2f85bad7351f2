/** Options that work, but hardly as intended. */

import type { Code } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import type { Deployment } from './deployment';
import type { OptionName } from './options';

/** Names that no public certificate authority signs (IANA, special-use domain names) and common ones of home networks. */
const PRIVATE_NAME =
  /\.(?:test|example|invalid|localhost|local|internal|intranet|lan|home|corp|onion|home\.arpa)$/;
const EXAMPLE_MAIL = /@(?:.+\.)?example(?:\.(?:org|com|net))?$/;

/** Warnings about a deployment that compiles all the same. */
export function warnings({
  domain,
  email,
  tls,
  acmeUrl,
  dbPassword,
  registryMirror,
  synapseBind,
  restoreFrom,
}: Deployment): Diagnostic[] {
  const found: Diagnostic[] = [];
  const warn = (code: Code, path: OptionName, message: string, hint: string) =>
    found.push({ severity: 'warning', code, path, message, hint });
  if (dbPassword !== undefined) {
    warn(
      'secret-in-document',
      'db-password',
      'is stored in plain text in the document',
      'omit it, and the server generates a password',
    );
  }
  const isPublic = tls !== 'local-ca' && acmeUrl === undefined;
  if (isPublic && PRIVATE_NAME.test(domain)) {
    warn(
      'private-name',
      'domain',
      `${domain} is not a public name, so it cannot get a certificate`,
      '--tls local-ca creates a certificate authority on the server',
    );
  } else if (isPublic && EXAMPLE_MAIL.test(email)) {
    warn(
      'example-address',
      'email',
      `${email} is not a real address`,
      "Let's Encrypt refuses it; give an address that you read, with --email",
    );
  }
  if (registryMirror?.startsWith('http://')) {
    warn(
      'plain-http',
      'registry-mirror',
      'is reached without TLS',
      'an attacker on the network can replace the images',
    );
  }
  if (restoreFrom?.startsWith('http://')) {
    warn(
      'plain-http',
      'restore-from',
      'is fetched without TLS',
      'the backup contains every secret, and an attacker on the network can read or replace it; use https',
    );
  }
  if (!/^(?:127\.|::1$)/.test(synapseBind)) {
    warn(
      'open-port',
      'synapse-bind',
      `opens port 8008 on ${synapseBind} without TLS and with the admin API`,
      'allow only the machines that need it in a firewall; Docker bypasses ufw',
    );
  }
  return found;
}
