import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CODES, type Explanation } from '../src/diagnostics/codes';
import { run } from './support/run';

/** The explanation of each code, in the table and as `gen-cloudinit explain` prints it. */
const explain = suite('explain');

const ROWS = Object.entries(CODES);
const NAMES = ROWS.map(([code]) => code);

const TABLE = join('diagnostics', 'codes');
/** Places where a diagnostic gets its code: a property, a helper's first argument, a constant. */
const EMITTED =
  /(?:\bcode: |\b(?:error|warning|info|warn|wrong|make|InputError)\(\s*|\bconst CODE = )'([a-z][a-z0-9-]*)'/g;

explain('the sources emit every code of the table, and no other', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith(TABLE),
  );
  const emitted = files.flatMap((file) =>
    [...readFileSync(join('src', file), 'utf8').matchAll(EMITTED)].map(([, code]) => code),
  );
  assert.equal([...new Set(emitted)].sort(), [...NAMES].sort());
});

explain('no area of the table repeats a code of another one', () => {
  const rows = readdirSync(join('src', TABLE)).flatMap((file) => [
    ...readFileSync(join('src', TABLE, file), 'utf8').matchAll(/^ {2}(?:'[a-z0-9-]+'|[a-z]+): \{$/gm),
  ]);
  assert.is(rows.length, NAMES.length);
});

explain('rows are short whole sentences, and `finds` is one of them', () => {
  for (const [code, { finds, why, fix }] of ROWS) {
    for (const text of [finds, why, fix]) {
      assert.ok(text.endsWith('.'), `${code}: ${text}`);
      for (const sentence of sentences(text))
        assert.ok(sentence.split(' ').length < 25, `${code}: ${sentence}`);
      assert.ok(sentences(text).length <= 2, `${code}: ${text}`);
    }
    assert.is(sentences(finds).length, 1, `${code}: ${finds}`);
  }
});

/** The sentences of a text; a point inside a name, such as `runcmd.0`, does not end a sentence. */
function sentences(text: string): string[] {
  return text.split(/(?<=\.) /);
}

explain('a code: what it finds, why it matters, what to do', () => {
  const { finds, why, fix, example }: Explanation = CODES['owner-numeric'];
  const { code, stdout, stderr } = run(['explain', 'owner-numeric']);
  assert.is(code, 0);
  assert.is(stderr, '');
  assert.is(
    stdout,
    `owner-numeric\n\n${finds}\n\nWhy it matters: ${why}\n\nWhat to do: ${fix}\n\nExample:\n\n${indented(example?.faulty ?? '')}\nUse instead:\n\n${indented(example?.fixed ?? '')}`,
  );
});

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, '    ');

explain('a rule that is advice, or for one target, says so', () => {
  assert.match(run(['explain', 'runcmd-no-set-e']).stdout, 'check shows it with --strict only');
  assert.match(run(['explain', 'multipass-type']).stdout, 'check shows it with --target multipass only');
});

explain('a code as JSON', () => {
  const { code, stdout } = run(['explain', 'owner-numeric', '--json']);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout), { code: 'owner-numeric', ...CODES['owner-numeric'] });
});

explain('without a code: one line per code', () => {
  const { code, stdout } = run(['explain']);
  assert.is(code, 0);
  assert.is(stdout, ROWS.map(([name, { finds }]) => `${name}: ${finds}\n`).join(''));
});

explain('every code as JSON', () => {
  const { code, stdout } = run(['explain', '--json']);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout), CODES);
});

for (const [name, hint] of [
  ['owner-numerc', 'did you mean owner-numeric?'],
  ['toString', 'gen-cloudinit explain lists every code'],
] as const)
  explain(`a code that does not exist: ${name}`, () => {
    const { code, stdout, stderr } = run(['explain', name]);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.is(
      stderr,
      [
        `error: no message has the code ${name} [unknown-code]`,
        `    hint:     ${hint}`,
        'gen-cloudinit: nothing was done; gen-cloudinit explain --help shows the options',
        '',
      ].join('\n'),
    );
  });

explain.run();
