import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isoImage, seedDisk, seedFiles } from '../../src/machines/qemu/seed';

const test = suite('seed of QEMU');
const folder = mkdtempSync(join(tmpdir(), 'seed-'));
test.after(() => rmSync(folder, { recursive: true }));

const output = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Reads an image with another program than the one that wrote it. */
function unpacked(image: Uint8Array): { label: string; files: Map<string, Buffer> } {
  const iso = join(folder, 'seed.iso');
  const to = mkdtempSync(join(folder, 'files-'));
  writeFileSync(iso, image);
  output('xorriso', '-osirrox', 'on', '-indev', iso, '-extract', '/', to);
  const label = output('blkid', '-p', '-o', 'value', '-s', 'LABEL', iso).trim();
  return { label, files: new Map(readdirSync(to).map((name) => [name, readFileSync(join(to, name))])) };
}

const seed = { instanceId: 'i-1', hostname: 'a', userData: Buffer.from('#cloud-config\n{}\n') };

test('user data of any bytes and any length is read back unchanged', () => {
  const contents = [
    Buffer.alloc(0),
    Buffer.from('#cloud-config\nü\r\n'),
    gzipSync('#cloud-config\n{}\n'),
    Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
    Buffer.alloc(2047, 1),
    Buffer.alloc(2048, 2),
    Buffer.alloc(2049, 3),
    Buffer.alloc(1_000_000, 'x'),
  ];
  for (const userData of contents) {
    const { label, files } = unpacked(seedDisk({ ...seed, userData }));
    assert.is(label, 'cidata');
    assert.equal([...files.keys()].sort(), ['meta-data', 'user-data']);
    assert.ok(files.get('user-data')?.equals(userData), `${userData.length} bytes`);
  }
});

test('the same files give the same image, and only root may read them', () => {
  assert.equal(seedDisk(seed), seedDisk(seed));
  const iso = join(folder, 'modes.iso');
  writeFileSync(iso, seedDisk(seed));
  assert.is(statSync(iso).size % 2048, 0);
  const listed = output('xorriso', '-indev', iso, '-lsl', '/');
  assert.match(listed, /-r--------\s+1\s+0\s+0\s+17 .*'user-data'/);
});

test('keys of the default user and a network are separate from the user data', () => {
  const network = { version: 2, ethernets: { lan: { match: { macaddress: '52:54:00:00:00:01' } } } };
  const files = seedFiles({ ...seed, publicKeys: ['ssh-ed25519 AAAA'], network });
  const yaml = (name: string): unknown => load(Buffer.from(files.get(name) as Uint8Array).toString());
  assert.equal(yaml('meta-data'), {
    'instance-id': 'i-1',
    'local-hostname': 'a',
    'public-keys': ['ssh-ed25519 AAAA'],
  });
  assert.equal(yaml('network-config'), network);
  assert.is(files.get('user-data'), seed.userData);
  assert.equal([...seedFiles(seed).keys()], ['user-data', 'meta-data']);
});

test('more than a directory holds is refused', () => {
  const many = new Map(Array.from({ length: 30 }, (_, index) => [`file-${index}`, Buffer.alloc(1)]));
  assert.throws(() => isoImage('cidata', many), /too many/);
});

test.run();
