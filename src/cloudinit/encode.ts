import type { Form } from './limits';

/**
 * The document in one of the forms that cloud-init takes.
 * fflate, not node:zlib: the bytes of zlib differ between builds, and the same input has to give the same document.
 */
export async function encode(text: string, form: Form): Promise<Uint8Array> {
  if (form === 'yaml') return utf8(text);
  const zipped = await gzip(text);
  return form === 'gzip' ? zipped : utf8(`${base64(zipped)}\n`);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** gzip without a time, and with "unknown" as the system that made it (RFC 1952, header bytes 4 to 9). */
async function gzip(text: string): Promise<Uint8Array> {
  // Loaded here: its tables take longer to build than all the rest of a plain document.
  const { gzipSync } = await import('fflate');
  const zipped = gzipSync(utf8(text), { level: 9, mtime: 0 });
  zipped[9] = 255;
  return zipped;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
