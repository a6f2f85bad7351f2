import { CODES, type Code, type Explanation, isCode } from '../diagnostics/codes';
import { ON_REQUEST } from '../diagnostics/codes/on-request';
import { closestName } from '../diagnostics/did-you-mean';
import { printable } from '../diagnostics/printable';
import { quoteValue } from '../diagnostics/quote';
import { defineCommand, refusal } from './command';
import { JSON_FLAG } from './common-flags';

export const explainCommand = defineCommand({
  words: {
    code: { type: 'string', help: 'the code, as messages show it in brackets; every code when omitted' },
  },
  flags: JSON_FLAG,
  examples: [['$0 explain owner-numeric', '']],
  async run({ flags: { code } }) {
    if (code === undefined) {
      const text = Object.entries(CODES)
        .map(([name, { finds }]) => `${name}: ${finds}`)
        .join('\n');
      return { status: 'ok', product: { data: CODES, text } };
    }
    if (!isCode(code)) {
      const near = closestName(code, Object.keys(CODES));
      const message = `no message has the code ${quoteValue(code)}`;
      const hint = near ? `did you mean ${near}?` : 'gen-cloudinit explain lists every code';
      return refusal([{ severity: 'error', code: 'unknown-code', path: '', message, hint }]);
    }
    const found = CODES[code];
    return { status: 'ok', product: { data: { code, ...found }, text: explanationText(code, found) } };
  },
});

function explanationText(code: Code, row: Explanation): string {
  const { finds, why, fix, example } = row;
  const shown = ON_REQUEST[code];
  return [
    ...[code, '', finds, '', `Why it matters: ${why}`, '', `What to do: ${fix}`],
    ...(shown ? ['', `check shows it with ${shown} only.`] : []),
    ...(example
      ? ['', 'Example:', '', indented(example.faulty), 'Use instead:', '', indented(example.fixed)]
      : []),
  ]
    .join('\n')
    .trimEnd();
}

/** A document, as text that shows its control characters. */
function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${printable(line)}`))
    .join('\n');
}
