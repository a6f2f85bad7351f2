import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from './support/run';

/** `check` on several documents, in every output form, and with ignored findings. */
const test = suite<{ dir: string; bad: string; good: string }>('check: forms and files');

/** One error on line 4, one on line 7. */
const BAD = `#cloud-config
write_files:
  - path: /a
    owner: "991:991"
    content: x
  - path: /b
    owner: "992:992"
    content: y
`;

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'check-'));
  context.bad = join(context.dir, 'bad, 1.yaml');
  context.good = join(context.dir, 'good.yaml');
  writeFileSync(context.bad, BAD);
  writeFileSync(context.good, '#cloud-config\npackages: [git]\n');
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const codesOf = (words: string[], input?: string) =>
  (JSON.parse(run(['check', '--json', ...words], input).stdout) as { code: string; line?: number }[])
    .filter(({ code }) => code.startsWith('owner') || code.startsWith('ignore'))
    .map(({ code, line }) => `${code} ${line}`);

test('FILE:LINE:COLUMN, the line with a caret, and what to do', ({ bad }) => {
  const { code, stdout } = run(['check', bad]);
  assert.is(code, 1);
  assert.ok(stdout.includes(`${bad}:4:12: error: write_files[0].owner: `), stdout);
  assert.match(stdout, '  4 |     owner: "991:991"\n    |            ^\n');
});

test('several files and patterns; the findings name their file', ({ dir, bad, good }) => {
  const both = run(['check', good, bad]);
  assert.is(both.code, 1);
  assert.match(both.stdout, /^2 documents: 2 errors, /m);
  const pattern = run(['check', join(dir, '*.yaml')]);
  assert.match(pattern.stdout, /^2 documents: 2 errors, /m);
  const files = JSON.parse(run(['check', '--json', good, bad]).stdout) as { file: string }[];
  assert.ok(files.some(({ file }) => file === bad));
  assert.is(run(['check', good, '-'], BAD).code, 1);
});

test('a file that cannot be read stops before the first is checked, and each is named', ({ dir, bad }) => {
  mkdirSync(join(dir, 'folder'));
  const { code, stdout, stderr } = run([
    'check',
    bad,
    join(dir, 'a'),
    join(dir, 'folder'),
    join(dir, '*.yml'),
  ]);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, 'there is no such file');
  assert.match(stderr, 'folder cannot be read');
  assert.match(stderr, 'no file matches');
});

test('GitHub: one command per line, with its special characters escaped', ({ bad }) => {
  const { code, stdout } = run(['check', bad, '--format', 'github']);
  assert.is(code, 1);
  const lines = stdout.trimEnd().split('\n');
  const file = bad.replace(',', '%2C');
  assert.ok(
    lines.some((line) =>
      line.startsWith(`::error file=${file},line=4,col=12,title=owner-numeric::write_files[0].owner: `),
    ),
    stdout,
  );
  assert.ok(
    lines.every((line) =>
      /^::(?:error|warning|notice) file=[^,]+,line=\d+,col=\d+,title=[a-z0-9-]+::./.test(line),
    ),
  );
});

test('GitLab: a fingerprint that a line above does not change', ({ bad }) => {
  const report = () =>
    JSON.parse(run(['check', bad, '--format', 'gitlab']).stdout) as {
      fingerprint: string;
      check_name: string;
      severity: string;
      location: { path: string; lines: { begin: number } };
    }[];
  const before = report();
  const owners = before.filter(({ check_name: name }) => name === 'owner-numeric');
  assert.equal(
    owners.map(({ severity, location }) => [severity, location.path, location.lines.begin]),
    [
      ['major', bad, 4],
      ['major', bad, 7],
    ],
  );
  assert.is(new Set(before.map(({ fingerprint }) => fingerprint)).size, before.length);
  writeFileSync(bad, BAD.replace('write_files', '# a comment\nwrite_files'));
  assert.equal(
    report().map(({ fingerprint }) => fingerprint),
    before.map(({ fingerprint }) => fingerprint),
  );
});

