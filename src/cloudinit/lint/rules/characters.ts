/** Bytes and characters, independent of the document's meaning. */

import type { UserDataDocument } from '../../read/user-data';
import { type Node, walk } from '../../read/yaml-node';
import { error, type Finding, info, warning } from '../finding';

/** Characters that PyYAML's reader refuses (yaml/reader.py, NON_PRINTABLE). */
const REFUSED = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** Line ends of YAML 1.1 that YAML 1.2 and editors treat as ordinary characters. */
const OTHER_LINE_ENDS = /[\x85\u2028\u2029]/;
/** cloud-init searches for it in the first bytes of the lower-cased document (user_data.py, convert_string). */
const MIME_WINDOW = 4096;

export function* textRules({ input, source, yaml, root }: UserDataDocument): Generator<Finding> {
  const { text } = source;
  const nonAscii = /[^\0-\x7f]/u.exec(text.slice(input.hasByteOrderMark ? 1 : 0));
  const offset = nonAscii ? nonAscii.index + (input.hasByteOrderMark ? 1 : 0) : -1;
  if (nonAscii && input.problem?.code !== 'not-utf8') {
    const count = [...text].filter((character) => character > '\x7f').length;
    const message = `${count} character${count === 1 ? ' is' : 's are'} not ASCII; the first is ${codePoint(nonAscii[0])}.`;
    yield info('non-ascii', { path: '', start: offset }, message);
  }
  yield* mimeTrap(text, input.kind === 'mime', offset);
  if (!yaml) return;

  const refused = REFUSED.exec(text);
  if (refused) {
    const message = `cloud-init's YAML reader refuses the character ${codePoint(refused[0])} anywhere, comments included.`;
    yield error('yaml-character', { path: '', start: refused.index }, message, {
      hint: 'Encode the file as b64.',
    });
  }
  const lineEnd = OTHER_LINE_ENDS.exec(text);
  if (lineEnd) {
    const message = `${codePoint(lineEnd[0])} is a line end to cloud-init's YAML reader.`;
    yield error('yaml-line-end', { path: '', start: lineEnd.index }, message, {
      hint: 'Write it as an escape in "".',
    });
  }
  if (root && text.includes('\t')) yield* tabs(text, scalarSpans(root));
}

function* mimeTrap(text: string, isMime: boolean, nonAscii: number): Generator<Finding> {
  if (isMime) return;
  const head = new TextDecoder().decode(
    new TextEncoder().encode(text.slice(0, MIME_WINDOW)).subarray(0, MIME_WINDOW),
  );
  const start = head.toLowerCase().indexOf('mime-version:');
  if (start < 0) return;
  const hint = 'Encode the file that holds it (b64), or move it beyond the first 4096 bytes.';
  const message =
    '"MIME-Version:" in the first 4096 bytes makes cloud-init read the document as a MIME message';
  if (nonAscii < 0) yield warning('mime-trap', { path: '', start }, `${message}.`, { hint });
  else
    yield error('mime-trap', { path: '', start }, `${message}; characters that are not ASCII break it.`, {
      hint,
    });
}

/** Tabs that are not data: PyYAML's scanner accepts only spaces between tokens and inside unquoted text. */
function* tabs(text: string, data: readonly { from: number; to: number }[]): Generator<Finding> {
  const isData = (at: number) => {
    let low = 0;
    let high = data.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data[middle]!.to <= at) low = middle + 1;
      else high = middle;
    }
    return low < data.length && data[low]!.from <= at;
  };
  for (const { 0: before, index } of text.matchAll(/^[^\t\n]*\t/gm)) {
    const start = index + before.length - 1;
    const isComment = [...before.matchAll(/(?:^|\s)#/g)].some(
      (mark) => !isData(index + mark.index + mark[0].length - 1),
    );
    if (isComment || isData(start)) continue;
    const isIndentation = before.trim() === '';
    const message = `A tab ${isIndentation ? 'in the indentation' : 'outside of quotes'}; cloud-init refuses the document.`;
    yield error('yaml-tab', { path: '', start }, message, { hint: 'Write blanks.' });
  }
}

/** Text in quotes and blocks, from the first character to the last, in the order of the document. */
function scalarSpans(root: Node): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const { node } of walk(root)) {
    if (node.kind === 'scalar' && node.style !== 'plain') spans.push({ from: node.start, to: node.end });
  }
  return spans.sort((a, b) => a.from - b.from);
}

function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
