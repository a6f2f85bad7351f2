/** The text of a YAML document, read character by character, with lines as YAML 1.1 counts them. */
import type { Code } from '../../../diagnostics/codes';

/** Stands for the end of the text; a text with this character is refused before it is read. */
export const END = '\0';
const BREAKS = '\n\r\x85\u2028\u2029';

export function isBreak(character: string): boolean {
  return BREAKS.includes(character);
}

export function isBreakOrEnd(character: string): boolean {
  return character === END || isBreak(character);
}

/** A blank, a tab, a line break or the end: what must follow `-`, `?` and `:` in a block. */
export function isSpaceOrEnd(character: string): boolean {
  return character === ' ' || character === '\t' || isBreakOrEnd(character);
}

/** PyYAML accepts these characters in the names of anchors, tags and directives. */
export function isWord(character: string): boolean {
  return /^[0-9A-Za-z_-]$/.test(character);
}

/** Why the reader stops. */
export class YamlFailure extends Error {
  readonly code: Code;

  constructor(
    readonly start: number,
    message: string,
    readonly hint?: string,
    { code }: { readonly code: Code } = { code: 'yaml-syntax' },
  ) {
    super(message);
    this.code = code;
  }
}

export class Cursor {
  at = 0;
  line = 0;
  private lineStart = 0;

  constructor(readonly text: string) {}

  get column(): number {
    return this.at - this.lineStart;
  }

  peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? END;
  }

  /** Moves on within the line. */
  skip(count = 1): void {
    this.at += count;
  }

  /** Moves over a byte order mark, which has no column. */
  skipByteOrderMark(): void {
    this.at++;
    this.lineStart = this.at;
  }

  /** Moves on and returns what it moved over, all of it within the line. */
  take(count: number): string {
    this.at += count;
    return this.text.slice(this.at - count, this.at);
  }

  takeWhile(isTaken: (character: string) => boolean): string {
    let count = 0;
    while (this.at + count < this.text.length && isTaken(this.peek(count))) count++;
    return this.take(count);
  }

  skipBlanks(): void {
    while (this.peek() === ' ') this.at++;
  }

  /** Takes one line break, if there is one: the usual ones as a line feed, those of Unicode as they are. */
  lineBreak(): string {
    const character = this.peek();
    if (character === END || !isBreak(character)) return '';
    this.at += character === '\r' && this.peek(1) === '\n' ? 2 : 1;
    this.line++;
    this.lineStart = this.at;
    return character === '\u2028' || character === '\u2029' ? character : '\n';
  }

  /** Whether a line `---` or `...` begins here; it separates documents. */
  atSeparator(mark = this.text.slice(this.at, this.at + 3)): boolean {
    return (
      (mark === '---' || mark === '...') && this.text.startsWith(mark, this.at) && isSpaceOrEnd(this.peek(3))
    );
  }

  /** Skips blanks and a comment; what follows is a line break, the end, or something else. */
  skipComment(): void {
    this.skipBlanks();
    if (this.peek() === '#') this.takeWhile((character) => !isBreak(character));
  }
}
