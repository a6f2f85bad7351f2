import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { README_TABLES } from './support/readme-tables';
import { run } from './support/run';

/** What the repository holds of generated text. `npm run render` writes it anew; here it is compared. */
const golden = suite('golden files');
const update = process.env.RENDER === '1';

function compare(path: string, text: string): void {
  if (update) writeFileSync(path, text);
  assert.is(readFileSync(path, 'utf8'), text, `${path} is out of date: npm run render`);
}

for (const file of readdirSync('test/examples')) {
  golden(`out/${file}`, () => {
    if (update) mkdirSync('out', { recursive: true });
    const { code, stdout } = run(['--config', `test/examples/${file}`]);
    assert.is(code, 0);
    compare(`out/${file}`, stdout);
  });
}

golden('out/ holds nothing else', () => {
  const documents = readdirSync('out').filter((name) => name.endsWith('.yaml'));
  assert.equal(documents.sort(), readdirSync('test/examples').sort());
});

for (const [name, table] of Object.entries(README_TABLES)) {
  golden(`README's table of ${name}`, () => {
    const readme = readFileSync('README.md', 'utf8');
    const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*(<!-- /${name} -->)`);
    assert.ok(marked.test(readme), 'README.md has the marks of the table');
    compare(
      'README.md',
      readme.replace(marked, (_, open, close) => `${open}${table()}${close}`),
    );
  });
}

golden.run();
