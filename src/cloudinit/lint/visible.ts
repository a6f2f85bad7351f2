import { secretsIn } from './rules/secret-patterns';

/** Text of a document for a terminal: control characters, which could move its cursor, become escapes. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
  });
}

/** The text with everything that looks like a secret replaced. */
export function redacted(text: string): string {
  let result = '';
  let at = 0;
  for (const { start, end } of secretsIn(text)) {
    if (start < at) continue;
    result += `${text.slice(at, start)}***`;
    at = end;
  }
  return result + text.slice(at);
}
