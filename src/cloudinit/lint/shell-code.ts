/**
 * A shell script with everything that is not code blanked out, every character at its place: comments, quoted
 * text and here-documents. A rule can then search for words, and data does not mislead it.
 */
export interface BlankOptions {
  /** Keep text in double quotes: the shell expands it. */
  readonly keepDoubleQuoted?: boolean;
  /** Called with every quoted text: the offsets of its marks; without a closing one, `end` is the length. */
  readonly onQuote?: (start: number, end: number) => void;
  /** Called with every << whose here-document has no last line. */
  readonly onOpenDocument?: (start: number, word: string) => void;
}

export function shellCode(
  script: string,
  { keepDoubleQuoted = false, onQuote, onOpenDocument }: BlankOptions = {},
): string {
  const out = script.split('');
  const blank = (from: number, to: number) => {
    for (let index = from; index < to && index < out.length; index++)
      if (out[index] !== '\n') out[index] = ' ';
  };
  let lines: Lines | undefined;
  const pending: HereDocument[] = [];
  let at = 0;
  while (at < script.length) {
    const character = script[at]!;
    if (character === '\\') {
      at += 2;
    } else if (character === "'") {
      const end = closing(script, at + 1, "'");
      blank(at + 1, end);
      onQuote?.(at, end);
      at = end + 1;
    } else if (character === '"') {
      const end = closingDouble(script, at + 1);
      if (!keepDoubleQuoted) blank(at + 1, end);
      onQuote?.(at, end);
      at = end + 1;
    } else if (character === '#' && (at === 0 || /[\s;&|(]/.test(script[at - 1]!))) {
      const end = closing(script, at, '\n');
      blank(at, end);
      at = end;
    } else if (character === '<' && script.startsWith('<<', at) && script[at + 2] !== '<') {
      const found = /^<<(-?)[ \t]*(?:(['"])([^\n]*?)\2|\\?([A-Za-z_]\w*))/.exec(script.slice(at, at + 200));
      if (found) pending.push({ start: at, word: found[3] ?? found[4] ?? '', stripTabs: found[1] === '-' });
      at += found?.[0].length ?? 2;
    } else if (character === '\n' && pending.length > 0) {
      lines ??= new Lines(script);
      at = skipHereDocuments(lines, at + 1, pending.splice(0), blank, onOpenDocument);
    } else {
      at += script.startsWith('<<<', at) ? 3 : 1;
    }
  }
  return out.join('');
}

function closing(script: string, from: number, mark: string): number {
  const end = script.indexOf(mark, from);
  return end < 0 ? script.length : end;
}

function closingDouble(script: string, from: number): number {
  let at = from;
  while (at < script.length && script[at] !== '"') at += script[at] === '\\' ? 2 : 1;
  return Math.min(at, script.length);
}

/** Line numbers by the text of the line: a script may start as many here-documents as it has lines. */
class Lines {
  private readonly exact = new Map<string, Line[]>();
  private readonly withoutTabs = new Map<string, Line[]>();

  constructor(script: string) {
    for (const { 0: text, index } of script.matchAll(/^.*$/gm)) {
      const line = { start: index, end: index + text.length };
      add(this.exact, text, line);
      add(this.withoutTabs, text.replace(/^\t+/, ''), line);
    }
  }

  /** @returns the first line of this text that starts at `from` or later */
  find(text: string, stripTabs: boolean, from: number): Line | undefined {
    const lines = (stripTabs ? this.withoutTabs : this.exact).get(text) ?? [];
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lines[middle]!.start < from) low = middle + 1;
      else high = middle;
    }
    return lines[low];
  }
}

interface HereDocument {
  readonly start: number;
  readonly word: string;
  readonly stripTabs: boolean;
}

interface Line {
  readonly start: number;
  readonly end: number;
}

function add(lines: Map<string, Line[]>, text: string, line: Line): void {
  const same = lines.get(text);
  if (same) same.push(line);
  else lines.set(text, [line]);
}

/** @returns where the code continues. A word without its closing line does not start a here-document (`1 << n`). */
function skipHereDocuments(
  lines: Lines,
  from: number,
  pending: readonly HereDocument[],
  blank: (from: number, to: number) => void,
  onOpen: BlankOptions['onOpenDocument'],
): number {
  let at = from;
  for (const { start, word, stripTabs } of pending) {
    const closing = lines.find(word, stripTabs, at);
    if (!closing) {
      onOpen?.(start, word);
      continue;
    }
    blank(at, closing.end);
    at = closing.end;
  }
  return at;
}

/**
 * The line (from 1) of the quote that a script never closes. A quote closes at the next one, which may be lines below
 * and meant to open a text: a text over several lines that ends right before a word is suspected first.
 */
export function openQuoteLine(script: string): number | undefined {
  let suspect: number | undefined;
  let open: number | undefined;
  shellCode(script, {
    onQuote: (start, end) => {
      if (end >= script.length) open = start;
      else if (/[\s=]/.test(script[end - 1] ?? '') && /[\w$/]/.test(script[end + 1] ?? ''))
        if (script.slice(start, end).includes('\n')) suspect ??= start;
    },
  });
  return open === undefined ? undefined : script.slice(0, suspect ?? open).split('\n').length;
}
