/**
 * A shell script with everything that is not code blanked out, every character at its place: comments, quoted
 * text and here-documents. With it, a rule may look for words without being misled by data.
 */
export interface BlankOptions {
  /** Keep what stands in double quotes: expansions are made there. */
  readonly keepDoubleQuoted?: boolean;
}

export function shellCode(script: string, { keepDoubleQuoted = false }: BlankOptions = {}): string {
  const out = script.split('');
  const blank = (from: number, to: number) => {
    for (let index = from; index < to && index < out.length; index++)
      if (out[index] !== '\n') out[index] = ' ';
  };
  const pending: { readonly word: string; readonly stripTabs: boolean }[] = [];
  let at = 0;
  while (at < script.length) {
    const character = script[at]!;
    if (character === '\\') {
      at += 2;
    } else if (character === "'") {
      const end = closing(script, at + 1, "'");
      blank(at + 1, end);
      at = end + 1;
    } else if (character === '"') {
      const end = closingDouble(script, at + 1);
      if (!keepDoubleQuoted) blank(at + 1, end);
      at = end + 1;
    } else if (character === '#' && (at === 0 || /[\s;&|(]/.test(script[at - 1]!))) {
      const end = closing(script, at, '\n');
      blank(at, end);
      at = end;
    } else if (character === '<' && script.startsWith('<<', at) && script[at + 2] !== '<') {
      const found = /^<<(-?)[ \t]*(?:(['"])([^\n]*?)\2|\\?([A-Za-z_]\w*))/.exec(script.slice(at, at + 200));
      if (found) pending.push({ word: found[3] ?? found[4] ?? '', stripTabs: found[1] === '-' });
      at += found?.[0].length ?? 2;
    } else if (character === '\n' && pending.length > 0) {
      at = skipHereDocuments(script, at + 1, pending.splice(0), blank);
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

/** @returns where the code goes on. A word without its closing line is no here-document (`1 << n`). */
function skipHereDocuments(
  script: string,
  from: number,
  pending: readonly { readonly word: string; readonly stripTabs: boolean }[],
  blank: (from: number, to: number) => void,
): number {
  let at = from;
  for (const { word, stripTabs } of pending) {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const end = new RegExp(`^${stripTabs ? '\\t*' : ''}${escaped}$`, 'm');
    const found = end.exec(script.slice(at));
    if (!found) continue;
    const stop = at + found.index + found[0].length;
    blank(at, stop);
    at = stop;
  }
  return at;
}
