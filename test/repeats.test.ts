import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findAll } from '../src/cloudinit/lint/lint';
import { check } from '../src/commands/check-document';

/** With aliases a small document becomes large: repeated content is checked once. The tests count work instead of time. */
const test = suite('repeated texts');

const bytes = (text: string) => new TextEncoder().encode(`#cloud-config\n${text}`);
const times = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('');
const codes = (text: string) => findAll(bytes(text), { strict: true }).findings.map(({ code }) => code);

/** A long command, and how often it is repeated. */
const LONG = `echo ${'a'.repeat(100_000)}`;
const commands = (count: number, rest = '') =>
  `a: &a ${JSON.stringify(LONG)}\nruncmd:\n${times(count, () => '- *a\n')}${rest}`;
const lists = (count: number, rest = '') =>
  `a: &a ${JSON.stringify(LONG)}\nruncmd:\n${times(count, (n) => `- [*a, "${n}"]\n`)}${rest}`;

test('the script of repeated commands grows with the document', () => {
  for (const made of [commands, lists]) {
    const length = (count: number) => {
      const text = made(count);
      const script = findAll(bytes(text)).document.scripts.find(({ name }) => name === 'runcmd');
      return (script?.text.length ?? 0) / text.length;
    };
    assert.ok(length(2000) < 20, `${made.name}: ${length(2000)} times as long as the document`);
  }
});

test('a command after very many repetitions is checked all the same', () => {
  const last = '- if [[ a == b ]]; then cloud-init status --wait; fi\n';
  const found = codes(commands(2000, last));
  assert.ok(found.includes('bashism') && found.includes('cloud-init-wait'), found.join(' '));
  assert.ok(found.includes('runcmd-no-set-e'), found.join(' '));
  assert.not.ok(found.includes('commands-unchecked'));
});

test('the part that does not fit is reported as unchecked, with its start; the rest is checked', () => {
  const first = 'bootcmd: []\n';
  const text = first + lists(2000).replace('runcmd:\n', 'runcmd:\n- "[[ a == b ]]"\n');
  const { findings, document } = findAll(bytes(text));
  const unchecked = findings.filter(({ code }) => code === 'commands-unchecked');
  assert.is(unchecked.length, 1);
  assert.match(unchecked[0]?.place.path ?? '', /^runcmd\[\d+\]/);
  assert.is(unchecked[0]?.severity, 'warning');
  assert.ok(findings.some(({ code }) => code === 'bashism'));
  assert.is(document.scripts.length, 1);
});

test('a short command repeated is the script that cloud-init makes, line by line', () => {
  const { document } = findAll(bytes('a: &a "echo it\'s"\nruncmd: [*a, *a, [*a]]\n'));
  assert.is(document.scripts[0]?.text, "#!/bin/sh\necho it's\necho it's\n'echo it'\\''s'\n");
});

const script = (kind: string, count: number) =>
  `a: &a ${JSON.stringify(`${kind}${'a: 1\n'.repeat(100)}`)}\nwrite_files:\n${times(count, (n) => `- {path: /a${n}.yaml, content: *a}\n`)}`;

test('a text in many files is decoded once, and the shell checks it once', async () => {
  const { document } = findAll(bytes(script('#!/bin/sh\n', 300)));
  assert.is(document.files.length, 300);
  assert.is(new Set(document.files.map(({ decoded }) => decoded)).size, 1);
  const asked: string[] = [];
  const answer = { code: 2, stdout: '', stderr: 'sh: 2: Syntax error: odd' };
  const found = await check(
    bytes(script('#!/bin/sh\n', 300)),
    {},
    {
      syntax: async (_shell, text) => {
        asked.push(text);
        return answer;
      },
      schema: async () => undefined,
    },
  );
  assert.is(asked.length, 1);
  // Each file is reported all the same.
  assert.is(found.filter(({ code }) => code === 'shell-syntax').length, 300);
});

test('only a few shells run at a time', async () => {
  let [now, most] = [0, 0];
  const files = times(200, (n) => `- {path: /a${n}.sh, content: "echo ${n}"}\n`);
  await check(
    bytes(`write_files:\n${files}`),
    {},
    {
      syntax: async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((done) => setImmediate(done));
        now -= 1;
        return { code: 0, stdout: '', stderr: '' };
      },
      schema: async () => undefined,
    },
  );
  assert.ok(most > 1 && most <= 8, `${most} at once`);
});

test('duplicate keys in a text are reported once, however many files contain it', () => {
  const counted = (count: number) =>
    codes(script('', count)).filter((code) => code === 'file-yaml-duplicate-key').length;
  assert.ok(counted(1) > 0);
  assert.is(counted(50), counted(1));
});

test.run();
