import { cloudConfig } from '../cloudinit/document';
import { contradictions } from '../cloudinit/extra';
import { type Fitted, type Format, onLadder, rungOf } from '../cloudinit/ladder';
import { countedSize, PROVIDERS, type ProviderLimit } from '../cloudinit/limits';
import { type Deployment, resolve } from '../deployment/deployment';
import type { Diagnostic } from '../deployment/diagnostic';
import type { Asked } from '../deployment/options';
import { gather, type ReadText } from './ask';

export interface Generated extends Omit<Fitted, 'fits'> {
  readonly deployment: Deployment;
  /** Key in PROVIDERS. */
  readonly provider: string | undefined;
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
  const { deployment } = resolved;
  const limit = provider === undefined ? undefined : PROVIDERS[provider];
  const format = asked.format as Format | undefined;
  const made = await onLadder(deployment, format, limit);
  if (!made?.fits) return refused(limit ? [await misfit(limit, format, made, deployment)] : []);
  const { rung, form, bytes } = made;
  const ofExtra = await extraDiagnostics(deployment, bytes);
  if (ofExtra.some(({ severity }) => severity === 'error')) return refused(ofExtra);
  return {
    deployment,
    provider,
    rung,
    form,
    bytes,
    output: asked.output === '-' ? undefined : (asked.output as string | undefined),
    diagnostics: [
      ...resolved.diagnostics,
      ...ofExtra,
      ...(rung === 'core' && limit ? [withoutOperations(limit)] : []),
    ],
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

/** Why the provider does not take the document, and what would help. */
async function misfit(
  limit: ProviderLimit,
  format: Format | undefined,
  made: Fitted | undefined,
  deployment: Deployment,
): Promise<Diagnostic> {
  const base = { severity: 'error', path: 'provider' } as const;
  if (!made) {
    return {
      ...base,
      code: 'provider-form',
      message: `${limit.name} does not hand ${format} over to cloud-init in a form that it reads`,
      given: format ?? '',
      expected: `format ${limit.forms.join(' or ')}`,
    };
  }
  const size = countedSize(limit, made.bytes.length);
  return {
    ...base,
    code: 'too-large',
    message: `the document is too large for ${limit.name}: ${size} of ${limit.bytes} bytes${limit.measured === 'base64' ? ', counted as base64' : ''}`,
    given: `${size} bytes; the biggest parts are ${biggestParts(deployment, made).join(', ')}`,
    expected: `at most ${limit.bytes} bytes`,
    hint: await smaller(limit, format, deployment),
  };
}

/** The flag that makes a document which the provider takes. */
async function smaller(
  limit: ProviderLimit,
  format: Format | undefined,
  deployment: Deployment,
): Promise<string> {
  const other = format && (await onLadder(deployment, undefined, limit));
  if (other?.fits)
    return `--format ${other.form} fits: ${countedSize(limit, other.bytes.length)} bytes (${other.rung})`;
  const here = { ...deployment, scriptUrl: deployment.scriptUrl ?? 'https://www.example.org/matrixctl' };
  if (!deployment.scriptUrl && (await onLadder(here, undefined, limit))?.fits)
    return '--script-url URL fits: the server fetches matrixctl from an address of yours (README, Handing it to a provider)';
  return 'fewer or shorter SSH keys, or a shorter apt key, make it smaller';
}

/** Told when a provider's room has cost the server a part of matrixctl. */
function withoutOperations({ name }: ProviderLimit): Diagnostic {
  return {
    severity: 'warning',
    code: 'core-only',
    path: 'provider',
    message: `${name} has no room for matrixctl's doctor, backup, restore and update`,
    hint: '--script-url URL brings them; or add them to the running server (README, Operating)',
  };
}

function biggestParts(deployment: Deployment, { rung }: Fitted): string[] {
  const sizes = cloudConfig(deployment, rungOf(rung).content)
    .write_files.map(({ path, content: text }) => ({ name: path, bytes: text.length }))
    .concat({ name: 'SSH keys', bytes: deployment.sshKeys.join('\n').length });
  return sizes
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} (${bytes})`);
}
