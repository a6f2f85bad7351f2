/** Bytes of a document. */

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * Zopfli as WebAssembly, not node:zlib: it is 7 % smaller, which decides whether a provider accepts the document. Its
 * bytes are the same everywhere, while those of zlib differ between builds.
 *
 * gzip without a time, and with "unknown" as the system that made it (RFC 1952, header bytes 4 to 9).
 */
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
