import type { Code } from '../../diagnostics/codes';
import type { Diagnostic, Severity } from '../../diagnostics/diagnostic';
import type { Place, Source } from '../../diagnostics/source';

/** What a rule found: a diagnostic whose place is still an offset. */
export interface Finding {
  readonly severity: Severity;
  readonly code: Code;
  readonly place: Place;
  readonly message: string;
  readonly details: Details;
}

type Details = Pick<Diagnostic, 'given' | 'expected' | 'hint'>;
type Make = (code: Code, place: Place, message: string, details?: Details) => Finding;

const of =
  (severity: Severity): Make =>
  (code, place, message, details = {}) => ({ severity, code, place, message, details });

/** cloud-init would refuse the document, or do something other than it says. */
export const error = of('error');
/** It works here and now, but is fragile, unsafe or reported as a fault by cloud-init. */
export const warning = of('warning');
/** Worth knowing; requires no action. */
export const info = of('info');

/** Turns what the rules found into diagnostics, in the order of the document, without repetitions. */
export function toDiagnostics(findings: readonly Finding[], source: Source): Diagnostic[] {
  const seen = new Set<string>();
  const result: { readonly start: number; readonly diagnostic: Diagnostic }[] = [];
  for (const { severity, code, place, message, details } of findings) {
    const key = `${code}\n${place.start}\n${message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const diagnostic = { severity, code, path: place.path, message, ...details, ...source.at(place.start) };
    result.push({ start: place.start, diagnostic });
  }
  return result.sort((a, b) => a.start - b.start).map(({ diagnostic }) => diagnostic);
}
