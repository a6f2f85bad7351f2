import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { TYPES } from '../../src/cloudinit/read/parts/part';
import { readUserData } from '../../src/cloudinit/read/user-data';
import { entries, type Node } from '../../src/cloudinit/read/yaml-node';
import { suiteWith, TOOLS } from './support/tools';

/** Parts and the merged cloud-config: ours against the oldest supported cloud-init and the newest. */
const test = suiteWith('parts as cloud-init reads them', ['root:bookworm', 'root:sid']);

interface Answer {
  readonly crash?: string;
  readonly parts?: readonly (readonly [type: string, name: string, text: string | null])[];
  readonly config?: unknown;
}

function cloudInit(root: string, documents: readonly string[]): Answer[] {
  const argv = ['test/conformance/support/read_parts.py', `${TOOLS}/${root}/usr/lib/python3/dist-packages`];
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', argv, {
    input: JSON.stringify(documents),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function plain(node: Node | undefined): unknown {
  if (!node) return null;
  if (node.kind === 'sequence') return node.items.map(plain);
  if (node.kind === 'mapping')
    return Object.fromEntries(entries(node).map(({ name, value }) => [name, plain(value)]));
  return node.type === 'int' || node.type === 'float' ? Number(node.reading.value) : node.reading.value;
}

/** Without the parts that no handler takes. */
function ours(document: string): { parts: unknown; config: unknown } {
  const { parts, root, refused } = readUserData(new TextEncoder().encode(document));
  return {
    parts: parts.map(({ type, name, text }) => [type, name, text]),
    config: refused ? {} : (plain(root) ?? {}),
  };
}

const handled = (type: string) => !['include', 'archive', undefined].includes(TYPES[type]);

function compare(documents: readonly string[]): string[] {
  const differences: string[] = [];
  for (const root of ['bookworm', 'sid']) {
    cloudInit(root, documents).forEach((answer, index) => {
      const document = documents[index]!;
      // Templates need the data of a server.
      if (answer.crash || (answer.parts ?? []).some(([type]) => type === 'text/jinja2')) return;
      const theirs = {
        parts: (answer.parts ?? [])
          .filter(([type]) => handled(type))
          .map(([type, name, text]) => [type, name, text]),
        config: answer.config ?? {},
      };
      const here = ours(document);
      if (sorted(here) !== sorted(theirs)) {
        differences.push(
          `${root}: ${JSON.stringify(document)}\n  cloud-init: ${sorted(theirs)}\n  ours: ${sorted(here)}`,
        );
      }
    });
  }
  return differences;
}

/** As text, with the keys of all objects in order; bytes that are not UTF-8 are shown alike. */
function sorted(value: unknown): string {
  const text = JSON.stringify(value, (_, each) =>
    each && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
  return text.replace(/\\udc[89a-f][0-9a-f]/g, '\\udcff');
}

const HEAD = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="BB"\n';
const mime = (...parts: string[]) => `${HEAD}\n${parts.map((part) => `--BB\n${part}\n`).join('')}--BB--\n`;
const config = (body: string, ...headers: string[]) =>
  `${['Content-Type: text/cloud-config', ...headers].join('\n')}\n\n#cloud-config\n${body}`;
const script = 'Content-Type: text/x-shellscript; name="a.sh"\n\n#!/bin/sh\nls';
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n');

const DOCUMENTS = [
  mime(config('runcmd: [a]\npackages: [x]'), script, config('runcmd: [b]\nhostname: c')),
  mime(
    config('runcmd: [a]'),
    config('runcmd: [b]\nmerge_how: list(append)+dict(no_replace,recurse_list)+str()'),
  ),
  mime(config('runcmd: [a]'), config('runcmd: [b]', 'Merge-Type: list(append)+dict(recurse_array)+str()')),
  mime(
    config('a: {b: 1, c: [1, 2]}\nd: x'),
    config(
      'a: {b: 2, c: [3]}\nd: y',
      'X-Merge-Type: dict(recurse_array,recurse_str)+list(prepend)+str(append)',
    ),
  ),
  mime(
    config('a: {b: 1, c: [1, 2]}\nd: x'),
    config(
      'a: {b: null, e: 5}\nd: y\nmerge_type:\n- name: dict\n  settings: [allow_delete]\n- [list, append]\n- name: str\n  settings: [append]',
    ),
  ),
  mime(config('a: [1, 2, 3]'), config('a: [4]\nmerge_how: dict(recurse_list)+list(replace)+str()')),
  mime(config('a: [1, 2, 3]'), config('a: [4]\nmerge_how: list(append)')),
  mime(config('a: 1'), config('b: 2\nmerge_how: bogus(x)')),
  mime(config('a: 1'), config('b: 2\nmerge_how: "nothing"')),
  mime(config('a: 1'), config('b: [', ''), config('c: 3')),
  mime(config('a: 1'), config('- list'), config('')),
  mime(
    'Content-Type: text/plain\n\n#cloud-config\na: 1',
    'Content-Type: text/plain\n\nhello',
    '\n#!/bin/sh\nls',
  ),
  mime(
    'Content-Type: text/x-shellscript\n\n#cloud-config\na: 1',
    'Content-Type: text/cloud-boothook\n\n#cloud-boothook\n#!/bin/sh\nls',
  ),
  mime(
    'Content-Type: text/x-shellscript-per-boot\nContent-Disposition: attachment; filename="b.sh"\n\n#!/bin/sh\nls',
  ),
  mime(
    `Content-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n${base64('#cloud-config\na: \u00e4\nb: [1, 2]\n')}`,
  ),
  mime(
    `Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n${base64(gzipSync('#cloud-config\na: 1\n'))}`,
  ),
  mime(
    'Content-Type: text/cloud-config\nContent-Transfer-Encoding: quoted-printable\n\n#cloud-config\na: "=C3=A4"\nb: one=\ntwo\nc: x=3Dy',
  ),
  mime('Content-Type: text/part-handler\n\n#part-handler\n', 'Content-Type: text/x-own\n\nhello'),
  mime(
    'Content-Type: text/cloud-config-archive\n\n#cloud-config-archive\n- "#!/bin/sh\\nls"\n- {type: text/cloud-config, content: "a: 1", filename: x}',
  ),
  mime(`${HEAD.replaceAll('BB', 'CC')}\n--CC\n${config('a: 1')}\n--CC--\n`, config('b: 2')),
  `${HEAD}\npreamble\n--BB\n${config('a: 1')}\n`,
  `${HEAD}\n--BB\n${config('a: 1')}\n\n--BB--\nepilogue\n`,
  HEAD.replace('\n', '\n\n') + mime(config('a: 1')).slice(HEAD.length),
  mime(config('a: 1')).replaceAll('\n', '\r\n'),
  `From root Sat Nov 28 2026\n${mime(config('a: 1'))}`,
  `Subject: x\nX-Long: a\n b\n${mime(config('a: 1'))}`,
  'MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n#cloud-config\na: 1\n',
  'MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--BB\n\n#cloud-config\na: 1\n--BB--\n',
  'Content-Type: multipart/mixed; boundary=BB\n\n--BB\n\n#cloud-config\na: 1\n--BB--\n',
  '#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    #cloud-config\n    a: [1]\n- |\n  #cloud-config\n  a: [2]\n  merge_how: list(append)+dict(recurse_list)+str()\n- 5\n- [x]\n- content: b\n  type: text/plain\n',
  '#cloud-config-archive\na: b\n',
  '#cloud-config-archive\n- content: |\n    #!/bin/sh\n    ls\n  filename: run.sh\n- {content: "c: 3", Merge-Type: list(append)+dict()+str()}\n',
  '#cloud-config\na: 1\nmerge_how: dict(replace)+list()+str()\n',
  '#cloud-config\nfinal_message: |\n  MIME-Version: 1.0\nb: 1\n',
  '#!/bin/sh\r\nls\r\n',
  '#cloud-boothook\n#!/bin/sh\nls\n',
  '  \n#Cloud-Config\na: 1\n',
  'hostname: a\n',
  '',
];

test('documents of every kind', () => {
  assert.equal(compare(DOCUMENTS), []);
});

test('damaged documents', () => {
  let state = 7;
  const random = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pieces = [
    '\n',
    '\n\n',
    '--BB\n',
    '--BB--\n',
    ' ',
    ': ',
    '- ',
    'Content-Type: text/plain\n',
    'a',
    '"',
    ';',
    '=',
    '#!',
    '\t',
    '\r\n',
  ];
  const damaged = Array.from({ length: 1500 }, () => {
    const text = DOCUMENTS[random(DOCUMENTS.length - 3)]!;
    const at = random(text.length);
    return (
      text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at + (random(2) === 0 ? 0 : random(8)))
    );
  });
  const differences = compare(damaged);
  const share = differences.length / (2 * damaged.length);
  if (process.env.VERBOSE)
    process.stderr.write(
      `${differences.length} of ${2 * damaged.length} differ\n${differences.slice(0, 12).join('\n')}\n`,
    );
  assert.ok(
    share <= 0.01,
    `${differences.length} of ${2 * damaged.length} differ\n${differences.slice(0, 5).join('\n')}`,
  );
});

test.run();
