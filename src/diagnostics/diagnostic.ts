/**
 * The one way to say "what you gave is wrong": collected, never thrown, all shown at once.
 * Failures of the world (a file that cannot be read, a machine that does not boot) are thrown errors instead.
 */
import type { Code } from './codes';

export type Severity = 'error' | 'warning' | 'info';

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable name of the rule, for --json and for tests; `gen-cloudinit explain CODE` prints its meaning. */
  readonly code: Code;
  /** Where: the option (`domain`) or the place in a document (`write_files[3].owner`). */
  readonly path: string;
  readonly message: string;
  /** What was given, as the user wrote it. */
  readonly given?: string;
  /** What would be accepted. */
  readonly expected?: string;
  /** What to do next. */
  readonly hint?: string;
  /** Position in the text, counted from 1, where there is a text. */
  readonly line?: number;
  readonly column?: number;
  /** The file of that position, where it is not the document. */
  readonly file?: string;
  /** The source line of that position, unless it may contain a secret. */
  readonly excerpt?: string;
}

/** Whether any of them is a mistake. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}
