import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from './support/run';

/** The --json output of each verb matches its schema. */
const test = suite<{ folder: string; documents: string[] }>('schemas of --json');

/** A document with every kind of entry, right and wrong. */
const ODD = `#cloud-config
packages: [git, [curl, "8"], {snap: [core]}]
users: [default, {name: alice}]
bootcmd: [[echo, a]]
runcmd: [reboot, {a: b}]
apt:
  sources:
    one: {source: "deb https://apt.example.org stable main", keyid: AAAA}
write_files:
  - path: /a
    encoding: b64
    content: "***"
  - path: ../b
    content: x
    append: true
    defer: true
  - path: /c
    source: {uri: https://www.example.org/c}
nonsense: 1
`;

/** A part that is right, one that is refused, one that is ignored. */
const MIME = `Content-Type: multipart/mixed; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/cloud-config

#cloud-config
packages: [git]
--b
Content-Type: text/cloud-config

#cloud-config
a: [
--b
Content-Type: text/plain

hello
--b--
`;

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'schemas-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(context.folder, name), text);
    return join(context.folder, name);
  };
  context.documents = [
    ...['default.yaml', 'rung-plain.yaml', 'rung-key-fetched.b64'].map((name) => join('out', name)),
    file('odd.yaml', ODD),
    file('script.sh', '#!/bin/sh\necho hello\n'),
    file('broken.yaml', '#cloud-config\na: [\n'),
    file('nothing.txt', 'hello\n'),
    file('mime.txt', MIME),
  ];
});
test.after(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const validator = (of: string) => new Ajv({ strict: true }).compile(JSON.parse(run(['schema', of]).stdout));

for (const verb of ['check', 'show']) {
  test(verb, ({ documents }) => {
    const isValid = validator(verb);
    assert.ok(documents.length > 4);
    for (const file of documents) {
      const { stdout } = run([verb, file, '--json']);
      assert.ok(isValid(JSON.parse(stdout)), `${file}: ${JSON.stringify(isValid.errors)}`);
    }
  });
}

test('extract', ({ folder, documents }) => {
  const isValid = validator('extract');
  const outcomes = documents.map((file, index) => {
    const { code, stdout } = run(['extract', file, join(folder, String(index)), '--json']);
    if (code !== 2) assert.ok(isValid(JSON.parse(stdout)), `${file}: ${JSON.stringify(isValid.errors)}`);
    return code;
  });
  // Some documents extract whole, one in part, and the verb refuses anything except a cloud-config.
  assert.equal([...new Set(outcomes)].sort(), [0, 1, 2]);
});

test('a strict validator accepts every schema', () => {
  for (const of of ['config', 'check', 'show', 'extract', 'verify', 'doctor']) validator(of);
  const { code, stderr } = run(['schema', 'foo']);
  assert.is(code, 2);
  assert.match(stderr, 'OF has an invalid value');
});

test.run();
