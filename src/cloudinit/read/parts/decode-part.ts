/** The payload of a MIME part: transfer encoding and gzip undone, as Python's email package does for cloud-init. */
import { decodeBase64, gunzip, utf8 } from '../decode';
import { AS_IT_IS, atOnePlace, Pieces, type Placed, sliced } from '../placement';
import type { Message } from './message';
import type { Note } from './part';

const GZIP =
  /^application\/(?:gzip|gzip-compressed|gzipped|x-compress|x-compressed|x-gunzip|x-gzip|x-gzip-compressed)$/;

/** Of one part unpacked: far more than any provider passes on. */
const LARGEST = 16 * 1024 * 1024;

export interface Payload {
  readonly placed: Placed;
  readonly isGzip: boolean;
  readonly notes: readonly Note[];
  /** Set when cloud-init gets nothing from the part. */
  readonly isLost: boolean;
}

export function payloadOf(document: string, { headers, body, type }: Message): Payload {
  const encoding = (headers.get('content-transfer-encoding') ?? '').toLowerCase();
  const raw = sliced({ text: document, placement: AS_IT_IS }, body.start, body.end);
  const isGzip = GZIP.test(type);
  const notes: Note[] = [];
  const note = (message: string, hint: string) =>
    notes.push({ severity: 'error', code: 'part-decode', path: '', start: body.start, message, hint });
  if (encoding === 'base64') {
    const first = decodeBase64(raw.text);
    // Python adds the padding that is missing.
    const decoded = first.bytes ? first : { ...decodeBase64(`${raw.text}==`), problem: first.problem };
    const problem = decoded.problem;
    if (problem)
      note(
        `The base64 of the part does not decode as it should: ${problem}.`,
        'Write it with `base64 FILE`.',
      );
    // What does not decode at all stays as it is, in one line.
    const bytes = decoded.bytes ?? new TextEncoder().encode(raw.text.replace(/[\r\n]/g, ''));
    return unzipped(bytes, isGzip, body.start, notes);
  }
  if (encoding === 'quoted-printable') return { placed: unquoted(raw), isGzip, notes, isLost: false };
  if (/^(?:base64|quoted-printable)$/.test(encoding.trim())) {
    note(
      'White space in the header Content-Transfer-Encoding hides its value from cloud-init.',
      'Remove the blanks.',
    );
  }
  if (isGzip) return unzipped(new TextEncoder().encode(raw.text), isGzip, body.start, notes);
  const foreign = /[^\0-\x7f]/u.exec(raw.text);
  if (foreign) {
    const message =
      'The part has characters that are not ASCII and no transfer encoding; cloud-init garbles them.';
    const hint = 'Encode the part: Content-Transfer-Encoding: base64.';
    notes.push({
      severity: 'error',
      code: 'mime-non-ascii',
      path: '',
      start: body.start + foreign.index,
      message,
      hint,
    });
  }
  return { placed: raw, isGzip, notes, isLost: false };
}

function unzipped(bytes: Uint8Array, isGzip: boolean, start: number, notes: Note[]): Payload {
  const expanded = isGzip ? gunzip(bytes, LARGEST) : { bytes };
  if (!expanded.bytes) {
    const message = `The gzip of the part does not unpack (${expanded.problem}); cloud-init stops at it.`;
    const hint = 'Compress it again with `gzip -9`, and encode it with base64.';
    notes.push({ severity: 'error', code: 'part-decode', path: '', start, message, hint });
  }
  const inside = expanded.bytes ?? new Uint8Array();
  return {
    placed: atOnePlace(utf8(inside) ?? escaped(inside), start),
    isGzip,
    notes,
    isLost: !expanded.bytes,
  };
}

/** Python stands lone surrogates for bytes that are not UTF-8; the YAML reader refuses them. */
function escaped(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replaceAll('\ufffd', '\udcff');
}

/** Quoted-printable: `=41` is a byte, and `=` at the end joins two lines. */
function unquoted({ text, placement }: Placed): Placed {
  const pieces = new Pieces();
  for (const { 0: line, index } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const [, body = '', end = ''] = /^(.*?)[ \t]*(\r?\n)?$/s.exec(line) ?? [];
    const isJoined = body.endsWith('=');
    pieces.add(ofQuoted(isJoined ? body.slice(0, -1) : body) + (isJoined ? '' : end), index);
  }
  return pieces.joined(placement);
}

function ofQuoted(text: string): string {
  return text.replace(/(?:=[0-9A-Fa-f]{2})+/g, (codes) => {
    const bytes = codes
      .slice(1)
      .split('=')
      .map((code) => Number.parseInt(code, 16));
    return utf8(Uint8Array.from(bytes)) ?? escaped(Uint8Array.from(bytes));
  });
}
