import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../src/cloudinit/lint/lint';

const bytes = (text: string) => new TextEncoder().encode(text);

const header = suite('lint header');
const codes = (given: Uint8Array, provider?: string) =>
  lint(given, provider === undefined ? {} : { provider })
    .filter(({ code }) => code !== 'size')
    .map(({ code, severity }) => `${severity} ${code}`);
const HEADERS: readonly (readonly [string, string])[] = [
  ['# cloud-config\nhostname: a\n', 'error header-missing'],
  ['# mine\n#cloud-config\nhostname: a\n', 'error header-missing'],
  ['hostname: a\n', 'error header-missing'],
  ['\ufeff#cloud-config\nhostname: a\n', 'error header-bom'],
  ['\n#cloud-config\nhostname: a\n', 'warning header-position'],
  ['#Cloud-Config\nhostname: a\n', 'warning header-spelling'],
  ['#cloud-configuration\nhostname: a\n', 'warning header-spelling'],
  ['## template: jinja\n#cloud-config\nhostname: {{ a }}\n', 'info kind-not-checked'],
  ['## template: jinja\n#cloud-config\nhostname: [\n', 'error yaml-syntax'],
  ['#include\nhttps://example.org/a\n', 'info include-not-fetched'],
  ['#cloud-config-archive\n- 5\n', 'error archive-entry'],
  ['#cloud-config-archive\na: b\n', 'error archive-entry'],
  ['#cloud-boothook\nls\n', 'error script-shebang'],
  ['Content-Type: multipart/mixed; boundary=a\nMIME-Version: 1.0\n', 'error mime-headers'],
  ['Content-Type: multipart/mixed; boundary=a\n\n--a\n\n#!/bin/sh\n--a--\n', 'error mime-headers'],
];
for (const [text, expected] of HEADERS) {
  header(JSON.stringify(text), () =>
    assert.ok(codes(bytes(text)).includes(expected), codes(bytes(text)).join()),
  );
}
header('a script has nothing to say, and cloud-init converts its CR LF', () => {
  assert.equal(codes(bytes('#!/bin/sh\nls\n')), []);
  assert.equal(codes(bytes('#!/bin/sh\r\nif true; then\r\nls\r\nfi\r\n')), []);
});
header('gzip and base64 are decoded, with the lines of the document inside', () => {
  const zipped = gzipSync('#cloud-config\nhostname: a\nhostname: b\n');
  for (const given of [
    zipped,
    Buffer.from(zipped.toString('base64')),
    Buffer.from(`${zipped.toString('base64')}\n`),
  ]) {
    const found = lint(given);
    assert.is(found.find(({ code }) => code === 'yaml-duplicate-key')?.line, 3);
    assert.ok(found.some(({ code }) => code === 'input-form'));
  }
  assert.ok(codes(zipped.subarray(0, 30)).includes('error input-gzip'));
  assert.ok(codes(Uint8Array.from([...bytes('#cloud-config\na: '), 0xff])).includes('error not-utf8'));
});
header('providers: size and form', () => {
  const large = bytes(`#cloud-config\n# ${'a'.repeat(16_384)}\nhostname: a\n`);
  assert.ok(codes(large, 'digitalocean').every((code) => !code.startsWith('error')));
  const found = lint(large, { provider: 'ec2' });
  assert.is(found[0]?.code, 'size');
  assert.match(found[0]?.hint ?? '', /As gzip/);
  assert.is(lint(large)[0]?.severity, 'info');
  assert.equal(codes(gzipSync('#cloud-config\nhostname: a\n'), 'hetzner'), [
    'info input-form',
    'error provider-form',
  ]);
  assert.equal(codes(bytes('#cloud-config\nhostname: a\n'), 'nowhere'), ['error provider']);
});
header.run();
