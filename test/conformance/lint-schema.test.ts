import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import * as assert from 'uvu/assert';
import { findAll } from '../../src/cloudinit/lint/lint';
import { schemaFindings } from '../../src/cloudinit/lint/schema-report';
import { EVERY_MODULE } from './support/every-module';
import { mutants } from './support/mutants';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/**
 * The table of keys against cloud-init 26.2's own validator: what that calls an error, the table reports at the same
 * path; what that calls valid, the table does not report. The documents are a valid one with every module, seeded
 * mutations of it, and the cases shared between the projects where they are present.
 */
const test = suiteWith('the table of keys and cloud-init schema', ['root:bookworm', 'root:sid']);
const SEED = 20_260_821;
const COUNT = 150;
const CASES = join('..', 'shared', 'cases', 'lint');

let stage: Stage;
test.before(async () => {
  stage = await Stage.open('bookworm', 'sid');
});
test.after(() => stage?.close());

/** Codes that say what the schema says. */
const OF_SCHEMA = ['unknown-key', 'type', 'value', 'empty-key', 'key-missing', 'key-conflict', 'list-items'];

function validate(texts: readonly string[], root: Root = 'sid'): { code: number; said: string }[] {
  texts.forEach((text, index) => {
    stage.write(root, `/root/documents/${index}.yaml`, text);
  });
  const driver = readFileSync('test/conformance/support/schema_check.py', 'utf8');
  return JSON.parse(stage.must(root, ['python3', '-', String(texts.length)], { input: driver }));
}

/** Differences between the validator and the table, in words. */
function differences(text: string, verdict: { code: number; said: string }, target?: string): string[] {
  const options = target === undefined ? {} : { target };
  const { document, findings } = findAll(new TextEncoder().encode(text), options);
  if (!document.root || findings.some(({ code }) => /^yaml(?!11-scalar)/.test(code))) return [];
  const answer = { code: verdict.code, stdout: verdict.said, stderr: '' };
  const said = schemaFindings(answer, document.root).filter(({ severity }) => severity === 'error');
  // Texts that PyYAML refuses are not for the table.
  if (said.some(({ message }) => /is not valid YAML/.test(message))) return [];
  const own = findings.filter(({ severity }) => severity !== 'info');
  // Of several kinds of reporters the validator compares with the wrong ones too.
  const place = (path: string) => path.replace(/^(reporting\.\w+)\..*$/, '$1');
  const isAt = (path: string, other: string) =>
    place(path) === place(other) || other.startsWith(`${path}.`) || other.startsWith(`${path}[`);
  const missed = said
    .filter(({ place }) => !own.some((each) => isAt(place.path, each.place.path)))
    .map(({ place, message }) => `missed at ${place.path}: ${message.slice(0, 160)}`);
  const invented = own
    .filter(({ code }) => OF_SCHEMA.includes(code))
    .filter(
      ({ place }) =>
        !said.some((each) => isAt(each.place.path, place.path) || isAt(place.path, each.place.path)),
    )
    .map(({ place, code, message }) => `invented ${code} at ${place.path}: ${message}`);
  return [...missed, ...invented];
}

function compare(texts: readonly string[], names: readonly string[]): void {
  const verdicts = validate(texts);
  const found = texts.flatMap((text, index) =>
    differences(text, verdicts[index]!).map((each) => `${names[index]}: ${each}`),
  );
  assert.equal(found, []);
}

test('a valid document with every module', () => {
  const text = `#cloud-config\n${dump(EVERY_MODULE)}`;
  const [verdict] = validate([text]);
  assert.match(verdict?.said ?? '', /^Valid schema/m);
  compare([text], ['every module']);
});

test(`${COUNT} seeded mutations of it`, () => {
  const made = mutants(EVERY_MODULE, SEED, COUNT);
  compare(
    made.map(({ value }) => `#cloud-config\n${dump(value)}`),
    made.map(({ how }) => how),
  );
});

test('the shared cases', () => {
  if (!existsSync(CASES)) {
    process.stderr.write(`skipped: ${CASES} is missing\n`);
    return;
  }
  const names = readdirSync(CASES).filter((name) => name.endsWith('.yaml'));
  const isConfig = (text: string) => /^#cloud-config\r?\n/.test(text);
  const given = names
    .map((name) => ({ name, text: readFileSync(join(CASES, name), 'utf8') }))
    .filter(({ text }) => isConfig(text));
  compare(
    given.map(({ text }) => text),
    given.map(({ name }) => name),
  );
});

/** Values with a form that later releases added: the table knows the release of each key, not of each form. */
const NEWER_FORMS = /missed at (?:ansible\.pull|disk_setup\.\w+\.layout)/;

test('what cloud-init 22.4 refuses is found too', () => {
  const made = mutants(EVERY_MODULE, SEED + 1, 60);
  const texts = made.map(({ value }) => `#cloud-config\n${dump(value)}`);
  const verdicts = validate(texts, 'bookworm');
  const missed = texts.flatMap((text, index) =>
    differences(text, verdicts[index]!, 'debian-12')
      .filter((each) => each.startsWith('missed') && !NEWER_FORMS.test(each))
      .map((each) => `${made[index]?.how}: ${each}`),
  );
  assert.equal(missed, []);
});

test.run();
