import { load, YAML11_SCHEMA } from 'js-yaml';
import * as assert from 'uvu/assert';
import { COMBINATIONS, documentOf, generated } from './support/documents';
import { reemitted } from './support/multipass';
import { suiteWith } from './support/tools';
import { PyYaml } from './support/yaml';

/** Every program that reads the document on its way to the server must read the same data. */
const test = suiteWith('YAML readers', ['python3-yaml']);

let python: PyYaml;
test.before(() => {
  python = new PyYaml();
});
test.after(() => python?.close());

test('PyYAML reads what YAML 1.2 and YAML 1.1 readers read', async () => {
  for (const combination of COMBINATIONS) {
    const { text, name } = generated(combination);
    const data = load(text);
    assert.equal(await python.read(text), data, name);
    assert.equal(load(text, { schema: YAML11_SCHEMA }), data, `${name}, YAML 1.1`);
  }
});

test('the document survives rewriting by Multipass', async () => {
  for (const combination of COMBINATIONS) {
    const data = load(generated(combination).text);
    assert.equal(await python.read(reemitted(data)), data, combination.name);
  }
});

test('the rewriting does lose quotes', async () => {
  const texts = ['yes', '12', '1_000', '0644', '0o644', '22:22', '', 'two\nlines', '- x', 'plain'];
  assert.equal(await python.read(reemitted({ a: texts })), {
    a: [true, 12, 1000, 420, '0o644', '22:22', '', 'two\nlines', '- x', 'plain'],
  });
});

test('the document is ASCII and cannot be taken for MIME', () => {
  for (const combination of COMBINATIONS) {
    const { text, name } = generated(combination);
    assert.not.match(text, /[^\n\x20-\x7e]/, name);
    assert.ok(text.startsWith('#cloud-config\n'), name);
    assert.ok(text.endsWith('\n'), name);
    // cloud-init parses user data that has these words at its start as a MIME message (cloudinit/user_data.py).
    assert.not.match(text, /mime-version:/i, name);
  }
});

test('the same options give the same bytes', () => {
  const first = documentOf('server');
  assert.is(
    generated({ name: 'again', args: COMBINATIONS.find(({ name }) => name === 'server')?.args ?? [] }).text,
    first.text,
  );
});

test.run();
