/** The input: its outer base64 and gzip decoded, its text decoded, and the kind of user data detected. */
import type { Form } from '../../providers';
import { decodeBase64, gunzip, isGzip, utf8 } from './decode';

/** Kinds of user data, by their first characters (cloud-init's handlers/__init__.py). */
export type Kind =
  | 'cloud-config'
  | 'script'
  | 'jinja'
  | 'include'
  | 'archive'
  | 'jsonp'
  | 'boothook'
  | 'part-handler'
  | 'mime'
  | 'unknown';

export interface Input {
  /** As passed to a provider. */
  readonly form: Form;
  /** Bytes of the input, and bytes of the document inside. */
  readonly given: Uint8Array;
  readonly bytes: Uint8Array;
  readonly layers: readonly ('base64' | 'gzip')[];
  readonly text: string;
  readonly kind: Kind;
  readonly hasByteOrderMark: boolean;
  /** Set when the input does not decode, or is not UTF-8; `text` then holds the readable part. */
  readonly problem?: {
    readonly code: 'input-gzip' | 'not-utf8';
    readonly message: string;
    readonly start: number;
  };
}

/** Longest first, as cloud-init compares them. */
const BEGINNINGS: readonly (readonly [string, Kind])[] = [
  ['#cloud-config-archive', 'archive'],
  ['#cloud-config-jsonp', 'jsonp'],
  ['## template: jinja', 'jinja'],
  ['#cloud-boothook', 'boothook'],
  ['#part-handler', 'part-handler'],
  ['#cloud-config', 'cloud-config'],
  ['#include', 'include'],
  ['#!', 'script'],
  ['mime-version:', 'mime'],
  ['content-type: multipart/', 'mime'],
];

/** cloud-init lower-cases the document and strips leading white space before it compares. */
export function kindOf(text: string): Kind {
  const start = text.trimStart().slice(0, 64).toLowerCase();
  // trimStart strips a byte order mark, which Python's lstrip does not.
  if (text.startsWith('\ufeff')) return 'unknown';
  const kind = BEGINNINGS.find(([beginning]) => start.startsWith(beginning))?.[1];
  return kind ?? (isMessage(text) ? 'mime' : 'unknown');
}

/** Other headers may come before that of MIME, which cloud-init searches for in the first bytes. */
function isMessage(text: string): boolean {
  return /^(?:From |[!-9;-~]+:)/.test(text) && text.slice(0, 4096).toLowerCase().includes('mime-version:');
}

/** Decodes base64 when the whole input is base64 of something that cloud-init would recognise, else returns the input. */
function undoBase64(bytes: Uint8Array): Uint8Array | undefined {
  const text = utf8(bytes);
  if (text === undefined || text.length < 16 || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) return undefined;
  const inner = decodeBase64(text).bytes;
  if (!inner) return undefined;
  return isGzip(inner) || kindOf(utf8(inner) ?? '') !== 'unknown' ? inner : undefined;
}

/** @param given the file's bytes, untouched */
export function readInput(given: Uint8Array): Input {
  const layers: ('base64' | 'gzip')[] = [];
  let bytes = given;
  let problem: Input['problem'];
  const inner = undoBase64(bytes);
  if (inner) {
    layers.push('base64');
    bytes = inner;
  }
  if (isGzip(bytes)) {
    layers.push('gzip');
    const expanded = gunzip(bytes);
    if (!expanded.bytes)
      problem = { code: 'input-gzip', message: `The gzip input: ${expanded.problem}.`, start: 0 };
    bytes = expanded.bytes ?? new Uint8Array();
  }
  const text = utf8(bytes) ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (utf8(bytes) === undefined) {
    problem = { code: 'not-utf8', message: 'The document is not UTF-8.', start: text.indexOf('\ufffd') };
  }
  const form = layers[0] ?? 'yaml';
  const hasByteOrderMark = text.startsWith('\ufeff');
  const kind = kindOf(text);
  return { form, given, bytes, layers, text, kind, hasByteOrderMark, ...(problem ? { problem } : {}) };
}
