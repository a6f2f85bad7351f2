/** Size and form, against what the providers take (providers.ts). */
import { gzipSync } from 'fflate';
import {
  allFits,
  countedSize,
  type Fit,
  fitOf,
  PROVIDER_NAMES,
  type ProviderLimit,
  providerNamed,
} from '../../../providers';
import type { UserDataDocument } from '../../read/user-data';
import { error, type Finding, info } from '../finding';

const START = { path: '', start: 0 };

/** With a provider: errors when it does not accept the document. Without: one line on those that do not. */
export function* sizeRules({ input }: UserDataDocument, provider: string | undefined): Generator<Finding> {
  if (provider !== undefined) {
    const limit = providerNamed(provider);
    if (!limit) {
      const expected = PROVIDER_NAMES.join(', ');
      yield error('provider', START, 'There is no such provider.', { given: provider, expected });
      return;
    }
    const fit = fitOf(provider, limit, input.form, input.given.length);
    if (!fit.formTaken) {
      const expected = limit.forms.join(', ');
      yield error('provider-form', START, `${limit.name} does not decode ${input.form}.`, {
        given: input.form,
        expected,
      });
    }
    if (fit.counted > fit.limit)
      yield error('size', START, `Too large for ${describe(fit)}.`, smaller(input, limit));
    return;
  }
  const fits = allFits(input.form, input.given.length);
  const large = fits.filter((fit) => fit.counted > fit.limit).map(describe);
  if (large.length > 0) yield info('size', START, `Too large for ${large.join('; ')}.`);
  const unread = fits.filter((fit) => !fit.formTaken).map(({ name }) => name);
  if (unread.length > 0)
    yield info('provider-form', START, `${input.form} is not decoded by ${unread.join(', ')}.`);
}

function describe({ name, counted, limit }: Fit): string {
  return `${name} (${counted} of ${limit} bytes)`;
}

function smaller(input: UserDataDocument['input'], limit: ProviderLimit): { hint?: string } {
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
