import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { audit } from '../../src/bake/audit';
import { abortable } from '../../src/bake/disk-audit';
import { Ext4, isExt4, type ReadDisk } from '../../src/bake/ext4';
import { directoryTree, filesBelow } from '../../src/bake/image-files';
import { partitions } from '../../src/bake/partitions';

/** Disks made by the real mke2fs, from a folder with every kind of entry that a system's disk may have. */
const test = suite('ext4');

const MIB = 1 << 20;
let folder: string;
let tree: string;
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gen-cloudinit-ext4-'));
  tree = join(folder, 'tree');
  mkdirSync(join(tree, 'many'), { recursive: true });
  // Enough names to give the directory an index of more than one block.
  for (let index = 0; index < 1200; index += 1)
    writeFileSync(join(tree, 'many', `file-with-a-name-of-some-length-${index}`), `${index}`);
  writeFileSync(join(tree, 'empty'), '');
  writeFileSync(join(tree, 'large'), randomBytes(5 * MIB + 123));
  symlinkSync('/etc/passwd', join(tree, 'link'));
  // Every other block is a hole: more extents than fit into the inode itself.
  const file = openSync(join(tree, 'holes'), 'w');
  for (let index = 0; index < 64; index += 1)
    writeSync(file, randomBytes(4096), 0, 4096, index * 8192 + 8192);
});
test.after(() => rmSync(folder, { recursive: true }));

function disk(options: readonly string[], offset = 0): { read: ReadDisk; path: string } {
  const path = join(folder, 'disk');
  writeFileSync(path, '');
  truncateSync(path, 64 * MIB);
  const argv = ['-q', '-F', '-t', 'ext4', '-E', `offset=${offset}`, '-d', tree, ...options, path, '48m'];
  const { status, stderr, error } = spawnSync('mke2fs', argv, {
    encoding: 'utf8',
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  if (error || status !== 0) throw new Error(`mke2fs: ${error?.message ?? stderr}`);
  const handle = openSync(path, 'r+');
  const read: ReadDisk = async (at, length) => {
    const buffer = Buffer.alloc(length);
    readSync(handle, buffer, 0, length, at);
    return buffer;
  };
  return { read, path };
}

for (const [name, options] of [
  ['as distributions have it', []],
  ['with blocks of 1 KiB and narrow group descriptors', ['-b', '1024', '-O', '^64bit']],
] as const) {
  test(`${name}: every file is what it was`, async () => {
    const ext4 = await Ext4.open(disk(options).read, 0);
    const there = directoryTree(tree);
    const names = async (from: typeof there | Ext4) => {
      const found = [];
      for await (const { path, size } of filesBelow(from, '/', ['/lost+found']))
        found.push(`${path} ${size}`);
      return found.sort();
    };
    const all = await names(there);
    assert.is(all.length, 1203);
    assert.equal(await names(ext4), all);
    for (const path of ['/large', '/holes', '/empty', '/many/file-with-a-name-of-some-length-1199'])
      assert.ok(
        Buffer.from((await ext4.read(path)) ?? [1]).equals(Buffer.from((await there.read(path)) ?? [])),
        path,
      );
    assert.is(await ext4.read('/link'), undefined);
    assert.is(await ext4.read('/many'), undefined);
    assert.is(await ext4.read('/nowhere/at/all'), undefined);
    assert.equal(await ext4.list('/large'), []);
  });
}

test('a file system whose journal needs a replay is refused', async () => {
  const { read, path } = disk([]);
  const flags = (await read(1024 + 96, 4)).readUInt32LE(0) | 0x4;
  const handle = openSync(path, 'r+');
  const word = Buffer.alloc(4);
  word.writeUInt32LE(flags);
  writeSync(handle, word, 0, 4, 1024 + 96);
  try {
    await Ext4.open(read, 0);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'did not power off in order');
  }
});

test('an unsupported file system is refused, not misread', async () => {
  const refusal = await Ext4.open(disk(['-O', 'inline_data']).read, 0).catch((error: Error) => error.message);
  assert.is(refusal, 'the file system has features that cannot be read here: 0x8000');
  const nothing = await Ext4.open(async (_, length) => Buffer.alloc(length), 0).catch(
    (error: Error) => error.message,
  );
  assert.is(nothing, 'there is no ext4 file system');
});

test('partitions: of a GPT, of a boot sector, and a disk without any', async () => {
  const { read, path } = disk([], MIB);
  const handle = openSync(path, 'r+');
  const gpt = Buffer.alloc(3 * 512);
  gpt.writeUInt16LE(0xaa55, 510);
  gpt.writeUInt8(0xee, 450);
  gpt.writeUInt32LE(1, 454);
  writeSync(handle, gpt.subarray(0, 512), 0, 512, 0);
  assert.equal(await partitions(read), [512]);
  gpt.write('EFI PART', 512, 'latin1');
  gpt.writeBigUInt64LE(2n, 512 + 72);
  gpt.writeUInt32LE(4, 512 + 80);
  gpt.writeUInt32LE(128, 512 + 84);
  gpt.writeUInt8(1, 1024 + 128);
  gpt.writeBigUInt64LE(2048n, 1024 + 128 + 32);
  writeSync(handle, gpt, 0, gpt.length, 0);
  assert.equal(await partitions(read), [MIB]);
  assert.ok(await isExt4(read, MIB));
  assert.is((await (await Ext4.open(read, MIB)).list('/')).length, 6);
  assert.equal(await partitions(disk([]).read), [0]);
});

test('an audit of its files ends when the signal is aborted', async () => {
  const { read } = disk([]);
  const ctrlC = new AbortController();
  let reads = 0;
  const counted: ReadDisk = (at, length) => {
    reads += 1;
    if (reads === 10) ctrlC.abort(new Error('interrupted'));
    return read(at, length);
  };
  const error = await audit(await Ext4.open(abortable(counted, ctrlC.signal), 0)).catch((one: Error) => one);
  assert.is((error as Error).name, 'Stopped');
  assert.is(reads, 10);
});

test.run();
