import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { COMBINATIONS, generated, RUNGS } from './support/documents';
import { reemittedText } from './support/multipass';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/**
 * cloud-init's own validator on every combination, in the oldest supported version (22.4) and the newest. It says
 * "Skipping" and succeeds where jsonschema is missing, so the tests compare the output besides the exit code; top-level keys
 * are checked since 23.4 only (canonical/cloud-init, cloudinit/config/schema.py).
 */
const test = suiteWith('cloud-init schema', ['root:bookworm', 'root:sid']);
const ROOTS: readonly Root[] = ['bookworm', 'sid'];
const DOCUMENTS = [...COMBINATIONS, ...RUNGS];
const PATH = '/root/user-data.yaml';

let stage: Stage;
test.before(async () => {
  stage = await Stage.open(...ROOTS);
});
test.after(() => stage?.close());

/** Validates many texts in one Python process; the first is also given to the command itself. */
function validate(root: Root, texts: readonly string[]): { code: number; said: string }[] {
  texts.forEach((text, index) => {
    stage.write(root, `/root/documents/${index}.yaml`, text);
  });
  const driver = readFileSync('test/conformance/support/schema_check.py', 'utf8');
  return JSON.parse(
    stage.must(root, ['python3', '-', String(texts.length)], { input: driver, timeout: 300_000 }),
  );
}

for (const root of ROOTS) {
  test(`${root}: the command calls the default document valid`, () => {
    const [first] = COMBINATIONS;
    assert.ok(first);
    stage.write(root, PATH, generated(first).text);
    const { code, stdout, stderr } = stage.run(root, ['cloud-init', 'schema', '-c', PATH]);
    assert.is(code, 0, stdout + stderr);
    assert.match(stdout, /^Valid (?:cloud-config|schema)/m);
    assert.is(stderr, '');
  });

  test(`${root}: the validator does refuse a wrong document`, () => {
    const [verdict] = validate(root, ['#cloud-config\nwrite_files: [{path: /a, mode: "0644"}]\n']);
    assert.is.not(verdict?.code, 0);
    assert.match(verdict?.said ?? '', /mode/);
  });

  for (const [how, made] of [
    ['', (text: string) => text],
    [', as multipass rewrites it', reemittedText],
  ] as const) {
    test(`${root}: every combination is valid${how}, without a deprecation`, () => {
      const verdicts = validate(
        root,
        DOCUMENTS.map((combination) => made(generated(combination).text)),
      );
      DOCUMENTS.forEach(({ name }, index) => {
        const { code, said } = verdicts[index] ?? { code: -1, said: 'no verdict' };
        assert.is(code, 0, `${name}: ${said}`);
        assert.match(said, /^Valid (?:cloud-config|schema)/, name);
        assert.not.match(said, /skipping|deprecat|warning/i, name);
      });
    });
  }
}

test.run();
