/** The report about a new document: which providers accept it, and what its owner does next. */
import type { Deployment } from '../config/deployment';
import { quoteValue } from '../diagnostics/quote';
import { allFits, PROVIDERS, type ProviderLimit } from '../providers';
import { quoted } from '../server/escape';
import type { CompiledDocument } from './compile';
import { rungOf } from './write/ladder';

/** What a person has to know and do after the document is written. */
export function deploymentReport(made: CompiledDocument): string {
  const { domain, serverName, tls, adminUser, backup } = made.deployment;
  return [
    ...ofForm(made),
    `Users will be @name:${serverName}. This cannot be changed later.`,
    adminUser
      ? `Administrator @${adminUser}:${serverName}; the server generates the password, in /root/matrix-admin-password.`
      : 'No user is created (--admin-user NAME creates an administrator).',
    `DNS, as soon as the server has its address: an A record (and AAAA, if the server has IPv6) of ${domain} to the server.`,
    `Open these ports: TCP ${tls === 'local-ca' ? '' : '80 (certificate), '}443 (Element, clients), 8448 (other servers).`,
    ...(tls === 'letsencrypt'
      ? []
      : [`Certificate issuer: ${tls}, which browsers and other servers do not trust.`]),
    ...(backup || made.rung === 'core'
      ? []
      : ['No nightly backups (--backup daily enables them). Manual backup, on the server: matrixctl backup']),
    'Once it boots, on the server: cloud-init status --wait --long',
    ...(serverName === domain ? [] : delegation(made.deployment)),
  ].join('\n');
}

/** What the document is, which providers accept it, and how to pass it on. */
function ofForm({ deployment, rung, form, bytes, output }: CompiledDocument): string[] {
  const { what, content } = rungOf(rung);
  const fits = allFits(form, bytes.length);
  const list = (taken: boolean) => fits.filter((fit) => fit.fits === taken).map(({ name }) => name);
  const limit = output.provider && PROVIDERS[output.provider];
  const note = limit?.notes?.[form];
  return [
    `${output.path === undefined ? 'gen-cloudinit' : quoteValue(output.path)}: ${bytes.length} bytes of ${form} (${rung}: ${what})`,
    `Accepted by ${list(true).join(', ') || 'no provider in the list'}.`,
    ...(!limit && list(false).length > 0
      ? [`Not accepted by ${list(false).join(', ')} (--provider NAME chooses a form for one of them).`]
      : []),
    ...(limit
      ? [`Create the server: ${handover(limit, output.path ?? 'user-data', deployment.distro)}`]
      : []),
    ...(note ? [`  Note: ${note}.`] : []),
    ...(deployment.scriptUrl
      ? content.matrixctl === 'fetched'
        ? [
            `Put matrixctl of this version at ${deployment.scriptUrl} before the first boot (src/cloudinit/README.md).`,
          ]
        : ['--script-url was not needed: matrixctl is in the document.']
      : []),
  ];
}

/**
 * The provider's command for one document.
 * @param file its name
 */
export function handover(
  { command, images }: ProviderLimit,
  file: string,
  distro: 'ubuntu' | 'debian',
): string {
  const image = images?.[distro] ?? 'IMAGE';
  const word = quoted(file);
  const name = command.startsWith('aws ') ? `fileb://${word}` : word;
  return command.replace('IMAGE', () => image).replace('FILE', () => name);
}

/** A file that the owner of the bare domain has to serve (Matrix specification, server discovery). */
export interface DelegationFile {
  /** From the root of the site. */
  readonly path: string;
  /** Header lines that it needs. */
  readonly headers: readonly string[];
  readonly text: string;
}

/** @returns nothing where the server itself answers for its name */
export function delegationFiles({ domain, serverName }: Deployment): DelegationFile[] {
  if (serverName === domain) return [];
  const json = 'Content-Type: application/json';
  return [
    { path: '/.well-known/matrix/server', headers: [json], text: `{"m.server":"${domain}:443"}` },
    {
      path: '/.well-known/matrix/client',
      headers: [json, 'Access-Control-Allow-Origin: *'],
      text: `{"m.homeserver":{"base_url":"https://${domain}"}}`,
    },
  ];
}

/** The same in words, with two ways to serve them. */
function delegation(deployment: Deployment): string[] {
  const { domain, serverName } = deployment;
  const files = delegationFiles(deployment);
  const inNginx = ({ path, headers, text }: DelegationFile) => {
    const cors = headers.length > 1 ? 'add_header Access-Control-Allow-Origin *; ' : '';
    return `    location = ${path} { default_type application/json; ${cors}return 200 '${text}'; }`;
  };
  return [
    `Serve these two files on ${serverName}; without them neither servers nor clients find ${domain}:`,
    ...files.flatMap(({ path, headers, text }) => [
      `  https://${serverName}${path}`,
      ...[...headers, text].map((line) => `    ${line}`),
    ]),
    `  In nginx, inside the server block of ${serverName}:`,
    ...files.map(inNginx),
    `  If your site only allows redirects, redirect both paths to https://${domain} with the same path; the redirect needs the CORS header too.`,
  ];
}
