import { cloudConfig, inForm } from '../cloudinit/document';
import { contradictions } from '../cloudinit/extra';
import { countedSize, type Form, PROVIDERS } from '../cloudinit/limits';
import { type Deployment, resolve } from '../deployment/deployment';
import type { Diagnostic } from '../deployment/diagnostic';
import type { Asked } from '../deployment/options';
import { partsOf } from '../parts';
import { gather, type ReadText } from './ask';

export interface Generated {
  readonly deployment: Deployment;
  /** What to hand over, in the form asked for. */
  readonly bytes: Uint8Array;
  readonly form: Form;
  /** Path of the file to write; standard output when there is none. */
  readonly output: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly fromConfig: ReadonlySet<string>;
}

export interface Refused {
  readonly deployment: undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly fromConfig: ReadonlySet<string>;
}

/**
 * Compiles what was asked for into the document.
 * @param flags option names with the texts given on the command line
 * @returns the document with warnings, or every mistake that was found
 */
export async function generate(flags: Asked, readText: ReadText): Promise<Generated | Refused> {
  const { asked, diagnostics: unread, fromConfig } = gather(flags, readText);
  const resolved = resolve(asked);
  // Of a config file that could not be read nobody knows what it would have asked for.
  const isPartial = unread.some(({ code, path }) => code.startsWith('config-') || path === 'config');
  const found = isPartial
    ? resolved.diagnostics.filter(({ code }) => code !== 'missing-option')
    : resolved.diagnostics;
  const refused = (more: readonly Diagnostic[] = []): Refused => ({
    deployment: undefined,
    diagnostics: [...unread, ...found, ...more],
    fromConfig,
  });
  if (!resolved.deployment || unread.length > 0) return refused();
  const provider = asked.provider === undefined ? undefined : String(asked.provider);
  const asForm = asked.format as Form | undefined;
  const { deployment, form, bytes } = await formed(resolved.deployment, asForm, asked.tools, provider);
  const misfit =
    provider === undefined ? undefined : providerMisfit(provider, form, bytes.length, deployment);
  if (misfit) return refused([misfit]);
  const ofExtra = await extraDiagnostics(deployment, bytes);
  if (ofExtra.some(({ severity }) => severity === 'error')) return refused(ofExtra);
  return {
    deployment,
    bytes,
    form,
    output: asked.output === '-' ? undefined : (asked.output as string | undefined),
    diagnostics: [...resolved.diagnostics, ...ofExtra],
    fromConfig,
  };
}

/** What is wrong with a document that holds the operator's own cloud-config: contradictions, and what `check` finds. */
async function extraDiagnostics(deployment: Deployment, bytes: Uint8Array): Promise<Diagnostic[]> {
  if (!deployment.extra) return [];
  const found = contradictions(cloudConfig(deployment), deployment);
  if (found.length > 0) return found;
  const { lint } = await import('../cloudinit/lint/lint');
  return lint(bytes)
    .filter(({ severity }) => severity !== 'info')
    .map((diagnostic) => ({ ...diagnostic, path: `extra, ${diagnostic.path}` }));
}

/** From the form that everybody can read to the smallest. */
const LADDER: readonly Form[] = ['yaml', 'gzip', 'base64'];

/**
 * The form that was asked for, else the first that the provider takes; plain text without a provider. Where no form has
 * room, the server fetches the key of Docker's repository. Where that does not help either, the part that the first boot
 * does without is omitted, unless something asks for it.
 */
async function formed(
  whole: Deployment,
  form: Form | undefined,
  tools: unknown,
  provider: string | undefined,
): Promise<Pick<Generated, 'deployment' | 'form' | 'bytes'>> {
  const limit = provider === undefined ? undefined : PROVIDERS[provider];
  const forms = form ? [form] : LADDER.filter((one) => limit?.forms.includes(one) ?? one === 'yaml');
  const isFixed = tools !== undefined || whole.backup || whole.restoreFrom !== undefined;
  const deployments = isFixed ? [whole] : [whole, { ...whole, tools: 'basic' } as const];
  for (const deployment of deployments) {
    for (const dockerKey of ['included', 'fetched'] as const) {
      for (const one of forms) {
        const bytes = await inForm(deployment, one, dockerKey);
        if (!limit || countedSize(limit, bytes.length) <= limit.bytes)
          return { deployment, form: one, bytes };
      }
    }
  }
  const last = forms.at(-1) ?? 'yaml';
  return { deployment: whole, form: last, bytes: await inForm(whole, last) };
}

/** Why the provider would not take the document, if so. */
function providerMisfit(
  provider: string,
  form: Form,
  bytes: number,
  deployment: Deployment,
): Diagnostic | undefined {
  const limit = PROVIDERS[provider];
  if (!limit) return undefined;
  const base = { severity: 'error', path: 'provider' } as const;
  if (!limit.forms.includes(form)) {
    return {
      ...base,
      code: 'provider-form',
      message: `${limit.name} does not hand ${form} over to cloud-init in a form that it reads`,
      given: form,
      expected: `format ${limit.forms.join(' or ')}`,
    };
  }
  const size = countedSize(limit, bytes);
  if (size <= limit.bytes) return undefined;
  const smaller = limit.forms.find((other) => other !== 'yaml' && form === 'yaml');
  return {
    ...base,
    code: 'too-large',
    message: `the document is too large for ${limit.name}: ${size} of ${limit.bytes} bytes${limit.measured === 'base64' ? ', counted as base64' : ''}`,
    given: `${size} bytes; the biggest parts are ${biggestParts(deployment).join(', ')}`,
    expected: `at most ${limit.bytes} bytes`,
    hint: smaller
      ? `--format ${smaller} makes it smaller`
      : `${deployment.tools === 'full' ? '--tools basic, ' : ''}fewer or shorter SSH keys, or a shorter apt key, make it smaller`,
  };
}

function biggestParts(deployment: Deployment): string[] {
  const sizes = partsOf(deployment)
    .flatMap(({ files }) =>
      files.map(({ path, content, packed }) => ({ name: path, bytes: (packed ?? content).length })),
    )
    .concat({ name: 'SSH keys', bytes: deployment.sshKeys.join('\n').length });
  return sizes
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} (${bytes})`);
}
