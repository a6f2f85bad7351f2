/** Size and form, against what the providers take (limits.ts). */
import { gzipSync } from 'fflate';
import { countedSize, PROVIDERS, type ProviderLimit } from '../../limits';
import type { LintDocument } from '../document';
import { error, type Finding, info } from '../finding';

const START = { path: '', start: 0 };

export interface Fit {
  /** Key in PROVIDERS. */
  readonly provider: string;
  readonly name: string;
  /** Bytes as the provider counts them, and its limit. */
  readonly counted: number;
  readonly limit: number;
  /** False when what is handed over would not arrive as it should (gzip or base64 not undone). */
  readonly formTaken: boolean;
  readonly fits: boolean;
}

export function fitOf(provider: string, limit: ProviderLimit, input: LintDocument['input']): Fit {
  const counted = countedSize(limit, input.given.length);
  const formTaken = limit.forms.includes(input.form);
  const fits = formTaken && counted <= limit.bytes;
  return { provider, name: limit.name, counted, limit: limit.bytes, formTaken, fits };
}

export function allFits(input: LintDocument['input']): Fit[] {
  return Object.entries(PROVIDERS).map(([provider, limit]) => fitOf(provider, limit, input));
}

/** With a provider: errors when it does not take the document. Without: one line on those that do not. */
export function* sizeRules({ input }: LintDocument, provider: string | undefined): Generator<Finding> {
  if (provider !== undefined) {
    const limit = PROVIDERS[provider];
    if (!limit) {
      const expected = Object.keys(PROVIDERS).join(', ');
      yield error('provider', START, 'There is no such provider.', { given: provider, expected });
      return;
    }
    const fit = fitOf(provider, limit, input);
    if (!fit.formTaken) {
      const expected = limit.forms.join(', ');
      yield error('provider-form', START, `${limit.name} does not undo ${input.form}.`, {
        given: input.form,
        expected,
      });
    }
    if (fit.counted > fit.limit)
      yield error('size', START, `Too large for ${describe(fit)}.`, smaller(input, limit));
    return;
  }
  const fits = allFits(input);
  const large = fits.filter((fit) => fit.counted > fit.limit).map(describe);
  if (large.length > 0) yield info('size', START, `Too large for ${large.join('; ')}.`);
  const unread = fits.filter((fit) => !fit.formTaken).map(({ name }) => name);
  if (unread.length > 0)
    yield info('provider-form', START, `${input.form} is not undone by ${unread.join(', ')}.`);
}

function describe({ name, counted, limit }: Fit): string {
  return `${name} (${counted} of ${limit} bytes)`;
}

function smaller(input: LintDocument['input'], limit: ProviderLimit): { hint?: string } {
  const zipped = gzipSync(input.bytes, { level: 9, mtime: 0 }).length;
  if (input.form === 'yaml' && limit.forms.includes('gzip') && countedSize(limit, zipped) <= limit.bytes) {
    return { hint: `As gzip it has ${countedSize(limit, zipped)} bytes and fits.` };
  }
  const encoded = Math.ceil(zipped / 3) * 4;
  if (limit.forms.includes('base64') && encoded <= limit.bytes && input.form === 'yaml') {
    return { hint: `As base64 of gzip it has ${encoded} bytes and fits.` };
  }
  return { hint: 'Take files out, or fetch them on the server.' };
}
