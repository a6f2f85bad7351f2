/**
 * A JSON reader that reports where a text stops being JSON (RFC 8259). JSON.parse does not, and its messages repeat
 * parts of the text, which may contain a secret.
 */
export interface JsonProblem {
  /** Offset in UTF-16 units. */
  readonly start: number;
  readonly message: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

class Reader {
  at = 0;
  constructor(private readonly text: string) {}

  take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  /** Takes one character, with the white space around it. */
  mark(character: string): boolean {
    this.take(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at++;
    this.take(SPACE);
    return true;
  }

  value(depth = 0): string | undefined {
    this.take(SPACE);
    if (depth > 500) return 'it is nested too deeply';
    if (this.mark('{')) return this.members('}', depth);
    if (this.mark('[')) return this.members(']', depth);
    if (this.take(STRING) || this.take(WORD) || this.take(NUMBER)) return undefined;
    return this.at >= this.text.length ? 'it ends too early' : 'a value is expected';
  }

  private members(end: '}' | ']', depth: number): string | undefined {
    if (this.mark(end)) return undefined;
    let comma = -1;
    do {
      if (comma >= 0 && this.text[this.at] === end) {
        this.at = comma;
        return `a comma stands before ${end}`;
      }
      if (end === '}' && !this.take(STRING)) return 'a key in double quotes is expected';
      if (end === '}' && !this.mark(':')) return 'a colon is expected';
      const problem = this.value(depth + 1);
      if (problem) return problem;
      this.take(SPACE);
      comma = this.at;
    } while (this.mark(','));
    return this.mark(end) ? undefined : `a comma or ${end} is expected`;
  }
}

/** @returns the first problem, or undefined when the text is JSON */
export function jsonProblem(text: string): JsonProblem | undefined {
  const reader = new Reader(text);
  const message = reader.value();
  if (message) return { start: reader.at, message };
  reader.take(SPACE);
  return reader.at < text.length
    ? { start: reader.at, message: 'text follows the end of the value' }
    : undefined;
}
