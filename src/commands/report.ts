import { rungOf } from '../cloudinit/ladder';
import { countedSize, handover, PROVIDERS } from '../cloudinit/limits';
import type { Deployment } from '../deployment/deployment';
import type { Diagnostic } from '../deployment/diagnostic';
import { nearest } from '../deployment/near';
import { OPTIONS } from '../deployment/options';
import { shown } from '../deployment/shown';
import type { Generated } from './generate';

/**
 * Mistakes and warnings about options, for a person.
 * @param fromConfig names that stand in the config file and not on the command line
 */
export function optionReport(diagnostics: readonly Diagnostic[], fromConfig: ReadonlySet<string>): string {
  return diagnostics
    .map(({ severity, code, path, message, given, expected, hint, line, column }) => {
      // What a flag of a machine cannot be is told in the same words as what an option cannot be.
      const isFlag = Object.hasOwn(OPTIONS, path) || path === 'config' || code === 'wrong-value';
      const flag = isFlag && !fromConfig.has(path) ? `--${path}` : path;
      const place = `${flag}${line ? `:${line}:${column ?? 1}` : ''}${fromConfig.has(path) ? ' (config file)' : ''}`;
      const rows = [
        ['given', given],
        ['expected', expected],
        ['hint', hint],
      ].flatMap(([name, text]) => (text ? [`    ${`${name}:`.padEnd(9)} ${text}`] : []));
      return [`${severity}: ${place} ${message}`, ...rows].join('\n');
    })
    .join('\n');
}

/** A word on the command line that is neither a verb nor the value of a flag. */
export function strayWord(word: string, verbs: readonly string[]): Diagnostic {
  const near = nearest(word.toLowerCase(), verbs);
  return {
    severity: 'error',
    code: 'stray-word',
    path: shown(word),
    message: 'is neither a verb nor the value of an option',
    hint: near ? `did you mean ${near}?` : 'gen-cloudinit --help lists both',
  };
}

/** What a person has to know and to do after the document was made. */
export function deploymentReport(made: Generated): string {
  const { domain, serverName, tls, adminUser, backup } = made.deployment;
  return [
    ...ofForm(made),
    `Users will be @name:${serverName}. This cannot be changed later.`,
    adminUser
      ? `Administrator @${adminUser}:${serverName}; the password is made on the server, in /root/matrix-admin-password.`
      : 'No user is made (--admin-user NAME makes an administrator).',
    `DNS before the first boot: an A record (and AAAA, if the server has IPv6) of ${domain} to the server.`,
    `Open to the world: TCP ${tls === 'local-ca' ? '' : '80 (certificate), '}443 (Element, clients), 8448 (other servers).`,
    ...(tls === 'letsencrypt' ? [] : [`Certificate: ${tls}, which browsers and other servers do not trust.`]),
    ...(backup || made.rung === 'core'
      ? []
      : ['No nightly backups: --backup daily makes them; by hand, on the server: matrixctl backup']),
    'Once it boots, on the server: cloud-init status --wait --long',
    ...(serverName === domain ? [] : delegation(made.deployment)),
  ].join('\n');
}

/** What the document is, who takes it, and how it is handed over. */
function ofForm({ deployment, provider, rung, form, bytes, output }: Generated): string[] {
  const isTaken = (name: string) => {
    const limit = PROVIDERS[name];
    return limit?.forms.includes(form) && countedSize(limit, bytes.length) <= limit.bytes;
  };
  const { what, content } = rungOf(rung);
  const names = Object.keys(PROVIDERS);
  const list = (taken: boolean) =>
    names.filter((name) => isTaken(name) === taken).map((name) => PROVIDERS[name]?.name);
  const limit = provider === undefined ? undefined : PROVIDERS[provider];
  const note = limit?.notes?.[form];
  return [
    `gen-cloudinit: ${bytes.length} bytes of ${form} (${rung}: ${what})`,
    `Accepted by ${list(true).join(', ') || 'no provider in the list'}.`,
    ...(list(false).length > 0
      ? [`Not by ${list(false).join(', ')} (--provider NAME makes a document for one).`]
      : []),
    ...(limit ? [`Create the server: ${handover(limit, output ?? 'user-data', deployment.distro)}`] : []),
    ...(note ? [`  Note: ${note}.`] : []),
    ...(deployment.scriptUrl
      ? content.matrixctl === 'fetched'
        ? [
            `Put matrixctl of this version at ${deployment.scriptUrl} before the first boot (README, Handing it to a provider).`,
          ]
        : ['--script-url was not needed: matrixctl is in the document.']
      : []),
  ];
}

/** What the owner of the bare domain has to serve (Matrix specification, server discovery). */
function delegation({ domain, serverName }: Deployment): string[] {
  return [
    `Put these two on ${serverName}, or no other server and no client finds ${domain}:`,
    `  https://${serverName}/.well-known/matrix/server`,
    `    Content-Type: application/json`,
    `    {"m.server":"${domain}:443"}`,
    `  https://${serverName}/.well-known/matrix/client`,
    `    Content-Type: application/json`,
    `    Access-Control-Allow-Origin: *`,
    `    {"m.homeserver":{"base_url":"https://${domain}"}}`,
    `  In nginx, inside the server block of ${serverName}:`,
    `    location = /.well-known/matrix/server { default_type application/json; return 200 '{"m.server":"${domain}:443"}'; }`,
    `    location = /.well-known/matrix/client { default_type application/json; add_header Access-Control-Allow-Origin *; return 200 '{"m.homeserver":{"base_url":"https://${domain}"}}'; }`,
    `  Or, where only redirects are possible, redirect both paths to https://${domain} with the same path; the CORS header must be on the redirect too.`,
  ];
}
