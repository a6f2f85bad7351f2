/**
 * YAML text to tokens, one at a time and only as far as the parser needs, in the way of PyYAML's scanner: only then
 * is the first mistake of a text the one that PyYAML reports. A key without `?` is known by the colon behind it,
 * which must follow in the same line and within 1024 characters.
 */
import { Cursor, END, isBreakOrEnd, isSpaceOrEnd, YamlFailure } from './cursor';
import { explainCharacter, explainColon } from './explain';
import { PossibleKeys } from './keys';
import { anchorOrAlias, directive, tag } from './names';
import { blockScalar, plainScalar, quotedScalar } from './scalars';
import type { Mark, ScannedScalar, Token } from './token';

export class Scanner {
  private readonly cursor: Cursor;
  private readonly queue: Token[] = [];
  private taken = 0;
  /** Open brackets; negative after a closing one too many, at which the parser stops. */
  private flow = 0;
  private indent = -1;
  private readonly indents: number[] = [];
  private mayBeKey = true;
  private readonly keys: PossibleKeys;
  private isDone = false;
  /** The last scalar, from which a mistake behind it is explained. */
  private last: Token | undefined;

  constructor(readonly text: string) {
    this.cursor = new Cursor(text);
    this.keys = new PossibleKeys(this.cursor);
  }

  peek(): Token {
    while (this.needsMore()) this.scan();
    return this.queue[0]!;
  }

  take(): Token {
    const token = this.peek();
    this.queue.shift();
    this.taken++;
    return token;
  }

  next(...marks: readonly Mark[]): boolean {
    return marks.includes(this.peek().mark);
  }

  private needsMore(): boolean {
    if (this.isDone) return false;
    if (this.queue.length === 0) return true;
    this.keys.dropStale(this.last);
    // Whether the next token belongs to a key is not known yet.
    return this.keys.first === this.taken;
  }

  private scan(): void {
    const { cursor } = this;
    this.skipToToken();
    this.keys.dropStale(this.last);
    this.closeBlocks(cursor.column);
    const character = cursor.peek();
    const isStart = cursor.column === 0;
    if (character === END) this.end();
    else if (isStart && character === '%') this.atMargin(() => directive(cursor));
    else if (isStart && cursor.atSeparator('---')) this.atMargin(() => this.mark('---', 3));
    else if (isStart && cursor.atSeparator('...')) this.atMargin(() => this.mark('...', 3));
    else if (character === '[' || character === '{') this.open(character);
    else if (character === ']' || character === '}') this.close(character);
    else if (character === ',') this.comma();
    else if (character === '-' && isSpaceOrEnd(cursor.peek(1))) this.item();
    else if (character === '?' && (this.flow !== 0 || isSpaceOrEnd(cursor.peek(1)))) this.key();
    else if (character === ':' && (this.flow !== 0 || isSpaceOrEnd(cursor.peek(1)))) this.value();
    else if (character === '*' || character === '&') this.start(() => anchorOrAlias(cursor));
    else if (character === '!') this.start(() => tag(cursor));
    else if ((character === '|' || character === '>') && this.flow === 0) this.block();
    else if (character === '"' || character === "'") this.start(() => this.scalar(quotedScalar));
    else if (this.isPlain(character)) this.plain();
    else throw explainCharacter(this.text, cursor.at);
  }

  private isPlain(character: string): boolean {
    if (!' \t-?:,[]{}#&*!|>\'"%@`'.includes(character) && !isBreakOrEnd(character)) return true;
    if (isSpaceOrEnd(this.cursor.peek(1))) return false;
    return character === '-' || (this.flow === 0 && (character === '?' || character === ':'));
  }

  private skipToToken(): void {
    const { cursor } = this;
    if (cursor.at === 0 && cursor.peek() === '\ufeff') cursor.skipByteOrderMark();
    for (;;) {
      cursor.skipComment();
      if (cursor.lineBreak() === '') return;
      if (this.flow === 0) this.mayBeKey = true;
    }
  }

  // Possible keys.

  private saveKey(): void {
    const { cursor } = this;
    if (!this.mayBeKey) return;
    this.forgetKey();
    this.keys.save(this.flow, {
      number: this.taken + this.queue.length,
      at: cursor.at,
      line: cursor.line,
      column: cursor.column,
      isRequired: this.flow === 0 && this.indent === cursor.column,
    });
  }

