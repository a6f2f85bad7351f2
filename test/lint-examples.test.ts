import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../src/cloudinit/lint/lint';
import { CODES, type Explanation } from '../src/diagnostics/codes';

/** The two documents in each row of the table: the faulty one gives the code, the fixed one does not. */
const test = suite('lint: the examples of the table');

const OPTIONS = { strict: true, target: 'multipass' };
const headed = (text: string) => (/^\s*#/.test(text) ? text : `#cloud-config\n${text}`);
const found = (text: string) => lint(new TextEncoder().encode(headed(text)), OPTIONS);

const ROWS: readonly (readonly [string, Explanation])[] = Object.entries(CODES);
for (const [code, { example }] of ROWS) {
  if (!example) continue;
  test(code, () => {
    const codes = (text: string) => found(text).map((diagnostic) => diagnostic.code);
    assert.ok(
      codes(example.faulty).some((each) => each === code),
      codes(example.faulty).join(),
    );
    assert.not.ok(
      codes(example.fixed).some((each) => each === code),
      code,
    );
    const serious = found(example.fixed).filter(({ severity }) => severity === 'error');
    assert.equal(serious, []);
  });
}

test('a rule without an example is about bytes, sizes, tools or the command line', () => {
  const without = ROWS.filter(([, { example }]) => !example).map(([code]) => code);
  const rules = without.filter((code) =>
    /^(?:input|not-utf8|header|kind|size|provider|shell|commands|cloud-init|key-too-new)/.test(code),
  );
  assert.equal(rules.sort(), [
    'cloud-init-schema',
    'commands-unchecked',
    'header-bom',
    'input-form',
    'input-gzip',
    'key-too-new',
    'kind-not-checked',
    'not-utf8',
    'provider',
    'provider-form',
    'shell-syntax',
    'shell-syntax-unchecked',
    'size',
  ]);
});

test.run();
