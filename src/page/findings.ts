/** Findings and mistakes as a list, with what their codes mean. */
import { CODES } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { el } from './dom';

const WORDS = { error: 'Error', warning: 'Warning', info: 'Note' } as const;

interface ListOptions {
  /** Whether the path is known from the place of the list. */
  readonly withPath?: boolean;
  /** Makes the position a link to the line. */
  readonly jump?: (line: number) => void;
}

export function findingsList(diagnostics: readonly Diagnostic[], options: ListOptions = {}): HTMLElement {
  return el('div', {}, ...diagnostics.map((one) => finding(one, options)));
}

function finding(diagnostic: Diagnostic, { withPath, jump }: ListOptions): HTMLElement {
  const { severity, code, path, message, given, expected, hint, line, column, excerpt } = diagnostic;
  const rows = [
    ['given', given],
    ['expected', expected],
    ['hint', hint],
  ].flatMap(([label, text]) => (text ? [el('p', { class: 'help' }, `${label}: ${text}`)] : []));
  const place =
    line !== undefined && jump
      ? [
          el(
            'button',
            { type: 'button', class: 'link', onclick: () => jump(line) },
            `line ${line}, column ${column ?? 1}`,
          ),
          ' ',
        ]
      : [];
  const about = path === '' || withPath ? '' : `${path}: `;
  return el(
    'div',
    { class: `finding ${severity}` },
    el('span', { class: 'severity' }, `${WORDS[severity]}: `),
    ...place,
    `${about}${message}`,
    ...(excerpt === undefined ? [] : [el('pre', {}, excerpt)]),
    ...rows,
    explained(diagnostic, code),
  );
}

function explained({ code }: Diagnostic, name: string): HTMLElement {
  const { finds, why, fix } = CODES[code];
  return el(
    'details',
    {},
    el('summary', {}, `Explain ${name}`),
    el('p', {}, finds),
    el('p', {}, `Why it matters: ${why}`),
    el('p', {}, `What to do: ${fix}`),
  );
}
