/**
 * Reads an ext4 file system from a disk that is not mounted, without a program or a right that a user's computer may
 * lack. Source of the layout: the Linux kernel's documentation, "ext4 Data Structures and Algorithms".
 */
import type { Entry, Tree } from './image-files';

/** Reads a number of bytes of a disk at an offset in bytes. */
export type ReadDisk = (offset: number, length: number) => Promise<Buffer>;

const SUPERBLOCK = 1024;
const MAGIC = 0xef53;
const ROOT_INODE = 2;

/** Incompatible features: a reader must refuse one that it does not know. The last ones only concern writers or names. */
const RECOVER = 0x4;
const WIDE = 0x80;
const KNOWN = 0x2 | RECOVER | 0x40 | WIDE | 0x200 | 0x2000 | 0x4000;

/** Of an inode. */
const EXTENTS = 0x80000;
const EXTENT_MAGIC = 0xf30a;
const KINDS: Readonly<Record<number, Entry['kind']>> = { 8: 'file', 4: 'directory', 10: 'link' };

interface Inode {
  readonly kind: Entry['kind'];
  readonly size: number;
  readonly flags: number;
  /** The 60 bytes with the root of the extent tree. */
  readonly map: Buffer;
}

/** Whether an ext file system begins at this offset. */
export async function isExt4(disk: ReadDisk, offset: number): Promise<boolean> {
  return (await disk(offset + SUPERBLOCK + 56, 2)).readUInt16LE(0) === MAGIC;
}

export class Ext4 implements Tree {
  private readonly inodes = new Map<string, number>([['/', ROOT_INODE]]);
  private readonly block: number;
  private readonly perGroup: number;
  private readonly inodeSize: number;
  private readonly descriptors: number;
  private readonly descriptorSize: number;

  private constructor(
    private readonly disk: ReadDisk,
    private readonly start: number,
    head: Buffer,
  ) {
    const incompatible = head.readUInt32LE(96);
    if (incompatible & RECOVER)
      throw new Error('the file system was not unmounted: the machine did not power off in order');
    const unknown = incompatible & ~KNOWN;
    if (unknown)
      throw new Error(`the file system has features that cannot be read here: 0x${unknown.toString(16)}`);
    this.block = 1024 << head.readUInt32LE(24);
    this.perGroup = head.readUInt32LE(40);
    this.inodeSize = head.readUInt16LE(88);
    this.descriptorSize = incompatible & WIDE ? head.readUInt16LE(254) : 32;
    this.descriptors = (head.readUInt32LE(20) + 1) * this.block;
  }

  /**
   * @param start byte of the disk at which the file system begins
   * @throws Error when there is none, when it cannot be read here, or when its journal would have to be replayed first
   */
  static async open(disk: ReadDisk, start: number): Promise<Ext4> {
    if (!(await isExt4(disk, start))) throw new Error('there is no ext4 file system');
    return new Ext4(disk, start, await disk(start + SUPERBLOCK, 1024));
  }

  async list(path: string): Promise<readonly Entry[]> {
    const found = await this.children(path);
    return Promise.all(
      found.map(async ({ name, inode }) => {
        const { kind, size } = await this.inode(inode);
        return { name, kind, size: kind === 'file' ? size : 0 };
      }),
    );
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const number = await this.find(path);
    const inode = number === undefined ? undefined : await this.inode(number);
    return inode?.kind === 'file' ? this.content(inode) : undefined;
  }

  private async find(path: string): Promise<number | undefined> {
    if (!this.inodes.has(path)) {
      const cut = path.lastIndexOf('/');
      await this.children(path.slice(0, cut) || '/');
    }
    return this.inodes.get(path);
  }

  private async children(path: string): Promise<readonly { name: string; inode: number }[]> {
    const number = await this.find(path);
    const folder = number === undefined ? undefined : await this.inode(number);
    if (folder?.kind !== 'directory') return [];
    const content = await this.content(folder);
    const found: { name: string; inode: number }[] = [];
    // The blocks of a hashed directory's index look like entries too, without an inode.
    for (let at = 0; at + 8 <= content.length; ) {
      const inode = content.readUInt32LE(at);
      const length = content.readUInt16LE(at + 4);
      if (length < 8) throw new Error(`the directory ${path} is damaged`);
      const name = content.toString('latin1', at + 8, at + 8 + content.readUInt8(at + 6));
      if (inode !== 0 && name !== '.' && name !== '..') found.push({ name, inode });
      at += length;
    }
    for (const { name, inode } of found) this.inodes.set(`${path === '/' ? '' : path}/${name}`, inode);
    return found;
  }

  private async inode(number: number): Promise<Inode> {
    const group = Math.floor((number - 1) / this.perGroup);
    const descriptor = await this.bytes(this.descriptors + group * this.descriptorSize, this.descriptorSize);
    const high = this.descriptorSize > 32 ? descriptor.readUInt32LE(40) : 0;
    const table = (high * 2 ** 32 + descriptor.readUInt32LE(8)) * this.block;
    const raw = await this.bytes(table + ((number - 1) % this.perGroup) * this.inodeSize, 128);
    return {
      kind: KINDS[raw.readUInt16LE(0) >> 12] ?? 'other',
      size: raw.readUInt32LE(108) * 2 ** 32 + raw.readUInt32LE(4),
      flags: raw.readUInt32LE(32),
      map: raw.subarray(40, 100),
    };
  }

  private async content({ size, flags, map }: Inode): Promise<Buffer> {
    const whole = Buffer.alloc(size);
    if (size === 0) return whole;
    if (!(flags & EXTENTS)) throw new Error('a file is stored in a way that cannot be read here');
    await this.extents(map, whole);
    return whole;
  }

  /** Copies the blocks below a node of an extent tree. Holes and blocks that were never written stay zero. */
  private async extents(node: Buffer, into: Buffer): Promise<void> {
    if (node.readUInt16LE(0) !== EXTENT_MAGIC) throw new Error('the map of a file is damaged');
    const depth = node.readUInt16LE(6);
    for (let index = 1; index <= node.readUInt16LE(2); index += 1) {
      const at = index * 12;
      if (depth > 0) {
        const child = node.readUInt16LE(at + 8) * 2 ** 32 + node.readUInt32LE(at + 4);
        await this.extents(await this.bytes(child * this.block, this.block), into);
        continue;
      }
      const to = node.readUInt32LE(at) * this.block;
      const length = node.readUInt16LE(at + 4);
      if (length > 32_768 || to >= into.length) continue;
      const from = node.readUInt16LE(at + 6) * 2 ** 32 + node.readUInt32LE(at + 8);
      const bytes = Math.min(length * this.block, into.length - to);
      (await this.bytes(from * this.block, bytes)).copy(into, to);
    }
  }

  private bytes(offset: number, length: number): Promise<Buffer> {
    return this.disk(this.start + offset, length);
  }
}
