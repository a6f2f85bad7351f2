import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

// Long texts of one kind. With linear work each takes a moment; with quadratic work it takes minutes or gigabytes. The
// limits are far from both. Seconds are processor time, which does not grow on a busy machine.
const SECONDS = 60;
const MEBIBYTES = 700;
const SIZE = 400_000;

const home = mkdtempSync(join(tmpdir(), 'long-'));
const test = suite('long inputs');
test.after(() => rmSync(home, { recursive: true }));

const filled = (unit: string, size = SIZE) => unit.repeat(Math.ceil(size / unit.length));
const numbered = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('');
const config = (text: string) => `#cloud-config\n${text}`;
const file = (path: string, content: string) =>
  config(`write_files:\n- path: ${JSON.stringify(path)}\n  content: ${JSON.stringify(content)}\n`);

/** Runs the command on the text. @returns its exit code */
function ends(text: string, ...args: readonly string[]): number | null {
  const document = join(home, 'document');
  writeFileSync(document, text);
  const argv = args.map((arg) => (arg === 'FILE' ? document : arg));
  const node = [process.execPath, `--max-old-space-size=${MEBIBYTES}`, 'dist/cli.js', ...argv];
  const { status, signal, stderr } = spawnSync(
    'sh',
    ['-c', `ulimit -t ${SECONDS} && exec "$@"`, 'sh', ...node],
    { encoding: 'utf8', maxBuffer: 2 ** 30 },
  );
  assert.is(signal, null, `${args.join(' ')}: ended by ${signal}`);
  assert.not.match(stderr, /heap out of memory|Maximum call stack/);
  return status;
}

const OPTIONS: Readonly<Record<string, string>> = {
  newlines: filled('\n'),
  'newlines before the end of a value': `domain: a${filled('\n')}b`,
  blanks: filled(' '),
  'comments that are indented': filled('   # a\n'),
  'carriage returns': filled('\r'),
  brackets: filled('['),
};
for (const [name, text] of Object.entries(OPTIONS))
  test(`--config of ${name}`, () => {
    assert.is(ends(text, '--config', 'FILE', '--email', 'admin@example.org'), 2);
  });

test('extract of one path with very many parts, which Linux refuses too', () => {
  const answer = ends(file(`/${filled('a/')}`, ''), 'extract', 'FILE', join(home, 'parts'));
  assert.is(answer, 1);
});

const DOCUMENTS: Readonly<Record<string, string>> = {
  newlines: config(filled('\n')),
  blanks: config(`a:${filled(' ')}`),
  brackets: config(filled('[')),
  dashes: config(filled('- ')),
  quotes: config(filled('"')),
  colons: config(filled(': ')),
  'a number in base 60': config(`a: ${filled('1:')}1`),
  'here-documents that never end': `#!/bin/sh\n${numbered(40_000, (n) => `a <<E${n}\n`)}`,
  'comparisons in one test': `#!/bin/sh\n[ ${filled('a==')}`,
  'letters behind one dash': `#!/bin/sh\necho -${filled('e')}!`,
  'a key repeated in a file': file('/a.yaml', filled('a: 1\n', 100_000)),
  'tabs in quotes': config(`a:\n${numbered(30_000, (n) => `- "a\t${n}"\n`)}`),
  'secrets in files': config(
    `write_files:\n${numbered(6000, (n) => `- path: /a${n}\n  content: "password: aB3${n}xYz9qQ"\n`)}`,
  ),
  'mounts over files': config(
    `mounts:\n${numbered(12_000, (n) => `- [a, /m${n}]\n`)}write_files:\n${numbered(12_000, (n) => `- {path: /a${n}}\n`)}`,
  ),
  'one large mapping merged into many': config(
    `a: &a {${numbered(15_000, (n) => `k${n}: 1, `)}}\nwrite_files:\n${numbered(8000, (n) => `- {path: /a${n}, <<: *a}\n`)}`,
  ),
  'one file appended to again and again': config(
    `a: &a "${filled('a', 9000)}"\nwrite_files:\n${numbered(6000, () => '- {path: /a, append: true, content: *a}\n')}`,
  ),
};
for (const [name, text] of Object.entries(DOCUMENTS))
  test(`check, show and extract of ${name}`, () => {
    for (const verb of [['check'], ['show'], ['extract', join(home, name)]]) {
      const [word = '', ...rest] = verb;
      assert.ok([0, 1, 2].includes(ends(text, word, 'FILE', ...rest) ?? -1), word);
    }
  });

test.run();
