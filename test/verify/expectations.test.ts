// Reads the expectations of `verify` from documents that the command makes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Expectations, readExpectations } from '../../src/verify/expectations';
import { generated } from '../support/run';

const test = suite('verify: what a document promises');

function subjectOf(...args: string[]): Expectations {
  const expectations = readExpectations(Buffer.from(generated('--domain', 'matrix.test', ...args)));
  if ('problem' in expectations) throw new Error(expectations.problem);
  return expectations;
}

test('domain, names, certificate, containers', () => {
  const expectations = subjectOf('--server-name', 'example.test', '--base-dir', '/srv/m');
  assert.is(expectations.domain, 'matrix.test');
  assert.is(expectations.serverName, 'example.test');
  assert.is(expectations.baseDir, '/srv/m');
  assert.is(expectations.certificateName, 'matrix.test');
  assert.is(expectations.proxy, 'nginx-nginx-1');
  assert.equal(
    expectations.containers.map(({ name, image, isChecked }) => `${name} ${image} ${isChecked}`),
    [
      'matrix-db-1 postgres:15-alpine true',
      'matrix-synapse-1 matrixdotorg/synapse:latest true',
      'matrix-element-1 vectorim/element-web:latest false',
      'nginx-nginx-1 jonasal/nginx-certbot:latest true',
    ],
  );
});

test('every file, with the owner that it has in the end, its mode and the checksum of what lands', () => {
  const { files } = subjectOf();
  const rows = new Map(files.map(({ path, owner, mode }) => [path, `${owner} ${mode}`]));
  assert.is(rows.size, 11);
  assert.is(rows.get('/data/matrix/files/homeserver.yaml'), '991:991 0644');
  assert.is(rows.get('/var/lib/gen-cloudinit/homeserver.yaml'), 'root:root 0644');
  assert.is(rows.get('/etc/gen-cloudinit.env'), 'root:root 0600');
  assert.is(rows.get('/usr/local/sbin/matrixctl'), 'root:root 0755');
  const readme = files.find(({ path }) => path.endsWith('/schemas/README'));
  const checksum = createHash('sha256').update(readFileSync('templates/server/schemas/README')).digest('hex');
  assert.is(readme?.sha256, checksum);
});

test('who signs', () => {
  assert.is(subjectOf().signer, 'letsencrypt');
  assert.is(subjectOf('--tls', 'local-ca').signer, 'local-ca');
  assert.is(subjectOf('--tls', 'staging').signer, 'staging');
  assert.is(subjectOf('--acme-url', 'https://acme.test/dir').signer, 'acme');
});

test('ports that the document publishes on purpose', () => {
  assert.equal(subjectOf().publishedTo, []);
  assert.equal(subjectOf('--synapse-bind', '10.1.2.3').publishedTo, ['10.1.2.3']);
  assert.equal(subjectOf('--synapse-bind', 'fd00::1').publishedTo, ['fd00::1']);
  assert.equal(subjectOf('--synapse-bind', '0.0.0.0').publishedTo, ['0.0.0.0']);
});

test("another tool's document, and none at all", () => {
  for (const [text, words] of [
    ['#cloud-config\nruncmd: [true]\n', "it is not one of gen-cloudinit's"],
    ['#cloud-config\nwrite_files: [\n', 'cannot be read'],
  ]) {
    const expectations = readExpectations(Buffer.from(text!));
    assert.ok('problem' in expectations);
    assert.match(expectations.problem, words!);
  }
});

test.run();
