import { rungOf } from '../cloudinit/write/ladder';
import type { Deployment } from '../config/deployment';
import { OPTION_NAMES } from '../config/options';
import { hasErrors } from '../diagnostics/diagnostic';
import { quoteValue } from '../diagnostics/quote';
import { allFits, PROVIDERS, type ProviderLimit } from '../providers';
import { quoted } from '../server/escape';
import { readText } from '../system/input';
import { defineCommand, refusal } from './command';
import { type CompiledDocument, compile } from './compile';

export const generateCommand = defineCommand({
  flags: { quiet: { type: 'boolean', group: 'Output', help: 'suppress the report on standard error' } },
  options: OPTION_NAMES,
  examples: [
    ['$0 --domain matrix.example.org > user-data.yaml', ''],
    ['$0 --domain matrix.example.org --server-name example.org', ''],
  ],
  async run({ options, diagnostics: wrong }) {
    const made = await compile(options, readText);
    // A word that was meant as a verb or as the domain is the only mistake to report.
    const isStray = wrong.some(({ code }) => code === 'stray-word');
    const found = made.diagnostics.filter(({ code }) => !(isStray && code === 'missing-option'));
    const diagnostics = [...wrong, ...found];
    if (!made.deployment || hasErrors(wrong)) return refusal(diagnostics);
    // Only the owner may read a document that contains a password.
    const mode = made.deployment.dbPassword === undefined ? 0o644 : 0o600;
    return {
      status: 'ok',
      diagnostics,
      document: { bytes: made.bytes, path: made.output.path, mode },
      report: deploymentReport(made),
    };
  },
});

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

/** What the owner of the bare domain has to serve (Matrix specification, server discovery). */
function delegation({ domain, serverName }: Deployment): string[] {
  return [
    `Serve these two files on ${serverName}; without them neither servers nor clients find ${domain}:`,
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
    `  If your site only allows redirects, redirect both paths to https://${domain} with the same path; the redirect needs the CORS header too.`,
  ];
}
