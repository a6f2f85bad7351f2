import type { Diagnostic } from '../diagnostics/diagnostic';
import { collectOptions, type ReadText } from './config-file';
import type { Deployment } from './deployment';
import type { RawValues } from './flags';
import type { OptionName } from './options';
import { resolve } from './resolve';

/** The document's options that an image depends on. */
export const IMAGE_OPTIONS: readonly OptionName[] = [
  'distro',
  'docker-apt-url',
  'docker-apt-key',
  'registry-mirror',
  'postgres-image',
  'synapse-image',
  'element-image',
  'nginx-image',
];

export interface ImageOptions {
  /** Undefined after an error. */
  readonly deployment: Deployment | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The domain of the config file; it must not occur in the image. */
  readonly domain: string | undefined;
}

/** @param given the options of the document among the flags of `bake`, `config` among them */
export function readImageOptions(given: RawValues, readText: ReadText): ImageOptions {
  const { options, diagnostics: unread, locate } = collectOptions(given, readText);
  // An image contains nothing of a deployment, so any domain will do; the one in the config file is as good.
  const { deployment, diagnostics } = resolve({ domain: 'image.invalid', ...options });
  const domain = typeof options.domain === 'string' ? options.domain : undefined;
  // Warnings about a deployment do not matter to an image.
  const relevant = diagnostics.filter(
    ({ severity, path }) => severity === 'error' || IMAGE_OPTIONS.some((name) => name === path),
  );
  const all = [...unread, ...relevant.map(locate)];
  return { deployment: unread.length > 0 ? undefined : deployment, diagnostics: all, domain };
}
