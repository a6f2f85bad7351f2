/** Bytes and characters, independent of the document's meaning. */

import type { UserDataDocument } from '../../read/user-data';
import { error, type Finding, info, warning } from '../finding';

/** Line ends of YAML 1.1 that YAML 1.2 and editors treat as ordinary characters. */
const OTHER_LINE_ENDS = /[\x85\u2028\u2029]/;
/** cloud-init searches for it in the first bytes of the lower-cased document (user_data.py, convert_string). */
const MIME_WINDOW = 4096;

export function* textRules({ input, source, yaml }: UserDataDocument): Generator<Finding> {
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

  const lineEnd = OTHER_LINE_ENDS.exec(text);
  if (lineEnd) {
    const message = `${codePoint(lineEnd[0])} is a line end to cloud-init's YAML reader.`;
    yield error('yaml-line-end', { path: '', start: lineEnd.index }, message, {
      hint: 'Write it as an escape in "".',
    });
  }
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

function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
