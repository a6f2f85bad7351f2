/** Tokens that turn into keys if a colon follows them: in the same line and within 1024 characters, as PyYAML wants it. */
import type { Cursor } from './cursor';
import { explainMissingColon } from './explain';
import type { Token } from './token';

export interface PossibleKey {
  /** Number of the token, counted from the start of the text. */
  readonly number: number;
  readonly at: number;
  readonly line: number;
  readonly column: number;
  /** It stands where only a key can stand. */
  readonly isRequired: boolean;
}

const LONGEST_KEY = 1024;

export class PossibleKeys {
  /** By the number of open brackets. */
  private readonly keys = new Map<number, PossibleKey>();

  constructor(private readonly cursor: Cursor) {}

  /** Number of the first token that may become a key. */
  get first(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { number } of this.keys.values()) first = Math.min(first, number);
    return first;
  }

  save(level: number, key: PossibleKey): void {
    this.keys.set(level, key);
  }

  /** The key before a colon. */
  take(level: number): PossibleKey | undefined {
    const key = this.keys.get(level);
    this.keys.delete(level);
    return key;
  }

  /** @param last the last scalar, from which a mistake is explained */
  forget(level: number, last: Token | undefined): void {
    const key = this.keys.get(level);
    if (key?.isRequired) throw explainMissingColon(this.cursor.text, key, last);
    this.keys.delete(level);
  }

  dropStale(last: Token | undefined): void {
    const { line, at, text } = this.cursor;
    for (const [level, key] of this.keys) {
      if (key.line === line && charactersBetween(text, key.at, at) <= LONGEST_KEY) continue;
      this.forget(level, last);
    }
  }

  clear(): void {
    this.keys.clear();
  }
}

/** Python counts a character beyond U+FFFF once. */
function charactersBetween(text: string, from: number, to: number): number {
  if (to - from <= LONGEST_KEY || to - from > 2 * LONGEST_KEY) return to - from;
  return [...text.slice(from, to)].length;
}
