/** What works, but hardly as meant. */

import type { Code } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import type { Deployment } from './deployment';
import type { OptionName } from './options';

/** Names that no public certificate authority signs (IANA, special-use domain names) and common ones of home networks. */
const PRIVATE_NAME =
  /\.(?:test|example|invalid|localhost|local|internal|intranet|lan|home|corp|onion|home\.arpa)$/;
const EXAMPLE_MAIL = /@(?:.+\.)?example(?:\.(?:org|com|net))?$/;

/** Warnings about a deployment that can be made all the same. */
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
      'stands readable in the document',
      'leave it away, and a password is made on the server',
    );
  }
  const isPublic = tls !== 'local-ca' && acmeUrl === undefined;
  if (isPublic && PRIVATE_NAME.test(domain)) {
    warn(
      'private-name',
      'domain',
      `${domain} is no public name, so it gets no certificate`,
      '--tls local-ca makes a certificate authority on the server',
    );
  } else if (isPublic && EXAMPLE_MAIL.test(email)) {
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
  if (restoreFrom?.startsWith('http://')) {
    warn(
      'plain-http',
      'restore-from',
      'is fetched without TLS',
      'the backup holds every secret, and anyone on the way can read or replace it; use https',
    );
  }
  if (!/^(?:127\.|::1$)/.test(synapseBind)) {
    warn(
      'open-port',
      'synapse-bind',
      `opens port 8008 on ${synapseBind}: no TLS, and the admin API is behind it`,
      'let a firewall admit only the machines that need it; Docker goes around ufw',
    );
  }
  return found;
}
