import type { Form } from '../../providers';

/**
 * The document in one of the forms that cloud-init accepts.
 * Zopfli as WebAssembly, not node:zlib: it is 7 % smaller, which decides whether a provider accepts the document. Its
 * bytes are the same everywhere, while those of zlib differ between builds.
 */
export async function encode(text: string, form: Form): Promise<Uint8Array> {
  if (form === 'yaml') return utf8(text);
  const zipped = await gzip(utf8(text));
  return form === 'gzip' ? zipped : utf8(`${base64(zipped)}\n`);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** gzip without a time, and with "unknown" as the system that made it (RFC 1952, header bytes 4 to 9). */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  // Loaded here: it takes longer to load than all the rest of a plain document.
  const { gzipAsync } = await import('./zopfli');
  // More rounds take longer and save some ten bytes.
  const zipped = new Uint8Array(await gzipAsync(bytes, { numiterations: 3 }));
  zipped[9] = 255;
  return zipped;
}

/** One line without a line end. */
export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
