import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { command } from './conformance/support/documents';
import { README_TABLES } from './support/readme-tables';
import { terminalPicture } from './support/terminal-picture';

/** The generated text in the repository. `npm run render` regenerates it; here it is compared. */
const golden = suite('golden files');
const update = process.env.RENDER === '1';

function compare(path: string, text: string): void {
  if (update) writeFileSync(path, text);
  assert.is(readFileSync(path, 'utf8'), text, `${path} is out of date: npm run render`);
}

/** The documents of the examples; a compressed one is kept as base64, which is text. */
const documents = new Map(
  readdirSync('test/examples').map((example) => {
    const { code, stdout, stderr } = command('--config', `test/examples/${example}`, '--quiet');
    if (code !== 0) throw new Error(`${example}: exit code ${code}: ${stderr}`);
    const isYaml = stdout.subarray(0, 1).toString() === '#';
    const isZipped = stdout[0] === 0x1f;
    const name = isYaml ? example : example.replace(/yaml$/, 'b64');
    return [name, isZipped ? `${stdout.toString('base64')}\n` : stdout.toString('latin1')];
  }),
);

for (const [name, text] of documents) {
  golden(`out/${name}`, () => {
    if (update) mkdirSync('out', { recursive: true });
    compare(`out/${name}`, text);
  });
}

golden('out/ holds nothing else', () => {
  const found = readdirSync('out').filter((name) => /\.(?:yaml|b64)$/.test(name));
  assert.equal(found.sort(), [...documents.keys()].sort());
});

for (const [name, { file, table }] of Object.entries(README_TABLES)) {
  golden(`README's table of ${name}`, () => {
    const readme = readFileSync(file, 'utf8');
    const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*(<!-- /${name} -->)`);
    assert.ok(marked.test(readme), `${file} has the marks of the table`);
    compare(
      file,
      readme.replace(marked, (_, open, close) => `${open}${table()}${close}`),
    );
  });
}

golden('the picture of the report', () => {
  const words = ['--domain', 'matrix.example.org', '--admin-user', 'alice', '--email', 'you@example.org'];
  const { stderr } = command(...words, '--provider', 'hetzner', '--backup', 'daily', '--output', '/dev/null');
  const typed = `npx gen-cloudinit ${words.join(' ')} --provider hetzner --backup daily --output user-data`;
  const report = stderr
    .replaceAll('/dev/null', 'user-data.yaml')
    .replace(/^warning: .*\n(?: {4}.*\n)*/gm, '');
  compare('.github/report.svg', terminalPicture(typed, report));
});

golden.run();
