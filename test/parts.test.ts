import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../src/cloudinit/lint/lint';
import { planExtract } from '../src/cloudinit/read/extract-plan';
import { inventory } from '../src/cloudinit/read/inventory';
import { readUserData } from '../src/cloudinit/read/user-data';
import { show, showReport } from '../src/commands/show';

/** User data of several parts: what is found in them, where, and what `show` and `extract` make of it. */
const parts = suite('parts of user data');

const bytes = (text: string) => new TextEncoder().encode(text);
const HEAD = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="BB"\n';
const mime = (...list: string[]) => `${HEAD}\n${list.map((part) => `--BB\n${part}\n`).join('')}--BB--\n`;
const config = (body: string) => `Content-Type: text/cloud-config\n\n#cloud-config\n${body}`;
const file = (path: string, content: string) => `write_files:\n- {path: ${path}, content: ${content}}`;
/** Code and line of what is wrong. */
const found = (text: string | Uint8Array) =>
  lint(typeof text === 'string' ? bytes(text) : text)
    .filter(({ severity }) => severity !== 'info')
    .map(({ code, line }) => `${code} ${line}`);
const has = (text: string, expected: string) =>
  assert.ok(found(text).includes(expected), found(text).join(', '));

parts('mistakes in MIME parts have the lines of the message', () => {
  const broken = mime(
    config('packages: git'),
    config('runcmd: [a'),
    'Content-Type: text/x-shellscript\n\necho hi',
  );
  has(broken, 'type 8');
  has(broken, 'yaml-syntax 13');
  has(broken, 'script-shebang 17');
});

parts('lines of a literal in an archive and in a template are found again', () => {
  const archive =
    '#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    #cloud-config\n\n    runcmd:\n    - |\n      ls\n      source /a\n';
  has(archive, 'bashism 9');
  const template =
    '## template: jinja\n#cloud-config\n{% if v1.region == "a" %}\nhostname: b\n{% else %}\nhostname: c\n{% endif %}\nruncmd:\n- |\n  ls\n  {% if x %}\n  source /a\n  {% endif %}\n';
  has(template, 'bashism 12');
  assert.equal(
    found(template).filter((each) => each.startsWith('yaml')),
    [],
  );
});

parts('base64 and gzip parts are read, with the place of the part', () => {
  const zipped = gzipSync('#cloud-config\npackages: git\n').toString('base64');
  has(mime(`Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n${zipped}`), 'type 8');
  has(mime('Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\nAAAA'), 'part-decode 8');
});

parts('headers that are not complete, and types that no handler takes', () => {
  has(`${HEAD.replace('\n', '\n\n')}\n--BB\n${config('packages: [a]')}\n--BB--\n`, 'mime-headers 2');
  has(HEAD.replace('; boundary="BB"', ''), 'mime-headers 1');
  has(`${HEAD}\nno boundary\n`, 'mime-headers 4');
  has(mime('Content-Type: text/cloudconfig\n\n#cloud-config\na: 1'), 'part-ignored 5');
  has(mime('Content-Type: text/cloud-config\n\n#cloud-config\nfinal_message: \u00fc'), 'mime-non-ascii 8');
});

parts('a later part replaces lists, unless it says how to merge', () => {
  const [first, second] = [config('runcmd: [a]'), config('runcmd: [b]')];
  has(mime(first, second), 'part-replaces 13');
  assert.equal(show(bytes(mime(first, second))).runcmd, ['b']);
  const joined = mime(first, `${second}\nmerge_how: list(append)+dict(no_replace,recurse_list)+str()`);
  assert.equal(show(bytes(joined)).runcmd, ['a', 'b']);
  assert.equal(
    found(joined).filter((each) => /part|merge/.test(each)),
    [],
  );
  has(mime(first, `${second}\nmerge_how: list(append)`), 'merge-how 10');
});

parts('undefined data of a template gives no false positive', () => {
  const template =
    '## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\nswap: {size: {{ size }}}\nusers:\n- default\n{% for name in names %}\n- {name: {{ name }}, uid: {{ id }}, lock_passwd: {{ lock }}}\n{% endfor %}\n';
  assert.equal(found(template), []);
  has('## template: jinja\n#cloud-config\nhostname: {{ a\n', 'jinja-syntax 3');
  has('## template: jinja\n#cloud-config\n{% if a %}\nhostname: b\n', 'jinja-syntax 3');
  has('## template: jinja\nhostname: a\n', 'part-ignored 1');
});

parts('includes are named, and not fetched', () => {
  const notes = lint(bytes('#include\n# comment\nhttps://www.example.org/a?token=x\n'));
  const note = notes.find(({ code }) => code === 'include-not-fetched');
  assert.equal([note?.severity, note?.line], ['info', 3]);
  assert.not.ok(JSON.stringify(notes).includes('token=x'));
});

