/** A document with line numbers; long blocks and long lines are folded. */
import { byId, el } from './dom';

/** A block of more lines is folded. */
const MAX_BLOCK = 12;
/** A longer line is folded. */
const MAX_LINE = 400;
/** More lines are not shown: the browser would take too long. */
const MAX_LINES = 20_000;

/** @param prefix of the lines' ids, different for each document of the page */
export function documentView(text: string, prefix: string, label: string): HTMLElement {
  const lines = text
    .replace(/\n$/, '')
    .split(/\r\n|\r|\n/)
    .slice(0, MAX_LINES);
  const parts: HTMLElement[] = [];
  for (let index = 0; index < lines.length; ) {
    const end = endOfBlock(lines, index);
    if (end - index > MAX_BLOCK) {
      const rows = lines.slice(index, end).map((line, offset) => row(line, index + offset + 1, prefix));
      parts.push(el('details', {}, el('summary', {}, `lines ${index + 1} to ${end}`), ...rows));
      index = end;
    } else {
      parts.push(row(lines[index] ?? '', index + 1, prefix));
      index++;
    }
  }
  return el('div', { class: 'document', tabindex: '0', role: 'region', 'aria-label': label }, ...parts);
}

/** The end of the block that begins behind the line before: all lines that are deeper than it, if it opens a text block. */
function endOfBlock(lines: readonly string[], index: number): number {
  const above = lines[index - 1];
  if (above === undefined || !/[:-]\s+[|>][-+0-9]*\s*$/.test(above)) return index;
  const depth = above.search(/[^\s-]/);
  let end = index;
  while (end < lines.length && (lines[end]?.trim() === '' || (lines[end]?.search(/\S/) ?? 0) >= depth + 1))
    end++;
  return end;
}

function row(line: string, number: number, prefix: string): HTMLElement {
  const text =
    line.length <= MAX_LINE
      ? el('code', {}, line)
      : el(
          'details',
          {},
          el('summary', {}, `${line.slice(0, 60)}… (${line.length} characters)`),
          el('code', {}, line),
        );
  return el(
    'div',
    { class: 'line', id: `${prefix}${number}` },
    el('span', { 'aria-hidden': 'true' }, String(number)),
    text,
  );
}

/** Shows a line: opens what folds it, scrolls to it, marks it. */
export function showLine(prefix: string, number: number): void {
  for (const old of document.querySelectorAll('.line.marked')) old.classList.remove('marked');
  const line = byId(`${prefix}${number}`);
  for (let fold = line.closest('details'); fold; fold = fold.parentElement?.closest('details') ?? null)
    fold.open = true;
  line.classList.add('marked');
  line.scrollIntoView({ block: 'center' });
  line.setAttribute('tabindex', '-1');
  line.focus({ preventScroll: true });
}
