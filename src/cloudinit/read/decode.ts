/** base64 and gzip as Python decodes them for cloud-init, with the problem reported and the size bounded. */
import { Gunzip } from 'fflate';

export interface Decoded {
  /** Absent when the input does not decode at all. */
  readonly bytes?: Uint8Array;
  /** The problem, as half a sentence. */
  readonly problem?: string;
  /** Set when the limit of this reader ends the decoding, and not a mistake. */
  readonly isTooLarge?: true;
}

/** More than any provider passes on; a gzip bomb ends here. */
export const MAX_DECODED = 64 * 1024 * 1024;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * base64 to bytes. Python's b64decode drops characters outside the alphabet, so the function returns the bytes
 * along with the problem.
 */
export function decodeBase64(text: string): Decoded {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4) + 3);
  let bits = 0;
  let at = 0;
  // Characters of the group of four, and the padding directly before this character.
  let group = 0;
  let pads = 0;
  let isDropped = false;
  let end = text.length;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === '=') {
      // Padding too early in a group is skipped; complete padding ends the text.
      if (group < 2 || group + ++pads < 4) continue;
      end = index + 1;
      group = 0;
      break;
    }
    const value = ALPHABET.indexOf(character);
    if (value < 0) {
      isDropped ||= !/\s/.test(character);
      continue;
    }
    pads = 0;
    bits = ((bits << 6) | value) & 0xffffff;
    if (group > 0) bytes[at++] = (bits >> (6 - 2 * group)) & 0xff;
    group = (group + 1) % 4;
  }
  if (group !== 0) return { problem: 'its length with padding is not a multiple of 4' };
  const decoded = bytes.slice(0, at);
  if (/[^\s=]/.test(text.slice(end)))
    return { bytes: decoded, problem: 'text follows its padding and is lost' };
  return isDropped
    ? { bytes: decoded, problem: 'characters outside the alphabet are dropped' }
    : { bytes: decoded };
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Expands gzip and verifies the checksum as Python does. @param limit of the result, in bytes */
export function gunzip(bytes: Uint8Array, limit = MAX_DECODED): Decoded {
  if (!isGzip(bytes)) return { problem: 'it does not begin as gzip does' };
  if (bytes.length < 18) return { problem: 'it is cut short' };
  const chunks: Uint8Array[] = [];
  let total = 0;
  let isSingle = true;
  let isComplete = false;
  const stream = new Gunzip((chunk, final) => {
    total += chunk.length;
    if (total > limit) throw new RangeError('too large');
    chunks.push(chunk);
    isComplete = final;
  });
  stream.onmember = () => {
    isSingle = false;
  };
  try {
    // In pieces, so that the limit stops a bomb after one of them and not when memory is full.
    for (let at = 0; at < bytes.length; at += 4096) {
      stream.push(bytes.subarray(at, at + 4096), at + 4096 >= bytes.length);
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) return { problem: 'it is damaged' };
    return { problem: `it expands to more than ${limit} bytes`, isTooLarge: true };
  }
  if (!isComplete) return { problem: 'it is cut short' };
  const result = concat(chunks, total);
  // Of several members each has its own checksum: the last bytes hold only that of a single one.
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  if (isSingle && (view.getUint32(0, true) !== crc32(result) || view.getUint32(4, true) !== total)) {
    return { problem: 'its check sum is wrong' };
  }
  return { bytes: result };
}

function concat(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const result = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** UTF-8 bytes to text, or undefined when they are not UTF-8. A byte order mark is kept. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
