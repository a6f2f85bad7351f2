// The dead man's switch travels next to the document: real cloud-init, old and new, extracts the document unchanged.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deadManHook, userData } from '../../src/machines/ec2/user-data';
import { forEc2 } from '../support/run';

const test = suite("dead man's switch in user data");
const SECONDS = 3_900;
const LIMIT = 16_384;

type Part = readonly [type: string, content: string];

/** The parts that this root's cloud-init finds in each user data. */
function partsIn(root: string, all: readonly Uint8Array[]): Part[][] {
  const script = readFileSync('test/support/ec2/user_data_parts.py', 'utf8');
  const input = JSON.stringify(all.map((one) => Buffer.from(one).toString('base64')));
  const ran = spawnSync('chroot', [`.cache/tools/${root}`, '/usr/bin/python3', '-c', script], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (ran.error || ran.status !== 0) throw ran.error ?? new Error(ran.stderr);
  const decoded = (text: string) => Buffer.from(text, 'base64').toString('latin1');
  return (JSON.parse(ran.stdout) as Part[][]).map((parts) =>
    parts.map(([type, text]) => [type, decoded(text)]),
  );
}

const base64 = (bytes: Buffer) => Buffer.from(bytes.toString('base64'));

const MULTIPART = [
  'Content-Type: multipart/mixed; boundary="b"',
  'MIME-Version: 1.0',
  '',
  '--b',
  'Content-Type: text/cloud-config',
  '',
  'timezone: Europe/Berlin',
  '--b',
  'Content-Type: text/x-shellscript',
  '',
  '#!/bin/sh',
  'echo hi',
  '--b--',
  '',
].join('\n');

const DOCUMENTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    // The documents of other forms request their form themselves.
    readdirSync('test/examples')
      .filter((name) => !name.startsWith('rung-'))
      .map((name) => [name, gunzipSync(forEc2('--config', `test/examples/${name}`)).toString()]),
  ),
  'a cloud-config': '#cloud-config\nruncmd: [true]\n',
  'no line end at the end': '#cloud-config\nruncmd: [true]',
  'many line ends at the end': '#cloud-config\nruncmd: [true]\n\n\n',
  'line ends of Windows': '#cloud-config\r\nruncmd: [true]\r\n',
  umlauts: '#cloud-config\nwrite_files: [{path: /a, content: "äöü € 𝄞"}]\n',
  'our own boundary inside': '#cloud-config\n#\n--gen-cloudinit\n--gen-cloudinit--\n--gen-cloudinit-1\n',
  'lines like headers': '#cloud-config\nfqdn: a.example.org\n\nContent-Type: text/x-shellscript\n',
  'a first line like a header': 'Content-Type: nothing\n#cloud-config\n',
  'very long lines': `#cloud-config\n# ${'x'.repeat(9_000)}\n`,
  'a script': '#!/bin/sh\necho hi\n',
  'a template': '## template: jinja\n#cloud-config\nfqdn: {{ v1.instance_id }}\n',
  'an archive': '#cloud-config-archive\n- type: text/cloud-config\n  content: "timezone: UTC"\n',
  'a message': MULTIPART,
  'nothing known': 'hello\n',
};

for (const root of ['bookworm', 'sid']) {
  test(`cloud-init of ${root} handles the document as if it came alone`, async () => {
    if (!existsSync(`.cache/tools/${root}.recipe`))
      throw new Error(`${root} is missing: test/tools makes it`);
    const names = Object.keys(DOCUMENTS);
    const alone = names.map((name) => Buffer.from(DOCUMENTS[name]!));
    const forms = [alone, alone.map((one) => gzipSync(one))];
    // Releases before 23.3 do not undo base64 on EC2.
    if (root === 'sid') forms.push(alone.map((one) => base64(one.length <= LIMIT ? one : gzipSync(one))));
    const fitting = forms.map((all) => all.map((one) => (one.length <= LIMIT ? one : gzipSync(one))));
    const bare = fitting.flat();
    const wrapped = await Promise.all(bare.map((one) => userData(one, SECONDS)));
    const got = partsIn(root, [...bare, ...wrapped.map(({ bytes }) => bytes)]);
    bare.forEach((_, index) => {
      const name = names[index % names.length]!;
      const seen = got[bare.length + index]!;
      assert.equal(seen.at(-1), ['text/cloud-boothook', deadManHook(SECONDS)], name);
      const parts = seen.slice(0, -1).map(([type, text]) => [type.replace('plain', 'x-not-multipart'), text]);
      assert.equal(parts, got[index], name);
    });
  });
}

test('costs fewer than 300 bytes, and is omitted on request', async () => {
  // The default document is so close to the limit that the switch forces compression.
  const document = Buffer.from(DOCUMENTS['default.yaml']!).subarray(0, 15_000);
  const { bytes, deadMan, squeezed } = await userData(document, SECONDS);
  assert.ok(bytes.length - document.length < 300, String(bytes.length - document.length));
  assert.equal([deadMan, squeezed], [true, false]);
  const without = await userData(document, undefined);
  assert.ok(document.equals(without.bytes));
  assert.is(without.deadMan, false);
});

test('if it does not fit, the whole message is compressed', async () => {
  const document = Buffer.from(`#cloud-config\n${'# a comment\n'.repeat(1_363)}`);
  assert.ok(document.length <= LIMIT && document.length > LIMIT - 100, String(document.length));
  const { bytes, squeezed } = await userData(document, SECONDS);
  assert.is(squeezed, true);
  assert.ok(bytes.length < LIMIT);
  assert.ok(gunzipSync(bytes).includes(document));
});

test('reports a document that is too large', async () => {
  const words = (work: Promise<unknown>) => work.then(() => '', String);
  // Random bytes, which do not compress.
  const blocks = Array.from({ length: 512 }, (_, n) => createHash('sha256').update(String(n)).digest());
  const noise = Buffer.concat(blocks);
  assert.match(await words(userData(Buffer.alloc(16_385), SECONDS)), /the document has 16385 bytes/);
  assert.match(await words(userData(noise, SECONDS)), /--no-dead-man/);
  assert.is(await words(userData(noise, undefined)), '');
});

test.run();