  private forgetKey(): void {
    this.keys.forget(this.flow, this.last);
  }

  // Indentation.

  private closeBlocks(column: number): void {
    if (this.flow !== 0) return;
    while (this.indent > column) {
      this.indent = this.indents.pop() ?? -1;
      this.push('block-end');
    }
  }

  private openBlock(column: number): boolean {
    if (this.indent >= column) return false;
    this.indents.push(this.indent);
    this.indent = column;
    return true;
  }

  private push(mark: Mark, start = this.cursor.at): void {
    this.queue.push({ mark, start, end: start });
  }

  private mark(mark: Mark, length: number): Token {
    const start = this.cursor.at;
    this.cursor.skip(length);
    return { mark, start, end: this.cursor.at };
  }

  // Tokens.

  private end(): void {
    this.closeBlocks(-1);
    this.forgetKey();
    this.mayBeKey = false;
    this.keys.clear();
    this.push('stream-end');
    this.isDone = true;
  }

  private atMargin(read: () => Token): void {
    this.closeBlocks(-1);
    this.forgetKey();
    this.mayBeKey = false;
    this.queue.push(read());
  }

  private open(mark: '[' | '{'): void {
    this.saveKey();
    this.flow++;
    this.mayBeKey = true;
    this.queue.push(this.mark(mark, 1));
  }

  private close(mark: ']' | '}'): void {
    this.forgetKey();
    this.flow--;
    this.mayBeKey = false;
    this.queue.push(this.mark(mark, 1));
  }

  private comma(): void {
    this.mayBeKey = true;
    this.forgetKey();
    this.queue.push(this.mark(',', 1));
  }

  private item(): void {
    const { cursor } = this;
    if (this.flow === 0) {
      if (!this.mayBeKey) {
        const hint = 'Begin the list in a line of its own, or put the value in quotes.';
        throw new YamlFailure(cursor.at, 'A list item (-) cannot begin in the middle of a line', hint);
      }
      if (this.openBlock(cursor.column)) this.push('block-sequence');
    }
    this.mayBeKey = true;
    this.forgetKey();
    this.queue.push(this.mark('-', 1));
  }

  private key(): void {
    const { cursor } = this;
    if (this.flow === 0) {
      if (!this.mayBeKey) {
        const hint = 'Put the value in quotes.';
        throw new YamlFailure(cursor.at, '? and a blank begin a key, and none can stand here', hint);
      }
      if (this.openBlock(cursor.column)) this.push('block-mapping');
    }
    this.mayBeKey = this.flow === 0;
    this.forgetKey();
    this.queue.push(this.mark('?', 1));
  }

  private value(): void {
    const { cursor } = this;
    const key = this.keys.take(this.flow);
    if (key) {
      const at = key.number - this.taken;
      const opens = this.flow === 0 && this.openBlock(key.column);
      const marks: Mark[] = opens ? ['block-mapping', '?'] : ['?'];
      this.queue.splice(at, 0, ...marks.map((mark) => ({ mark, start: key.at, end: key.at })));
      this.mayBeKey = false;
    } else {
      if (this.flow === 0) {
        if (!this.mayBeKey) throw explainColon(this.text, cursor.at, this.last);
        if (this.openBlock(cursor.column)) this.push('block-mapping');
      }
      this.mayBeKey = this.flow === 0;
      this.forgetKey();
    }
    this.queue.push(this.mark(':', 1));
  }

  private start(read: () => Token): void {
    this.saveKey();
    this.mayBeKey = false;
    this.queue.push(read());
  }

  private block(): void {
    this.mayBeKey = true;
    this.forgetKey();
    this.queue.push(this.scalar((cursor) => blockScalar(cursor, this.indent)));
  }

  private plain(): void {
    this.saveKey();
    let endsLine = false;
    const token = this.scalar((cursor) => {
      const scanned = plainScalar(cursor, this.indent + 1, this.flow !== 0);
      endsLine = scanned.endsLine;
      return scanned;
    });
    this.mayBeKey = endsLine;
    this.queue.push(token);
  }

  private scalar(read: (cursor: Cursor) => ScannedScalar): Token {
    const start = this.cursor.at;
    const scalar = read(this.cursor);
    const end = scalar.style === 'plain' ? scalar.end : this.cursor.at;
    this.last = { mark: 'scalar', start, end, scalar };
    return this.last;
  }
}
