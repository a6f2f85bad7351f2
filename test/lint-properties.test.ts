import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonProblem } from '../src/cloudinit/lint/json-syntax';
import { lint } from '../src/cloudinit/lint/lint';
import { shellCode } from '../src/cloudinit/lint/shell-code';
import { planExtract } from '../src/cloudinit/read/extract-plan';
import { inventory } from '../src/cloudinit/read/inventory';
import { readUserData } from '../src/cloudinit/read/user-data';

const test = suite('lint: any input');
const bytes = (text: string) => new TextEncoder().encode(text);

function looksAt(given: Uint8Array): void {
  for (const { line, column } of lint(given)) assert.ok((line ?? 0) >= 1 && (column ?? 0) >= 1);
  inventory(readUserData(given));
  planExtract(given, true);
}

test('meaningless bytes are reported and never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), looksAt), { numRuns: 500 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => looksAt(Uint8Array.of(0x1f, 0x8b, 8, ...tail))),
    {
      numRuns: 500,
    },
  );
});

test('broken documents are reported and never throw', () => {
  const text = readFileSync('out/default.yaml', 'utf8').slice(-3000);
  const broken = fc.tuple(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 5, unit: 'binary' }));
  fc.assert(
    fc.property(broken, ([at, cut, put]) => {
      looksAt(bytes(`#cloud-config\nwrite_files:\n${text.slice(0, at)}${put}${text.slice(at + cut)}`));
    }),
    { numRuns: 300 },
  );
});

test('any value under any known key', () => {
  const leaf = fc.constantFrom(
    null,
    true,
    0,
    1.5,
    '',
    'a',
    '991:991',
    '0644',
    'b64',
    'gz+b64',
    '$KEY_FILE',
    [],
    {},
  );
  const keys = fc.constantFrom(
    ...'write_files path content owner permissions encoding source uri append defer runcmd bootcmd users name passwd groups apt sources a key keyid mounts packages chpasswd list user'.split(
      ' ',
    ),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(keys, value, { maxKeys: 6 }), (config) =>
      looksAt(bytes(`#cloud-config\n${JSON.stringify(config)}\n`)),
    ),
    { numRuns: 2000 },
  );
});

test('loops and crowds of aliases end', () => {
  const merges = Array.from(
    { length: 60 },
    (_, index) => `k${index + 1}: &k${index + 1} {<<: [*k${index}, *k${index}, *k${index}]}\n`,
  );
  looksAt(bytes(`#cloud-config\nk0: &k0 {a: 1}\n${merges.join('')}users: *k60\n`));
  looksAt(
    bytes(
      '#cloud-config\nwrite_files: &a\n  - *a\nusers: &b {groups: *b, name: *b}\nruncmd: &c [[*c, *c], *c]\n',
    ),
  );
});

test('no text makes the search for secrets and commands slow', () => {
  const words = [
    'a-',
    '-',
    'password',
    'set ',
    'trap ',
    '[ ',
    'eyJ-',
    'glpat-',
    'a.',
    '<<a\n',
    '"',
    '$(',
    'cloud-init status ',
    '-----BEGIN ',
  ];
  for (const word of words) {
    const body = word
      .repeat(Math.ceil(60_000 / word.length))
      .split('\n')
      .join('\n    ');
    looksAt(bytes(`#cloud-config\nruncmd:\n  - |\n    ${body}\n`));
  }
});

test('the JSON reader accepts what JSON.parse accepts', () => {
  const takes = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(fc.property(fc.json(), (text) => assert.is(jsonProblem(text), undefined)));
  const piece = fc.constantFrom(
    ...'{}[],:"\\ \t\n-+.0123eE',
    'true',
    'null',
    '"a"',
    '\\u00e4',
    '\u0000',
    '\u0080',
    '\ud800',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      const problem = jsonProblem(text);
      assert.is(problem === undefined, takes(text), JSON.stringify(text));
      if (problem) assert.ok(problem.start <= text.length);
    }),
    { numRuns: 20_000 },
  );
});

test('blanked shell code keeps every line and every place', () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    '#',
    ' ',
    '\n',
    '\\',
    '<<A',
    '<<-"B"',
    '\nA\n',
    '\n\tB\n',
    'word',
    '$(',
    ')',
    '<<<',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
      const script = parts.join('');
      const code = shellCode(script);
      assert.is(code.length, script.length);
      assert.equal(code.split('\n').length, script.split('\n').length);
    }),
    { numRuns: 5_000 },
  );
});

test.run();
