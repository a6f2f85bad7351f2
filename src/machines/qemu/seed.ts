/** The NoCloud seed: the document as user data, and what a provider would say about the machine. */

/** What is seeded (cloud-init documentation, datasource NoCloud). */
export interface Seed {
  readonly instanceId: string;
  readonly hostname: string;
  /** cloud-init gets it byte for byte. */
  readonly userData: Uint8Array;
  /** SSH public keys of the image's default user, in the provider's way: not by the user data. */
  readonly publicKeys?: readonly string[];
  /** Version 2 of the network configuration; without one, DHCP on the first interface. */
  readonly network?: unknown;
}

/** The files of the seed by name. JSON is YAML too, so our own parts are JSON. */
export function seedFiles({
  instanceId,
  hostname,
  userData,
  publicKeys,
  network,
}: Seed): Map<string, Uint8Array> {
  const text = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  const about = { 'instance-id': instanceId, 'local-hostname': hostname };
  return new Map<string, Uint8Array>([
    ['user-data', userData],
    ['meta-data', text(publicKeys ? { ...about, 'public-keys': publicKeys } : about)],
    ...(network === undefined ? [] : [['network-config', text(network)] as const]),
  ]);
}

/** The seed as a disk; cloud-init finds it by the label. */
export const seedDisk = (seed: Seed): Buffer => isoImage('cidata', seedFiles(seed));

/**
 * A small ISO 9660 file system with Rock Ridge names, all files in its root: the form of a NoCloud seed. Written here,
 * so that it needs no further program. ECMA-119 for the volume, IEEE P1281 and P1282 (SUSP, RRIP) for the names.
 */

const SECTOR = 2048;
// Sectors 0 to 15 are the system's own; then the primary descriptor, the terminator, two path tables, the root.
const [PRIMARY, TERMINATOR, PATHS_LE, PATHS_BE, ROOT, CONTINUATION, DATA] = [
  16, 17, 18, 19, 20, 21, 22,
] as const;

/** Both byte orders one after the other, as the standard stores most numbers. */
function both32(target: Buffer, offset: number, value: number): void {
  target.writeUInt32LE(value, offset);
  target.writeUInt32BE(value, offset + 4);
}

function both16(target: Buffer, offset: number, value: number): void {
  target.writeUInt16LE(value, offset);
  target.writeUInt16BE(value, offset + 2);
}

/** One entry of the system use area: signature, length, version 1, content. */
function field(signature: string, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(signature), Buffer.from([4 + content.length, 1]), content]);
}

/** PX: POSIX mode, links, owner, group, all 0 but the mode: root owns the files and alone may read them. */
function posix(mode: number, links: number): Buffer {
  const content = Buffer.alloc(32);
  both32(content, 0, mode);
  both32(content, 8, links);
  return field('PX', content);
}

/** ER, which declares the names as Rock Ridge's: too long for the directory itself. */
const EXTENSION = (() => {
  const [id, text, source] = ['RRIP_1991A', 'THE ROCK RIDGE INTERCHANGE PROTOCOL', 'IEEE P1282'];
  const head = Buffer.from([id!.length, text!.length, source!.length, 1]);
  return field('ER', Buffer.concat([head, Buffer.from(`${id}${text}${source}`)]));
})();

/** A directory record. `id` is the plain ISO name; `use` contains what Linux shows. */
function record(id: Buffer, sector: number, size: number, directory: boolean, use: Buffer): Buffer {
  const padding = id.length % 2 === 0 ? 1 : 0;
  const head = 33 + id.length + padding;
  const bytes = Buffer.alloc(head + use.length + (use.length % 2));
  bytes[0] = bytes.length;
  both32(bytes, 2, sector);
  both32(bytes, 10, size);
  // A constant date, 1 January 2000, so that the same files give the same bytes.
  bytes.set([100, 1, 1, 0, 0, 0, 0], 18);
  bytes[25] = directory ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = id.length;
  id.copy(bytes, 33);
  use.copy(bytes, head);
  return bytes;
}

/** The records of the root: itself, its parent (itself again), and the files. */
function rootDirectory(files: readonly { name: string; sector: number; size: number }[]): Buffer {
  const pointer = Buffer.alloc(24);
  both32(pointer, 0, CONTINUATION);
  both32(pointer, 16, EXTENSION.length);
  const sharing = field('SP', Buffer.from([0xbe, 0xef, 0]));
  const own = Buffer.concat([sharing, posix(0o040500, 2), field('CE', pointer)]);
  const records = [
    record(Buffer.from([0]), ROOT, SECTOR, true, own),
    record(Buffer.from([1]), ROOT, SECTOR, true, posix(0o040500, 2)),
    ...files.map(({ name, sector, size }, index) => {
      const plain = Buffer.from(`FILE${index}.;1`);
      const use = Buffer.concat([posix(0o100400, 1), field('NM', Buffer.from(`\0${name}`))]);
      return record(plain, sector, size, false, use);
    }),
  ];
  const bytes = Buffer.concat(records);
  if (bytes.length > SECTOR) throw new Error(`${files.length} files are too many for a seed`);
  return bytes;
}

/** The primary volume descriptor. */
function primary(label: string, sectors: number): Buffer {
  const bytes = Buffer.alloc(SECTOR, 0x20);
  bytes.fill(0, 72, 190);
  bytes.write('\x01CD001\x01\0', 0, 'latin1');
  bytes.write(label, 40, 'latin1');
  both32(bytes, 80, sectors);
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, SECTOR);
  both32(bytes, 132, 10);
  bytes.writeUInt32LE(PATHS_LE, 140);
  bytes.writeUInt32BE(PATHS_BE, 148);
  record(Buffer.from([0]), ROOT, SECTOR, true, Buffer.alloc(0)).copy(bytes, 156);
  // Four empty dates (zeros as digits), the version of the structure, and nothing more.
  for (const offset of [813, 830, 847, 864]) bytes.write(`${'0'.repeat(16)}\0`, offset, 'latin1');
  bytes[881] = 1;
  bytes.fill(0, 882);
  return bytes;
}

/**
 * The image.
 * @param label name of the volume, at most 32 letters
 * @param files content by name; names of up to 200 letters keep their case, contents are copied byte for byte
 */
export function isoImage(label: string, files: ReadonlyMap<string, Uint8Array>): Buffer {
  let next: number = DATA;
  const placed = [...files].map(([name, content]) => {
    const sector = next;
    next += Math.ceil(content.length / SECTOR);
    return { name, sector, size: content.length, content };
  });
  const image = Buffer.alloc(next * SECTOR);
  const put = (sector: number, bytes: Uint8Array) => image.set(bytes, sector * SECTOR);
  put(PRIMARY, primary(label, next));
  put(TERMINATOR, Buffer.from('\xffCD001\x01', 'latin1'));
  const paths = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  paths.writeUInt32LE(ROOT, 2);
  paths.writeUInt16LE(1, 6);
  put(PATHS_LE, paths);
  paths.writeUInt32BE(ROOT, 2);
  paths.writeUInt16BE(1, 6);
  put(PATHS_BE, paths);
  put(ROOT, rootDirectory(placed));
  put(CONTINUATION, EXTENSION);
  for (const { sector, content } of placed) put(sector, content);
  return image;
}
