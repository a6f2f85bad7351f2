/** Scalars as PyYAML reads them: plain, in quotes, and blocks (`|`, `>`). */
import { type Cursor, END, isBreak, isBreakOrEnd, isSpaceOrEnd, YamlFailure } from './cursor';
import type { ScannedScalar } from './token';

/** Escapes of one character in double quotes. */
const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '\\': '\\',
  '/': '/',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
/** Escapes of a code point, with the number of their digits. */
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A line break and the empty lines after it, as they join the text on both sides. */
function folded(first: string, empty: string): string {
  if (first !== '\n') return first + empty;
  return empty === '' ? ' ' : empty;
}

/** @param indent that a following line must have @returns also whether a line break follows the scalar */
export function plainScalar(
  cursor: Cursor,
  indent: number,
  isFlow: boolean,
): ScannedScalar & { readonly endsLine: boolean } {
  let text = '';
  let spaces = '';
  let endsLine = false;
  let end = cursor.at;
  while (cursor.peek() !== '#') {
    const word = plainWord(cursor, isFlow);
    if (word === '') break;
    text += spaces + word;
    endsLine = false;
    end = cursor.at;
    const gap = plainGap(cursor);
    endsLine = gap.endsLine;
    spaces = gap.text;
    if (spaces === '' || (!isFlow && cursor.column < indent)) break;
  }
  return { style: 'plain', text, end, endsLine };
}

function plainWord(cursor: Cursor, isFlow: boolean): string {
  let length = 0;
  for (let character = cursor.peek(); !isSpaceOrEnd(character); character = cursor.peek(length)) {
    const next = cursor.peek(length + 1);
    if (character === ':' && (isSpaceOrEnd(next) || (isFlow && ',[]{}'.includes(next)))) break;
    if (isFlow && ',?[]{}'.includes(character)) break;
    length++;
  }
  return cursor.take(length);
}

/** Blanks and line breaks between two words. Tabs end the scalar. */
function plainGap(cursor: Cursor): { readonly text: string; readonly endsLine: boolean } {
  const blanks = cursor.takeWhile((character) => character === ' ');
  const first = cursor.lineBreak();
  if (first === '') return { text: blanks, endsLine: false };
  let empty = '';
  while (!cursor.atSeparator()) {
    cursor.skipBlanks();
    const next = cursor.lineBreak();
    if (next === '') return { text: folded(first, empty), endsLine: true };
    empty += next;
  }
  return { text: '', endsLine: true };
}

/** Lines in quotes may begin at any column; only `---` and `...` may not stand there. */
export function quotedScalar(cursor: Cursor): ScannedScalar {
  const quote = cursor.peek();
  const start = cursor.at;
  const isDouble = quote === '"';
  let text = '';
  let surrogate: number | undefined;
  cursor.skip();
  for (;;) {
    const character = cursor.peek();
    if (character === END) {
      const hint = `Write ${quote} at the end of the text.`;
      throw new YamlFailure(start, 'The quote that begins here is never closed', hint);
    }
    if (character === ' ' || character === '\t') {
      const blanks = cursor.takeWhile((each) => each === ' ' || each === '\t');
      if (!isBreakOrEnd(cursor.peek())) text += blanks;
    } else if (isBreak(character)) {
      const first = cursor.lineBreak();
      text += folded(first, emptyLines(cursor, start));
    } else if (!isDouble && character === quote && cursor.peek(1) === quote) {
      text += quote;
      cursor.skip(2);
    } else if (character === quote) {
      const end = cursor.at;
      cursor.skip();
      const style = isDouble ? 'double' : 'single';
      return { style, text, end, ...(surrogate === undefined ? {} : { surrogate }) };
    } else if (isDouble && character === '\\') {
      const at = cursor.at;
      const unescaped = readEscape(cursor, start);
      if (/^[\ud800-\udfff]$/.test(unescaped)) surrogate ??= at;
      text += unescaped;
    } else {
      text +=
        cursor.takeWhile((each) => each !== quote && each !== '\\' && !isSpaceOrEnd(each)) || cursor.take(1);
    }
  }
}

/** The breaks of empty lines, up to the first character of the next text. */
function emptyLines(cursor: Cursor, start: number): string {
  let empty = '';
  for (;;) {
    if (cursor.atSeparator()) {
      const mark = cursor.peek().repeat(3);
      const hint = `Close the quote, or indent the line ${mark}.`;
      throw new YamlFailure(start, `The quote that begins here is not closed before the line ${mark}`, hint);
    }
    cursor.takeWhile((character) => character === ' ' || character === '\t');
    const next = cursor.lineBreak();
    if (next === '') return empty;
    empty += next;
  }
}

