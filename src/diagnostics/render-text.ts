/** Diagnostics for a person. */
import type { Diagnostic } from './diagnostic';
import { printable } from './printable';

/**
 * @param document name of the document, for positions of a diagnostic without a file; if it is absent too, the
 *   diagnostic is about the command line
 */
export function diagnosticsText(diagnostics: readonly Diagnostic[], document?: string): string {
  return diagnostics.map((diagnostic) => block(diagnostic, document)).join('\n');
}

function block(diagnostic: Diagnostic, document: string | undefined): string {
  const { severity, code, message, given, expected, hint } = diagnostic;
  const rows = [
    ['given', given],
    ['expected', expected],
    ['hint', hint],
  ].flatMap(([label, text]) => (text ? [`    ${`${label}:`.padEnd(9)} ${printable(text)}`] : []));
  const about = subject(diagnostic, document);
  return [
    `${severity}: ${printable(`${about}${message}`)} [${code}]`,
    ...excerptLines(diagnostic),
    ...rows,
  ].join('\n');
}

/** The position, up to the message. */
function subject({ path, file, line, column, message }: Diagnostic, document: string | undefined): string {
  const isSentence = /^(?:the |[A-Z])/.test(message);
  const end = path === '' ? '' : isSentence ? ': ' : ' ';
  if (file !== undefined) return `${file}:${line ?? 1}:${column ?? 1}: ${path}${end}`;
  if (document !== undefined)
    return `${document}:${line ?? 1}:${column ?? 1} ${path === '' ? '' : `${path}: `}`;
  return `${/^[a-z][a-z0-9-]*$/.test(path) ? '--' : ''}${path}${end}`;
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
