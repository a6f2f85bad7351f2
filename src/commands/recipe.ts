import { type Deployment, resolve } from '../deployment/deployment';
import type { Diagnostic } from '../deployment/diagnostic';
import { RECIPE_OPTIONS } from '../flags/bake';
import { gather } from './ask';
import { readText } from './input';

/** What a subcommand of `bake` has found or made. */
export interface Answer<Data> {
  /** Absent when the request was wrong. */
  readonly data?: Data;
  readonly diagnostics: readonly Diagnostic[];
  readonly fromConfig: ReadonlySet<string>;
}

export interface Recipe {
  /** Undefined when anything was wrong. */
  readonly deployment: Deployment | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly fromConfig: ReadonlySet<string>;
  /** That of the config file; it must not be in the image. */
  readonly domain: string | undefined;
}

/** The options of the document among the flags of `bake`, and those of its config file. */
export function readRecipe(flags: Readonly<Record<string, unknown>>): Recipe {
  const names = new Set<string>([...RECIPE_OPTIONS, 'config']);
  const own = Object.entries(flags).filter(([name, value]) => names.has(name) && value !== undefined);
  const { asked, diagnostics: unread, fromConfig } = gather(Object.fromEntries(own), readText);
  // An image has nothing of a deployment, so that any domain does; one in the config file is as good.
  const { deployment, diagnostics: wrong } = resolve({ domain: 'image.invalid', ...asked });
  const domain = typeof asked.domain === 'string' ? asked.domain : undefined;
  // What is only odd about a deployment is nothing to an image.
  const relevant = wrong.filter(
    ({ severity, path }) => severity === 'error' || RECIPE_OPTIONS.some((name) => name === path),
  );
  return { deployment, diagnostics: [...unread, ...relevant], fromConfig, domain };
}
