/** Anchors, aliases, tags and directives, as PyYAML reads them. */
import { type Cursor, isBreakOrEnd, isSpaceOrEnd, isWord, YamlFailure } from './cursor';
import type { Token } from './token';

/** `&name` and `*name`. */
export function anchorOrAlias(cursor: Cursor): Token {
  const start = cursor.at;
  const sign = cursor.peek();
  const what = sign === '*' ? 'alias' : 'anchor';
  cursor.skip();
  const name = cursor.takeWhile(isWord);
  const next = cursor.peek();
  if (name === '' || !(isSpaceOrEnd(next) || '?:,]}%@`'.includes(next))) {
    const hint = `If ${sign} belongs to the value, put the value in quotes: '${sign}...'. Else use letters, digits, _ and - alone.`;
    const message = `${sign} begins an ${what} in YAML, and this is not a name for one`;
    throw new YamlFailure(start, message, hint, { code: 'yaml-anchor' });
  }
  return { mark: what, start, end: cursor.at, name };
}

/** `!name`, `!!name`, `!handle!name`, `!<uri>` and `!`. */
export function tag(cursor: Cursor): Token {
  const start = cursor.at;
  const next = cursor.peek(1);
  if (next === '<') {
    cursor.skip(2);
    const name = uri(cursor, start);
    if (cursor.peek() !== '>') throw failure(start);
    cursor.skip();
    return endOfTag(cursor, { mark: 'tag', start, end: cursor.at, name });
  }
  if (isSpaceOrEnd(next)) {
    cursor.skip();
    return endOfTag(cursor, { mark: 'tag', start, end: cursor.at, name: '!' });
  }
  let length = 1;
  while (!(cursor.peek(length) === ' ' || isBreakOrEnd(cursor.peek(length)) || cursor.peek(length) === '!'))
    length++;
  const handle = cursor.peek(length) === '!' ? tagHandle(cursor, start) : cursor.take(1);
  const name = uri(cursor, start);
  return endOfTag(cursor, { mark: 'tag', start, end: cursor.at, handle, name });
}

function endOfTag(cursor: Cursor, token: Token): Token {
  if (cursor.peek() !== ' ' && !isBreakOrEnd(cursor.peek())) throw failure(token.start);
  return token;
}

function failure(start: number): YamlFailure {
  const hint = "If ! belongs to the value, put the value in quotes: '!...'.";
  return new YamlFailure(start, '! begins a tag in YAML, and this is not a tag', hint);
}

/** `!`, `!!` or `!name!`. */
function tagHandle(cursor: Cursor, start: number): string {
  if (cursor.peek() !== '!') throw failure(start);
  let length = 1;
  if (cursor.peek(1) !== ' ') {
    while (isWord(cursor.peek(length))) length++;
    if (cursor.peek(length) !== '!') throw failure(start);
    length++;
  }
  return cursor.take(length);
}

const URI = /^[0-9A-Za-z\-;/?:@&=+$,_.!~*'()[\]]$/;

function uri(cursor: Cursor, start: number): string {
  let found = '';
  for (;;) {
    found += cursor.takeWhile((character) => URI.test(character));
    if (cursor.peek() !== '%') break;
    found += escapes(cursor, start);
  }
  if (found === '') throw failure(start);
  return found;
}

function escapes(cursor: Cursor, start: number): string {
  const bytes: number[] = [];
  while (cursor.peek() === '%') {
    const code = cursor.text.slice(cursor.at + 1, cursor.at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(code)) throw failure(start);
    bytes.push(Number.parseInt(code, 16));
    cursor.skip(3);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    throw failure(start);
  }
}

/** `%YAML 1.1`, `%TAG ! prefix`, or another one, which is skipped. */
export function directive(cursor: Cursor): Token {
  const start = cursor.at;
  const wrong = () => {
    const hint = 'If the line is text, indent it, or put it in quotes.';
    return new YamlFailure(
      start,
      'A line that begins with % is a directive in YAML, and this is not one',
      hint,
    );
  };
  cursor.skip();
  const name = cursor.takeWhile(isWord);
  if (name === '' || (cursor.peek() !== ' ' && !isBreakOrEnd(cursor.peek()))) throw wrong();
  const words: string[] = [];
  if (name === 'YAML') {
    cursor.skipBlanks();
    const version = cursor.takeWhile((character) => /^[0-9.]$/.test(character));
    if (!/^\d+\.\d+$/.test(version)) throw wrong();
    if (cursor.peek() !== ' ' && !isBreakOrEnd(cursor.peek())) throw wrong();
    words.push(version);
  } else if (name === 'TAG') {
    cursor.skipBlanks();
    words.push(tagHandle(cursor, start));
    if (cursor.peek() !== ' ') throw wrong();
    cursor.skipBlanks();
    words.push(uri(cursor, start));
    if (cursor.peek() !== ' ' && !isBreakOrEnd(cursor.peek())) throw wrong();
  } else {
    cursor.takeWhile((character) => !isBreakOrEnd(character));
  }
  const end = cursor.at;
  cursor.skipComment();
  if (!isBreakOrEnd(cursor.peek())) throw wrong();
  cursor.lineBreak();
  return { mark: 'directive', start, end, name, words };
}
