/**
 * A Jinja template as cloud-init would render it, as far as that is known without the server: an expression becomes a
 * stand-in word, of a condition the first branch is taken, and a loop runs once.
 */
import { Pieces, type Placed } from '../placement';

export interface Rendered {
  readonly placed: Placed;
  /** Why Jinja refuses the template; cloud-init then ignores it. */
  readonly problem?: { readonly start: number; readonly message: string; readonly hint: string };
  /** Offsets in the document of the expressions that were replaced. */
  readonly expressions: readonly number[];
}

/** What stands for a value that only the server knows. */
export const STAND_IN = 'rendered';

const TAG = /\{\{([-+]?)|\{%([-+]?)|\{#([-+]?)/g;
const CLOSE = { '{{': '}}', '{%': '%}', '{#': '#}' } as const;
const BRANCHES = ['if', 'for', 'filter', 'macro', 'call', 'block', 'with', 'autoescape', 'set', 'raw'];

interface Open {
  readonly word: string;
  readonly start: number;
  /** Whether this branch of it is taken. */
  isTaken: boolean;
}

/** @param template without the line `## template: jinja` */
export function renderJinja(template: Placed): Rendered {
  const { text, placement } = template;
  const pieces = new Pieces();
  const expressions: number[] = [];
  const open: Open[] = [];
  let untaken = 0;
  const isTaken = () => untaken === 0;
  const fail = (at: number, message: string, hint: string): Rendered => ({
    placed: pieces.joined(placement),
    problem: { start: placement.at(at), message, hint },
    expressions,
  });
  let at = 0;
  let trims = false;
  const copy = (to: number, trimsEnd: boolean) => {
    let piece = text.slice(at, to);
    const lead = trims ? piece.length - piece.trimStart().length : 0;
    piece = piece.slice(lead);
    if (trimsEnd) piece = piece.trimEnd();
    if (isTaken()) pieces.add(piece, at + lead);
  };
  TAG.lastIndex = 0;
  for (;;) {
    TAG.lastIndex = at;
    const found = TAG.exec(text);
    if (!found) break;
    const mark = found[0].slice(0, 2) as keyof typeof CLOSE;
    const end = text.indexOf(CLOSE[mark], found.index + found[0].length);
    if (end < 0)
      return fail(found.index, `The ${mark} that begins here is never closed`, `Write ${CLOSE[mark]}.`);
    copy(found.index, found[0].endsWith('-'));
    const inner = text.slice(found.index + found[0].length, end);
    trims = inner.endsWith('-');
    at = end + 2;
    if (mark === '{{') {
      if (!isTaken()) continue;
      expressions.push(placement.at(found.index));
      pieces.add(STAND_IN, found.index);
      continue;
    }
    // trim_blocks: the line break after a block or a comment is dropped.
    if (!trims && /^\r?\n/.test(text.slice(at, at + 2))) at += text[at] === '\r' ? 2 : 1;
    if (mark === '{#') continue;
    const word = /^\s*(\w+)/.exec(inner)?.[1] ?? '';
    if (word === 'raw') {
      const close = /\{%-?\s*endraw\s*-?%\}/g;
      close.lastIndex = at;
      const finish = close.exec(text);
      if (!finish)
        return fail(found.index, 'The {% raw %} that begins here is never closed', 'Write {% endraw %}.');
      copy(finish.index, false);
      at = finish.index + finish[0].length;
      continue;
    }
    const last = open.at(-1);
    if (word === 'elif' || word === 'else') {
      if (!last)
        return fail(
          found.index,
          `{% ${word} %} stands outside of {% if %}`,
          'Write {% if CONDITION %} above.',
        );
      if (last.isTaken) untaken++;
      last.isTaken = false;
    } else if (word.startsWith('end')) {
      if (last?.word !== word.slice(3))
        return fail(found.index, `{% ${word} %} closes nothing here`, 'Remove it.');
      open.pop();
      if (!last.isTaken) untaken--;
    } else if (BRANCHES.includes(word) && !(word === 'set' && inner.includes('='))) {
      const isRead = word !== 'macro' && word !== 'set';
      if (!isRead) untaken++;
      open.push({ word, start: found.index, isTaken: isRead });
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) {
    const { word, start } = unclosed;
    return fail(start, `The {% ${word} %} that begins here is never closed`, `Write {% end${word} %}.`);
  }
  copy(text.length, false);
  return { placed: pieces.joined(placement), expressions };
}
