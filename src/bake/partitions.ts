/** Where a disk's partitions begin (UEFI specification, "GUID Partition Table"; the older table of the boot sector). */
import type { ReadDisk } from './ext4';

const SECTOR = 512;

/** @returns offsets in bytes, in the table's order; 0 alone for a disk without a table */
export async function partitions(disk: ReadDisk): Promise<number[]> {
  const boot = await disk(0, SECTOR);
  const head = await disk(SECTOR, SECTOR);
  if (head.toString('latin1', 0, 8) === 'EFI PART') {
    const [entries, count, size] = [
      Number(head.readBigUInt64LE(72)),
      head.readUInt32LE(80),
      head.readUInt32LE(84),
    ];
    const table = await disk(entries * SECTOR, count * size);
    return Array.from({ length: count }, (_, index) => table.subarray(index * size, (index + 1) * size))
      .filter((entry) => entry.subarray(0, 16).some((byte) => byte !== 0))
      .map((entry) => Number(entry.readBigUInt64LE(32)) * SECTOR);
  }
  // A file system may start with zeros: then these two bytes are missing, and the disk is one file system.
  if (boot.readUInt16LE(510) !== 0xaa55) return [0];
  return [446, 462, 478, 494]
    .filter((at) => boot.readUInt8(at + 4) !== 0)
    .map((at) => boot.readUInt32LE(at + 8) * SECTOR);
}
