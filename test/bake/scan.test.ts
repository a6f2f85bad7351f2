import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { abortable, scan } from '../../src/bake/disk-audit';
import type { ReadDisk } from '../../src/bake/ext4';

/** The scan reads every byte of a disk, also where two reads meet and after holes. */
const test = suite('scan of a disk');

const CHUNK = 8 << 20;
const SIZE = 3 * CHUNK + 1000;

/** A disk of zeros with texts at some places. */
const disk =
  (texts: Readonly<Record<number, string>>): ReadDisk =>
  async (offset, length) => {
    const buffer = Buffer.alloc(length);
    for (const [at, text] of Object.entries(texts)) {
      for (let index = 0; index < text.length; index += 1) {
        const to = Number(at) + index - offset;
        if (to >= 0 && to < length) buffer[to] = text.charCodeAt(index);
      }
    }
    return buffer;
  };
const forbidden = [
  { what: 'the domain', text: 'matrix.example.org' },
  { what: 'a key', text: 'AAAAC3NzaC1lZDI1NTE5' },
];

for (const at of [0, 5, CHUNK - 18, CHUNK - 17, CHUNK - 9, CHUNK - 1, CHUNK, 2 * CHUNK + 77, SIZE - 18]) {
  test(`a text that begins at byte ${at}`, async () => {
    const found = await scan(disk({ [at]: 'matrix.example.org' }), SIZE, forbidden);
    assert.equal(found, [{ what: 'the domain', path: `byte ${at} of the disk` }]);
  });
}

test('it reports each text once, with its first place, and nothing for an empty disk', async () => {
  const texts = {
    9: 'AAAAC3NzaC1lZDI1NTE5',
    [CHUNK]: 'matrix.example.org',
    [CHUNK + 100]: 'AAAAC3NzaC1lZDI1NTE5',
  };
  assert.equal(await scan(disk(texts), SIZE, forbidden), [
    { what: 'a key', path: 'byte 9 of the disk' },
    { what: 'the domain', path: `byte ${CHUNK} of the disk` },
  ]);
  assert.equal(await scan(disk({}), SIZE, forbidden), []);
});

test('half a text before a hole and half after it do not match', async () => {
  assert.equal(await scan(disk({ [CHUNK - 9]: 'matrix.ex', [2 * CHUNK]: 'ample.org' }), SIZE, forbidden), []);
});

test('it ends when the signal is aborted', async () => {
  const stopped = new AbortController();
  stopped.abort();
  const error = await scan(abortable(disk({}), stopped.signal), SIZE, forbidden).catch(
    (reason: Error) => reason,
  );
  assert.is((error as Error).name, 'Stopped');
});

test.run();
