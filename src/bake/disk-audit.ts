/** Audits a disk image from outside: its files, and every byte of it. */
import { open, rm } from 'node:fs/promises';
import { run } from '../system/run';
import { throwIfStopped } from '../system/wait';
import { type AuditFinding, audit, type ForbiddenText } from './audit';
import { Ext4, isExt4, type ReadDisk } from './ext4';
import { BAKE_MARK } from './image-document';
import { entryAt } from './image-files';
import { partitions } from './partitions';

const CHUNK = 8 << 20;
const ZEROS = Buffer.alloc(CHUNK);

/**
 * Unpacks an image next to it, as a sparse raw disk, and audits that.
 * @param forbidden texts that must not occur in any file; nor in a free block, where they are `everywhere`
 * @returns what was found, none for a good image
 * @throws Error when its root file system is not ext4 or was not unmounted; Stopped when the signal is aborted
 */
export async function auditDisk(
  image: string,
  forbidden: readonly (ForbiddenText & { readonly everywhere?: boolean })[],
  signal: AbortSignal,
): Promise<readonly AuditFinding[]> {
  const raw = `${image}.raw`;
  try {
    await run(['qemu-img', 'convert', '-O', 'raw', image, raw], { timeoutMs: 3_600_000, signal });
    const file = await open(raw);
    try {
      const read: ReadDisk = async (offset, length) =>
        (await file.read(Buffer.alloc(length), 0, length, offset)).buffer;
      const disk = abortable(read, signal);
      const { size } = await file.stat();
      const mark = { what: 'user data', text: BAKE_MARK };
      const everywhere = [mark, ...forbidden.filter((one) => one.everywhere)];
      return [...(await audit(await rootOf(disk), forbidden)), ...(await scan(disk, size, everywhere))];
    } finally {
      await file.close();
    }
  } finally {
    await rm(raw, { force: true });
  }
}

/** A disk whose reads stop when the signal is aborted: auditing its files takes minutes. */
export function abortable(read: ReadDisk, signal: AbortSignal): ReadDisk {
  return async (offset, length) => {
    throwIfStopped(signal);
    return read(offset, length);
  };
}

/** The root file system; the others are for booting. */
async function rootOf(disk: ReadDisk): Promise<Ext4> {
  for (const start of await partitions(disk)) {
    if (!(await isExt4(disk, start))) continue;
    const system = await Ext4.open(disk, start);
    if (await entryAt(system, '/etc')) return system;
  }
  throw new Error('the image has no ext4 file system with an /etc, so it cannot be audited from outside');
}

/**
 * Searches all bytes of a disk, including those that belong to no file: a removed file's content stays in its blocks.
 * @returns one finding per text that occurs, with the offset of its first byte
 */
export async function scan(
  disk: ReadDisk,
  size: number,
  texts: readonly ForbiddenText[],
): Promise<AuditFinding[]> {
  const wanted = new Map(texts.map(({ what, text }) => [what, Buffer.from(text)]));
  const overlap = Math.max(0, ...[...wanted.values()].map(({ length }) => length - 1));
  const found: AuditFinding[] = [];
  let tail = Buffer.alloc(0);
  for (let offset = 0; offset < size && wanted.size > 0; offset += CHUNK) {
    const chunk = await disk(offset, Math.min(CHUNK, size - offset));
    if (chunk.equals(chunk.length === CHUNK ? ZEROS : ZEROS.subarray(0, chunk.length))) {
      tail = Buffer.alloc(0);
      continue;
    }
    const both = Buffer.concat([tail, chunk]);
    for (const [what, text] of wanted) {
      const at = both.indexOf(text);
      if (at < 0) continue;
      found.push({ what, path: `byte ${offset - tail.length + at} of the disk` });
      wanted.delete(what);
    }
    tail = Buffer.from(chunk.subarray(Math.max(0, chunk.length - overlap)));
  }
  return found;
}