parts(
  'extract writes the files of the merged cloud-config, and names the parts that cloud-init refuses',
  () => {
    const document = mime(config(file('/a', 'one')), config(file('/b', 'two')), config('a: [1'));
    const plan = planExtract(bytes(document), false);
    assert.equal(
      plan.files.map(({ path }) => path),
      ['/b'],
    );
    assert.equal(
      plan.refused.map(({ path }) => path),
      ['part-003'],
    );
    assert.match(
      showReport(show(bytes(document)), 'a'),
      /Parts \(3\)\n {2}text\/cloud-config +part-001 +line 5/,
    );
  },
);

parts('what cloud-init refuses is neither shown nor extracted', () => {
  const refused = [
    `#cloud-config\n${file('/a', 'b').replace('b}', 'b\t}')}`,
    `#cloud-config\n${file('/a', 'b')}\n---\na: 1\n`,
    `#cloud-config\n${file('/a', '!secret b')}`,
    `#cloud-config\n${file('/a', '!!binary x')}`,
    `#cloud-config\n- ${file('/a', 'b').replaceAll('\n', '\n  ')}`,
    file('/a', 'b'),
    HEAD.slice(HEAD.indexOf('\n') + 1) + mime(config(file('/a', 'b'))).slice(HEAD.length),
  ];
  for (const document of refused) {
    const plan = planExtract(bytes(document), false);
    assert.ok(plan.problem !== undefined, document);
    assert.equal(plan.files, []);
    const shown = show(bytes(document));
    assert.equal(shown.files, []);
    assert.match(shown.problem ?? '', /line \d+, column \d+/);
    assert.ok(
      lint(bytes(document)).some(({ severity }) => severity === 'error'),
      document,
    );
  }
});

parts('write_files stops at content that it cannot write', () => {
  const text =
    '#cloud-config\n{"write_files": [{"path": "/a", "content": "x"}, {"path": "/b", "content": "\\ud83d\\ude80"}, {"path": "/c", "content": "y"}]}\n';
  const plan = planExtract(bytes(text), false);
  assert.equal(
    plan.files.map(({ path }) => path),
    ['/a'],
  );
  assert.equal(
    plan.refused.map(({ path }) => path),
    ['/b', '/c'],
  );
  assert.match(plan.refused[1]?.reason ?? '', /stops at \/b/);
});

parts('aliases, bombs and crowds of branches end', () => {
  const aliases = `#cloud-config-archive\n- &a "${'x'.repeat(500_000)}"\n${'- *a\n'.repeat(20_000)}`;
  assert.ok(readUserData(bytes(aliases)).parts.length < 100);
  const bomb = gzipSync(Buffer.alloc(10 << 20, 'a')).toString('base64');
  const bombs = mime(
    ...Array.from(
      { length: 50 },
      () => `Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n${bomb}`,
    ),
  );
  assert.equal(readUserData(bytes(bombs)).configs, []);
  const branches = `## template: jinja\n#cloud-config\n${'{% if a %}'.repeat(50_000)}${'{% endif %}'.repeat(50_000)}\n`;
  assert.is(readUserData(bytes(branches)).parts.length, 1);
  const deep = `#cloud-config\na: ${'['.repeat(100_000)}\n`;
  assert.match(readUserData(bytes(deep)).refused?.message ?? '', /nested too deeply/);
});

parts('no message is too broken to be read', () => {
  const piece = fc.constantFrom(
    HEAD,
    '\n',
    '\n\n',
    '--BB\n',
    '--BB--\n',
    '#cloud-config\n',
    'Content-Type: text/cloud-config\n',
    'Content-Type: multipart/mixed; boundary="CC"\n',
    'Content-Transfer-Encoding: base64\n',
    'I2Nsb3VkLWNvbmZpZwo=',
    '--CC\n',
    'runcmd: [a]\n',
    'merge_how: dict()\n',
    '- content: |\n    a\n',
    '## template: jinja\n',
    '{{ a }}',
    '{% if a %}',
    '{% endif %}',
    '{#',
    '#!/bin/sh\n',
    '#cloud-config-archive\n',
    '#include\n',
    '"',
    '\u00fc',
    '\r\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.boolean(), (list, isMime) => {
      const given = bytes((isMime ? HEAD : '') + list.join(''));
      for (const { line, column } of lint(given)) assert.ok((line ?? 0) >= 1 && (column ?? 0) >= 1);
      inventory(readUserData(given));
      planExtract(given, false);
    }),
    { numRuns: 3000 },
  );
});

parts.run();
