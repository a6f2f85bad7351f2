/** Compiles options into a document, on the rung of the ladder that the provider accepts. */

import { type CollectedOptions, collectOptions, type ReadText } from '../config/config-file';
import type { Deployment, Format, OutputRequest } from '../config/deployment';
import type { RawValues } from '../config/flags';
import { resolve } from '../config/resolve';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic';
import { countedSize, PROVIDERS, type ProviderLimit } from '../providers';
import { cloudConfig } from './write/document';
import { type Fitted, type Maker, makerOf, onLadder, rungOf } from './write/ladder';
import { contradictions } from './write/merge-extra';

export interface CompiledDocument extends Omit<Fitted, 'fits'> {
  readonly deployment: Deployment;
  readonly output: OutputRequest;
  readonly diagnostics: readonly Diagnostic[];
}

export interface RefusedOptions {
  readonly deployment: undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles options into the document.
 * @param flags option names with the values given on the command line
 * @returns the document with warnings, or every mistake that was found
 */
export function compile(flags: RawValues, read: ReadText): Promise<CompiledDocument | RefusedOptions> {
  return compileFrom(collectOptions(flags, read));
}

/** The same from options that are already collected. */
export async function compileFrom({
  options,
  diagnostics: unread,
  locate,
}: CollectedOptions): Promise<CompiledDocument | RefusedOptions> {
  const resolved = resolve(options);
  // Without the config file, its options are unknown.
  const isPartial = unread.some(({ code, path }) => code.startsWith('config-') || path === 'config');
  const found = resolved.diagnostics
    .filter(({ code }) => !(isPartial && code === 'missing-option'))
    .map(locate);
  const refused = (more: readonly Diagnostic[] = []): RefusedOptions => ({
    deployment: undefined,
    diagnostics: [...unread, ...found, ...more.map(locate)],
  });
  const { deployment, output } = resolved;
  if (!deployment || unread.length > 0) return refused();
  const limit = output.provider && PROVIDERS[output.provider];
  const make = makerOf(deployment);
  const made = await onLadder(deployment, output.format, limit, make);
  if (!made?.fits) return refused(limit ? [await misfit(limit, output.format, made, deployment, make)] : []);
  const { rung, form, bytes } = made;
  const ofExtra = await extraDiagnostics(deployment, bytes);
  if (hasErrors(ofExtra)) return refused(ofExtra);
  const ofRung = rung === 'core' && limit ? [withoutOperations(limit)] : [];
  return {
    ...{ deployment, output, rung, form, bytes },
    diagnostics: [...found, ...ofExtra, ...ofRung],
  };
}

/** Problems of a document with the operator's own cloud-config: contradictions, and what `check` finds. */
async function extraDiagnostics(deployment: Deployment, bytes: Uint8Array): Promise<Diagnostic[]> {
  if (!deployment.extra) return [];
  const found = contradictions(cloudConfig(deployment), deployment);
  if (found.length > 0) return found;
  const { lint } = await import('./lint/lint');
  return lint(bytes)
    .filter(({ severity }) => severity !== 'info')
    .map(({ line: _line, column: _column, ...diagnostic }) => ({
      ...diagnostic,
      path: `extra, ${diagnostic.path}`,
    }));
}

/** Why the provider does not accept the document, and what would help. */
async function misfit(
  limit: ProviderLimit,
  format: Format | undefined,
  made: Fitted | undefined,
  deployment: Deployment,
  make: Maker,
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
    given: `${size} bytes; the largest parts are ${largestParts(deployment, made).join(', ')}`,
    expected: `at most ${limit.bytes} bytes`,
    hint: await smaller(limit, format, deployment, make),
  };
}

/** The flag that gives a document which the provider accepts. */
async function smaller(
  limit: ProviderLimit,
  format: Format | undefined,
  deployment: Deployment,
  make: Maker,
): Promise<string> {
  const other = format && (await onLadder(deployment, undefined, limit, make));
  if (other?.fits)
    return `--format ${other.form} fits: ${countedSize(limit, other.bytes.length)} bytes (${other.rung})`;
  const here = { ...deployment, scriptUrl: deployment.scriptUrl ?? 'https://www.example.org/matrixctl' };
  if (!deployment.scriptUrl && (await onLadder(here, undefined, limit))?.fits)
    return '--script-url URL fits: the server fetches matrixctl from an address of yours (src/cloudinit/README.md)';
  return 'fewer or shorter SSH keys, or a shorter apt key, make it smaller';
}

/** The warning when a provider's limit costs the server a part of matrixctl. */
function withoutOperations({ name }: ProviderLimit): Diagnostic {
  return {
    severity: 'warning',
    code: 'core-only',
    path: 'provider',
    message: `${name} has no room for matrixctl's doctor, backup, restore and update`,
    hint: '--script-url URL brings them; or add them to the running server (templates/matrixctl/README.md)',
  };
}

function largestParts(deployment: Deployment, { rung }: Fitted): string[] {
  const sizes = cloudConfig(deployment, rungOf(rung).content)
    .write_files.map(({ path, content: text }) => ({ name: path, bytes: text.length }))
    .concat({ name: 'SSH keys', bytes: deployment.sshKeys.join('\n').length });
  return sizes
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} (${bytes})`);
}