test('SARIF: each result refers to its rule and has a place', ({ bad }) => {
  const { version, runs } = JSON.parse(run(['check', bad, '--format', 'sarif']).stdout);
  assert.is(version, '2.1.0');
  const [{ tool, results }] = runs;
  for (const { ruleId, ruleIndex } of results) assert.is(tool.driver.rules[ruleIndex].id, ruleId);
  const [owner] = results.filter(({ ruleId }: { ruleId: string }) => ruleId === 'owner-numeric');
  assert.is(owner.level, 'error');
  assert.equal(owner.locations[0].physicalLocation.region, { startLine: 4, startColumn: 12 });
  assert.not.match(owner.locations[0].physicalLocation.artifactLocation.uri, ' ');
});

test('--json is --format json, and contradicts another form', ({ bad }) => {
  assert.is(run(['check', bad, '--json']).stdout, run(['check', bad, '--format', 'json']).stdout);
  assert.is(run(['check', bad, '--json', '--format', 'sarif']).code, 2);
});

test('--ignore: codes, repeated or with commas; an unknown one is a mistake', ({ bad }) => {
  assert.is(run(['check', bad, '--ignore', 'owner-numeric']).code, 0);
  assert.match(run(['check', bad, '--ignore', 'type,owner-numeric']).stdout, /, 2 ignored$/m);
  const { code, stderr } = run(['check', bad, '--ignore', 'owner-numerc']);
  assert.is(code, 2);
  assert.match(stderr, 'did you mean owner-numeric?');
});

test('a comment ignores on its line, or on the next one if it stands alone', () => {
  const at4 = BAD.replace('"991:991"', '"991:991" # gen-cloudinit: ignore owner-numeric');
  assert.equal(codesOf(['-'], at4), ['owner-numeric 7']);
  const above = BAD.replace('    owner: "992', '    # gen-cloudinit: ignore owner-numeric\n    owner: "992');
  assert.equal(codesOf(['-'], above), ['owner-numeric 4']);
  const all = BAD.replace('write_files', '# gen-cloudinit: ignore-file owner-numeric, type\nwrite_files');
  assert.equal(codesOf(['-'], all), []);
});

test('a comment without a code, or with a wrong one, is reported', () => {
  for (const words of ['', 'owner-numerc', 'nonsense'])
    assert.equal(
      codesOf(['-'], BAD.replace('write_files', `# gen-cloudinit: ignore ${words}\nwrite_files`)),
      ['ignore-comment 2', 'owner-numeric 5', 'owner-numeric 8'],
    );
});

test('--quiet prints errors and warnings only', ({ good, bad }) => {
  assert.is(run(['check', good, '--quiet']).stdout, '');
  const { stdout } = run(['check', bad, '--quiet']);
  assert.match(stdout, '[owner-numeric]');
  assert.not.match(stdout, ' info: ');
  assert.not.match(stdout, /errors, /);
});

test('no line that may hold a secret is quoted', () => {
  const secret = 'hunter2';
  for (const text of [
    `#cloud-config\nchpasswd:\n  list: |\n    root:${secret}\n  frob: 1\n`,
    `#cloud-config\nusers:\n  - name: a\n    passwd: ${secret}\n    frob: 1\n`,
    `#cloud-config\npassword: ${secret}\n`,
    `#cloud-config\npassword: ${secret}: x\n`,
    `#cloud-config\npassword:\n  - ${secret}\n  - *${secret}\n`,
    `#cloud-config\nruncmd:\n  - curl https://user:${secret}@www.example.org/: x\n`,
    `#cloud-config\nruncmd:\n  - export DB_PASSWORD=${secret}: x\n`,
    `#cloud-config\nchpasswd:\n  list:\n    - root:${secret}\n   - bad\n`,
    `#cloud-config\nssh_keys:\n  rsa_private: |\n    ${secret}\n   x\n`,
  ])
    for (const format of ['text', 'json', 'github', 'gitlab', 'sarif']) {
      const { stdout, stderr } = run(['check', '-', '--format', format], text);
      assert.not.match(stdout + stderr, secret, text);
    }
});

test.run();
