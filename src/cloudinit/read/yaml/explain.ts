/** What a mistake of the scanner and the parser means, and what to type instead. No message repeats a value. */
import { YamlFailure } from './cursor';
import type { Mark, Token } from './token';

interface KeyPlace {
  readonly at: number;
  readonly column: number;
}

/** A character that begins no token. */
export function explainCharacter(text: string, at: number): YamlFailure {
  const character = text.slice(at, at + 1);
  if (character === '\t') {
    const isIndentation = lineBefore(text, at).trim() === '';
    const message = `A tab stands ${isIndentation ? 'in the indentation' : 'outside of quotes'}`;
    return new YamlFailure(at, message, 'Write blanks instead of the tab.', { code: 'yaml-tab' });
  }
  const placeholder = placeholderHint(text, at);
  if (placeholder) return new YamlFailure(at, `${character} cannot begin a value or key`, placeholder);
  const name = { '`': 'A backtick', '@': 'The character @', '%': 'The character %' }[character];
  const hint = `Put the whole value in quotes: '${character}...'.`;
  return new YamlFailure(at, `${name ?? `The character ${character}`} cannot begin unquoted text`, hint);
}

/** A colon where no key can be. */
export function explainColon(text: string, at: number, last: Token | undefined): YamlFailure {
  const shown = last?.scalar ? text.slice(last.start, last.end) : '';
  const isOneLine = last?.scalar?.style === 'plain' && !/[\r\n]/.test(shown);
  const placeholder = placeholderHint(text, at);
  if (last?.scalar?.style === 'plain' && !isOneLine) {
    if (/<<-?\s*["']?\w/.test(shown)) {
      const message = 'A here-document is written as unquoted text, of which the colon here makes a key';
      const hint =
        'Write the command as a block: `- |` in one line, and the command and its lines below, indented.';
      return new YamlFailure(at, message, hint);
    }
    const start = at - lineBefore(text, at).trimStart().length;
    const lead = lineBefore(text, last.start);
    if (lead.trim() === '' && lineBefore(text, start).length <= lead.length) {
      const word = /^[a-z][a-z0-9_-]{1,40}(?=\s*[\r\n])/.exec(shown)?.[0];
      const hint = `Write ${word ? `\`${word}:\`` : 'a colon after the key'}.`;
      return new YamlFailure(
        last.start,
        'A colon is missing after the key: the lines from here on are text',
        hint,
      );
    }
    const message = 'This key is indented deeper than the value above it, which it would continue';
    return new YamlFailure(start, message, 'Indent the key like the key above it.');
  }
  if (last?.scalar?.style === 'literal' || last?.scalar?.style === 'folded') {
    const hint = 'Indent it like the lines of the block above, or like the key of the block.';
    return new YamlFailure(at, 'A key cannot stand here', hint);
  }
  if (last && isOneLine && at - last.start > 1024) {
    const hint = 'Write `? ` before the key, and `: ` with the value in the next line.';
    return new YamlFailure(last.start, 'The key is longer than 1024 characters', hint);
  }
  const value = text.slice(last?.start ?? at).split(/[\r\n]/, 1)[0] ?? '';
  const quote = value.includes("'") ? '"' : "'";
  const isHard = value.includes("'") && /["\\]/.test(value);
  const hint = isHard
    ? 'Write the value as a block: `|` in place of the value, and the value in the next line, indented.'
    : `Put the whole value in quotes: ${quote}...${quote}.`;
  return new YamlFailure(
    at,
    'A colon followed by a blank makes a key, and none can stand here',
    placeholder ?? hint,
  );
}

/** Text in the column of the keys, without a colon. */
export function explainMissingColon(text: string, key: KeyPlace, last: Token | undefined): YamlFailure {
  const line = text.slice(key.at).split(/[\r\n\x85\u2028\u2029]/, 1)[0] ?? '';
  if (line.length > 1024 && /:(?:\s|$)/.test(line)) {
    const hint = 'Write `? ` before the key, and `: ` with the value in the next line.';
    return new YamlFailure(key.at, 'The key is longer than 1024 characters', hint);
  }
  const word = /^[a-z][a-z0-9_-]{1,40}$/.exec(line.trim())?.[0];
  const above = text.slice(0, key.at).trimEnd();
  const isBelowBlock = /[|>][-+0-9]*$/.test(above) || last?.scalar?.style === 'literal';
  const colon = /^["']?[\w.-]+["']?:\S/.test(line) ? 'Write a blank after the colon.' : undefined;
  const hint =
    colon ??
    (word ? `Write \`${word}:\` if it is a key.` : undefined) ??
    (isBelowBlock
      ? 'If the line belongs to the block above, indent it like the first line of the block.'
      : 'Write a colon after the key. If the line continues the value above, indent it.');
  return new YamlFailure(key.at, 'This line stands where a key is expected, and has no colon', hint);
}

const WORDS: Partial<Record<Mark, string>> = {
  'stream-end': 'the end of the document',
  'block-end': 'the end of a block',
  'block-sequence': 'a list',
  'block-mapping': 'a key',
  scalar: 'text',
  '-': 'a list item (-)',
  '?': 'a key',
  anchor: 'an anchor (&)',
  alias: 'an alias (*)',
  tag: 'a tag (!)',
  directive: 'a directive (%)',
};

function word({ mark }: Token): string {
  return WORDS[mark] ?? mark;
}

/** Another token than a key or item of the block. @param before the token before it */
export function explainBlock(text: string, found: Token, before: Token | undefined): YamlFailure {
  const { mark, start } = found;
  const placeholder = placeholderHint(text, start);
  if (mark === ']' || mark === '}') {
    const hint = placeholder ?? 'Remove it, or put the value in quotes.';
    return new YamlFailure(start, `${mark} closes a bracket that is not open`, hint);
  }
  if (mark === ':') {
    return new YamlFailure(start, 'The key before this colon is missing', placeholder ?? 'Write a key.', {
      code: 'yaml-key',
    });
  }
  const isSameLine = before !== undefined && !/[\r\n]/.test(text.slice(before.end, start));
  const style = before?.scalar?.style;
  if ((style === 'literal' || style === 'folded') && before?.scalar?.text.trim() === '') {
    const hint = 'Remove the blanks from the empty line at the beginning of the block.';
    return new YamlFailure(
      start,
      'The first line of the block, which is empty, is indented deeper than this line',
      hint,
    );
  }
  if (isSameLine && (style === 'single' || style === 'double')) {
    const hint = 'Put the whole value in one pair of quotes, or write it as a block after `|`.';
    return new YamlFailure(start, 'Text follows a closing quote', placeholder ?? hint);
  }
  if (isSameLine && (before.mark === ']' || before.mark === '}')) {
    const hint = "Put the whole value in quotes: '...'.";
    return new YamlFailure(start, `Text follows the closing ${before.mark}`, placeholder ?? hint);
  }
  const hint = 'Indent the line like the other lines of the same list or mapping.';
  return new YamlFailure(
    start,
    `The line is indented unlike those above: ${word(found)} cannot stand here`,
    placeholder ?? hint,
  );
}

/** Inside `[ ]` or `{ }`. @param opened the bracket */
export function explainFlow(text: string, found: Token, opened: Token): YamlFailure {
  const close = opened.mark === '[' ? ']' : '}';
  const placeholder = placeholderHint(text, opened.start);
  const between = text.slice(opened.end, found.start);
  if (found.mark === ':' && !placeholder && /[\r\n][ ]*[\w-]+$/.test(between)) {
    const message = `The bracket ${opened.mark} that begins here is not closed before the next key`;
    return new YamlFailure(opened.start, message, `Write ${close} at the end of the value.`);
  }
  if (found.mark === '?' || found.mark === ':') {
    const message = `Inside [ ] and { } unquoted text ends at ${found.mark}`;
    return new YamlFailure(found.start, message, placeholder ?? 'Put the text in quotes.', {
      code: 'yaml-flow',
    });
  }
  if (found.mark === 'stream-end' || found.mark === '---' || found.mark === '...') {
    const hint =
      placeholder ?? `Write ${close} at the end. If ${opened.mark} begins text, put the text in quotes.`;
    return new YamlFailure(opened.start, `The bracket ${opened.mark} that begins here is never closed`, hint);
  }
  const hint =
    placeholder ??
    `Write a comma between the values, or put text that contains brackets or commas in quotes.`;
  return new YamlFailure(
    found.start,
    `Inside ${opened.mark} ${close} a comma or ${close} is expected, not ${word(found)}`,
    hint,
  );
}

/** A token that begins no value. */
export function explainNoValue(text: string, found: Token, isFlow: boolean): YamlFailure {
  const { mark, start } = found;
  const placeholder = placeholderHint(text, start);
  if (isFlow && (mark === '?' || mark === ':')) {
    const message = `Inside [ ] and { } unquoted text cannot begin with ${mark}`;
    return new YamlFailure(start, message, placeholder ?? 'Put the text in quotes.', { code: 'yaml-flow' });
  }
  const hint = placeholder ?? 'Put the value in quotes.';
  return new YamlFailure(start, `A value is expected here, not ${word(found)}`, hint);
}

/** Leftovers of a template in the line. */
function placeholderHint(text: string, at: number): string | undefined {
  const end = text.slice(at).search(/[\r\n]/);
  const line = lineBefore(text, at) + (end < 0 ? text.slice(at) : text.slice(at, at + end));
  if (/\{\{/.test(line)) return 'If {{ }} is a placeholder, put the whole value in quotes: "{{ name }}".';
  if (/[%{]\{|\{%|%\}/.test(line))
    return 'This looks like a template: render it first, and check the result.';
  if (/\$\{/.test(line)) return 'Put the value that contains $ and braces in single quotes.';
  return undefined;
}

function lineBefore(text: string, at: number): string {
  let start = at;
  while (start > 0 && !/[\r\n]/.test(text[start - 1]!)) start--;
  return text.slice(start, at);
}
