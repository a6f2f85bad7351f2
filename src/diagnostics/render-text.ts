/** Diagnostics for a person. */
import type { Diagnostic, Severity } from './diagnostic';
import { printable } from './printable';

/** A diagnostic with a file begins with its position, as compilers write it: `FILE:LINE:COLUMN: error: ...`. */
export function diagnosticsText(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(block).join('\n');
}

function block(diagnostic: Diagnostic): string {
  const { code, given, expected, hint } = diagnostic;
  const rows = [
    ['given', given],
    ['expected', expected],
    ['hint', hint],
  ].flatMap(([label, text]) => (text ? [`    ${`${label}:`.padEnd(9)} ${printable(text)}`] : []));
  return [`${printable(heading(diagnostic))} [${code}]`, ...excerptLines(diagnostic), ...rows].join('\n');
}

/** The first line, up to the code. */
function heading({ severity, path, file, line, column, message }: Diagnostic): string {
  // `domain has an invalid value`, and `write_files[0].owner: Write root:root`.
  const isPredicate = !/^(?:the |[^a-z])/.test(message) && /^[\w-]+$/.test(path);
  const about = path === '' ? '' : `${path}${isPredicate ? ' ' : ': '}`;
  if (file !== undefined) return `${file}:${line ?? 1}:${column ?? 1}: ${severity}: ${about}${message}`;
  return `${severity}: ${/^[a-z][a-z0-9-]*$/.test(path) ? '--' : ''}${about}${message}`;
}

/** `1 document`, `2 documents`. */
export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** `1 error, 2 warnings, 0 notes`. */
export function countsText(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Severity, word: string) =>
    counted(diagnostics.filter((one) => one.severity === severity).length, word);
  return [count('error', 'error'), count('warning', 'warning'), count('info', 'note')].join(', ');
}

/** Maximum length of a source line in the report. */
const WIDTH = 120;

/** The source line with a caret below the position. */
function excerptLines({ excerpt, line = 1, column = 1 }: Diagnostic): string[] {
  if (excerpt === undefined) return [];
  const number = String(line);
  const shown = printable(excerpt.slice(0, WIDTH).replaceAll('\t', ' '));
  const caret =
    column <= shown.length + 1 ? [`  ${' '.repeat(number.length)} | ${' '.repeat(column - 1)}^`] : [];
  return [`  ${number} | ${shown}`, ...caret];
}
