import fc from 'fast-check';
import { CORE_SCHEMA, load, YAML11_SCHEMA } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { escapeFor } from '../src/server/escape';

/** The second guard after the option rules: every value stays one token, or is refused. */
const escaping = suite('escape');
const hostile = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.constantFrom(
    'yes',
    'NO',
    '~',
    'null',
    '0644',
    '22:22',
    '1_000',
    '2024-12-31',
    "a'b",
    'a"b',
    '$x',
    '$'.concat('{x}'),
    '`x`',
    'a: b',
    '- a',
    '# a',
    '',
    ' ',
    '<<',
  ),
);

escaping('YAML tokens read the same in YAML 1.1 and 1.2', () => {
  const yaml = escapeFor('homeserver.yaml');
  fc.assert(
    fc.property(hostile, (value) => {
      for (const schema of [CORE_SCHEMA, YAML11_SCHEMA]) {
        assert.equal(load(`a: ${yaml(value)}\nb: [${yaml(value)}]\n`, { schema }), { a: value, b: [value] });
      }
    }),
  );
});

escaping('JSON tokens', () => {
  const json = escapeFor('element-config.json');
  fc.assert(fc.property(hostile, (value) => assert.is(JSON.parse(json(value)), value)));
});

escaping("Compose's dollar is doubled", () => {
  assert.is(escapeFor('docker-compose.yml')('a$b'), '"a$$b"');
  assert.is(escapeFor('compose.yml')('x'), 'x');
});

escaping('nginx and env files refuse what they cannot hold', () => {
  for (const name of ['site.conf', 'nginx-certbot.env']) {
    assert.is(escapeFor(name)('https://acme.example.org:14000/dir'), 'https://acme.example.org:14000/dir');
    for (const value of ['a b', 'a;', 'a{', '$x', 'a\nb', '"', "'", '#'])
      assert.throws(() => escapeFor(name)(value), /cannot be written/);
  }
});

escaping('a kind of file without a rule is refused', () => {
  assert.throws(() => escapeFor('notes.txt'), /no rule/);
});

escaping.run();
