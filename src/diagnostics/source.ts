/**
 * A text and its lines. Every place in a document is kept as an offset into this text and turned into
 * line and column, both counted from 1, only when it is shown.
 */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A place that a finding can point at: every YAML node is one. */
export interface Place {
  /** `write_files[3].owner`; empty for the document itself. */
  readonly path: string;
  /** Offset into the text, in UTF-16 units. */
  readonly start: number;
}

export class Source {
  private readonly lineStarts: number[] = [0];

  constructor(readonly text: string) {
    const breaks = /\r\n|\r|\n/g;
    while (breaks.exec(text)) this.lineStarts.push(breaks.lastIndex);
  }

  /** @param offset in UTF-16 units; beyond the end means the end */
  at(offset: number): Position {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.min(offset, this.text.length) - this.lineStarts[low]! + 1 };
  }

  /** The text of a line without its end. @param line counted from 1 */
  lineText(line: number): string {
    const start = this.lineStart(line);
    const end = this.text.slice(start).search(/[\r\n]/);
    return end < 0 ? this.text.slice(start) : this.text.slice(start, start + end);
  }

  /** Offset at which a line starts. @param line counted from 1; outside the text it is clamped */
  lineStart(line: number): number {
    return this.lineStarts[Math.min(Math.max(line, 1), this.lineStarts.length) - 1]!;
  }
}
