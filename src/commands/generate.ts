import { document } from '../cloudinit/document';
import { encode } from '../cloudinit/encode';
import { countedSize, type Form, PROVIDERS } from '../cloudinit/limits';
import { type Deployment, resolve } from '../deployment/deployment';
import type { Diagnostic } from '../deployment/diagnostic';
import { type Asked, OPTIONS } from '../deployment/options';
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
  const form = (asked.format ?? OPTIONS.format.default) as Form;
  const provider = asked.provider === undefined ? undefined : String(asked.provider);
  const room = asked.tools === undefined ? provider : undefined;
  const { deployment, bytes } = await compiled(resolved.deployment, form, room);
  const misfit =
    provider === undefined ? undefined : providerMisfit(provider, form, bytes.length, deployment);
  if (misfit) return refused([misfit]);
  return {
    deployment,
    bytes,
    form,
    output: asked.output === '-' ? undefined : (asked.output as string | undefined),
    diagnostics: resolved.diagnostics,
    fromConfig,
  };
}

/**
 * Where nobody has said which tools the server gets, it gets all of them if the provider takes so much.
 * @param room that provider; undefined when there is none, or when the tools were asked for
 */
async function compiled(
  deployment: Deployment,
  form: Form,
  room: string | undefined,
): Promise<{ readonly deployment: Deployment; readonly bytes: Uint8Array }> {
  if (room !== undefined && deployment.tools === 'basic') {
    const full = { ...deployment, tools: 'full' } as const;
    const bytes = await encode(document(full), form);
    if (!providerMisfit(room, form, bytes.length, full)) return { deployment: full, bytes };
  }
  return { deployment, bytes: await encode(document(deployment), form) };
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
    .flatMap(({ files, aptRepository }) => [
      ...files.map(({ path, content, packed }) => ({ name: path, bytes: (packed ?? content).length })),
      ...(aptRepository ? [{ name: 'apt key', bytes: aptRepository.key.length }] : []),
    ])
    .concat({ name: 'SSH keys', bytes: deployment.sshKeys.join('\n').length });
  return sizes
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} (${bytes})`);
}