function readEscape(cursor: Cursor, start: number): string {
  const at = cursor.at;
  cursor.skip();
  const character = cursor.peek();
  const digits = DIGITS[character];
  if (isBreak(character)) {
    cursor.lineBreak();
    return emptyLines(cursor, start);
  }
  if (digits !== undefined) {
    const code = cursor.text.slice(cursor.at + 1, cursor.at + 1 + digits);
    const isCode = code.length === digits && /^[0-9A-Fa-f]+$/.test(code);
    if (!isCode || Number.parseInt(code, 16) > 0x10ffff) {
      const hint = `Write \\\\${character} for a backslash, or put the text in single quotes.`;
      const words = isCode ? 'names no character' : `needs ${digits} hexadecimal digits`;
      throw new YamlFailure(at, `The escape \\${character} in double quotes ${words}`, hint);
    }
    cursor.skip(1 + digits);
    return String.fromCodePoint(Number.parseInt(code, 16));
  }
  const known = ESCAPES[character];
  if (known === undefined || !Object.hasOwn(ESCAPES, character)) {
    const shown = /^[!-~]$/.test(character) ? `\\${character}` : 'a backslash before this character';
    const hint = `Write \\\\ for a backslash, or put the text in single quotes.`;
    throw new YamlFailure(at, `Double quotes have no escape ${shown}`, hint);
  }
  cursor.skip();
  return known;
}

interface BlockHeader {
  /** `+` keeps the line breaks at the end, `-` removes them all. */
  readonly chomping: string;
  /** Indentation below the parent, as written. */
  readonly indent: number | undefined;
}

function blockHeader(cursor: Cursor): BlockHeader {
  const start = cursor.at;
  const style = cursor.peek();
  cursor.skip();
  const words = cursor.takeWhile((character) => /^[-+0-9]$/.test(character));
  const [, before = '', digit = '', after = ''] = /^([-+]?)([1-9]?)([-+]?)$/.exec(words) ?? [];
  const isValid = words === before + digit + after && (before === '' || after === '');
  const blanks = cursor.takeWhile((character) => character === ' ');
  if (blanks !== '' && cursor.peek() === '#') cursor.takeWhile((character) => !isBreak(character));
  if (!isValid || !isBreakOrEnd(cursor.peek())) {
    const isText = blanks !== '' || words === '';
    const where = isText ? cursor.at : start;
    const hint = `Begin the text of a block in the next line, or put a value that begins with ${style} in quotes.`;
    const message =
      cursor.peek() === '\t'
        ? `A tab follows the ${style} of a block`
        : `Text follows ${style}, which begins a block of lines`;
    throw new YamlFailure(where, message, hint);
  }
  cursor.lineBreak();
  return { chomping: before || after, indent: digit === '' ? undefined : Number(digit) };
}

/** @param parent indentation of the collection around it, -1 at the top level */
export function blockScalar(cursor: Cursor, parent: number): ScannedScalar {
  const isFolded = cursor.peek() === '>';
  const { chomping, indent: given } = blockHeader(cursor);
  const least = Math.max(parent + 1, 1);
  const first = cursor.at;
  const lead = given === undefined ? deepestLead(cursor) : undefined;
  const indent = given === undefined ? Math.max(least, lead!.deepest) : least + given - 1;
  let breaks = lead?.breaks ?? emptyBlockLines(cursor, indent);
  let text = '';
  let last = '';
  let end = cursor.at;
  while (cursor.column === indent && cursor.peek() !== END) {
    text += breaks;
    const isText = !' \t'.includes(cursor.peek());
    text += cursor.takeWhile((character) => !isBreak(character));
    end = cursor.at;
    last = cursor.lineBreak();
    breaks = emptyBlockLines(cursor, indent);
    if (cursor.column !== indent || cursor.peek() === END) break;
    const joins = isFolded && last === '\n' && isText && !' \t'.includes(cursor.peek());
    if (!joins) text += last;
    else if (breaks === '') text += ' ';
  }
  if (chomping !== '-') text += last;
  if (chomping === '+') text += breaks;
  const style = isFolded ? 'folded' : 'literal';
  return { style, text, end, ...(isFolded ? {} : { block: { start: first, indent } }) };
}

/** Without a number the deepest of the blank lines and the first line of text decides. */
function deepestLead(cursor: Cursor): { readonly breaks: string; readonly deepest: number } {
  let breaks = '';
  let deepest = 0;
  for (;;) {
    cursor.skipBlanks();
    deepest = Math.max(deepest, cursor.column);
    const next = cursor.lineBreak();
    if (next === '') return { breaks, deepest };
    breaks += next;
  }
}

function emptyBlockLines(cursor: Cursor, indent: number): string {
  let breaks = '';
  for (;;) {
    while (cursor.column < indent && cursor.peek() === ' ') cursor.skip();
    const next = cursor.lineBreak();
    if (next === '') return breaks;
    breaks += next;
  }
}
