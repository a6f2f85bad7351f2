// An initial RAM disk is a cpio archive of the "newc" kind (kernel documentation, initramfs buffer format).

/** One entry: a directory, an executable or plain file, or a symbolic link. */
export type CpioEntry =
  | { readonly path: string; readonly kind: 'directory' }
  | { readonly path: string; readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly path: string; readonly kind: 'link'; readonly target: string };

const modes = { directory: 0o040755, file: 0o100755, link: 0o120777 } as const;

/** The archive of the entries, uncompressed: unpacking costs more than reading when the processor is emulated. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    const data = entry.kind === 'file' ? entry.bytes : Buffer.from(entry.kind === 'link' ? entry.target : '');
    parts.push(header(entry.path, modes[entry.kind], index + 1, data.length), padded(Buffer.from(data)));
  });
  parts.push(header('TRAILER!!!', 0, 0, 0));
  return Buffer.concat(parts);
}

function header(path: string, mode: number, inode: number, size: number): Buffer {
  // inode, mode, uid, gid, links, mtime, size, device and special device (major, minor), length of the name, checksum
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, Buffer.byteLength(path) + 1, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${path}\0`;
  return padded(Buffer.from(text));
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
