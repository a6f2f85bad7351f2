/** How the options of a kind of machine are judged: one rule for each option that can be wrong. */
import type { Diagnostic } from '../deployment/diagnostic';
import { shown } from '../deployment/shown';

export interface Rule<Options> {
  readonly option: keyof Options & string;
  readonly fits: (value: string) => boolean;
  /** What would be accepted, in a few words. */
  readonly expected: string;
}

export const matches = (pattern: RegExp) => (value: string) => pattern.test(value);

/** A whole number within bounds. */
export const between = (least: number, most: number) => (value: string) =>
  /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;

/** `instanceType` as the flag is written: `instance-type`. */
export function flagOf(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Fills the gaps with the defaults and judges what was given.
 * @param asked what was given; undefined counts as not given
 * @returns the options, and a diagnostic for each that cannot be used (then the options must not be used either)
 */
export function judged<Options extends object>(
  asked: { readonly [Name in keyof Options]?: Options[Name] | undefined },
  defaults: Options,
  rules: readonly Rule<Options>[],
): { readonly options: Options; readonly diagnostics: readonly Diagnostic[] } {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const options: Options = { ...defaults, ...given };
  const diagnostics = rules.flatMap(({ option, fits, expected }): Diagnostic[] => {
    const value = options[option];
    if (value === undefined || fits(String(value))) return [];
    return [
      {
        severity: 'error',
        code: 'wrong-value',
        path: flagOf(option),
        message: 'has a value that cannot be used',
        given: shown(String(value)),
        expected,
      },
    ];
  });
  return { options, diagnostics };
}
