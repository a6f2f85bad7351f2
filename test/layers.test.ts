import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type * as Pure from './support/pure';
import { generated } from './support/run';

/** The layout: imports run one way, and the code that makes the document depends on the language alone. */
const layers = suite('layers');

/** The folders that depend on the language alone. */
const PURE = [
  'diagnostics',
  'providers',
  'config',
  'server',
  'cloudinit/write',
  'cloudinit/read',
  'cloudinit/lint',
  'cloudinit/compile',
  'cloudinit/report',
];

/** Each folder of src/ with the folders that it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  diagnostics: [],
  providers: [],
  config: ['diagnostics', 'providers', 'templates'],
  server: ['config', 'diagnostics', 'providers', 'templates'],
  'cloudinit/read': ['server', 'config', 'diagnostics', 'providers'],
  'cloudinit/write': ['server', 'config', 'diagnostics', 'providers'],
  'cloudinit/lint': ['cloudinit/read', 'server', 'config', 'diagnostics', 'providers'],
  'cloudinit/compile': ['cloudinit/write', 'cloudinit/lint', 'config', 'diagnostics', 'providers'],
  'cloudinit/report': [
    'cloudinit/compile',
    'cloudinit/write',
    'server',
    'config',
    'diagnostics',
    'providers',
  ],
  page: [...PURE],
  system: ['diagnostics'],
  machines: [...PURE, 'system'],
  verify: [...PURE, 'system', 'machines'],
  bake: [...PURE, 'system', 'machines', 'templates'],
  commands: [...PURE, 'system', 'machines', 'verify', 'bake'],
  cli: ['commands', 'config', 'diagnostics', 'system'],
};

interface Import {
  readonly file: string;
  readonly room: string;
  /** The import as written. */
  readonly from: string;
  /** The file, relative to src/ and without .ts; undefined for a package or a template. */
  readonly to: string | undefined;
  /** Folder of src/, or `templates`; undefined for a package. */
  readonly target: string | undefined;
}

function roomOf(path: string): string {
  const [first = '', second = ''] = path.replace(/\.ts$/, '').split('/');
  return first === 'cloudinit' ? `${first}/${second}` : first;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join('src', file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\b[^;']*\bfrom '([^']+)'|^import '([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...statements].map(([, named, bare, dynamic]) => {
    const from = named ?? bare ?? dynamic ?? '';
    const path = normalize(join(dirname(file), from));
    const to = from.startsWith('.') && !path.startsWith('..') ? path : undefined;
    const target = to ? roomOf(to) : path.startsWith('../templates/') ? 'templates' : undefined;
    return { file, room: roomOf(file), from, to, target };
  });
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.d.ts'),
);
const imports = files.flatMap(importsOf);

layers('every folder has its rule, and imports are found', () => {
  assert.equal([...new Set(files.map(roomOf))].sort(), Object.keys(MAY_IMPORT).sort());
  for (const room of Object.keys(MAY_IMPORT).filter((each) => MAY_IMPORT[each]?.length))
    assert.ok(
      imports.some((each) => each.room === room && each.target),
      room,
    );
});

layers('imports run one way: no folder imports a command, nor one above it', () => {
  const wrong = imports.filter(
    ({ room, target }) => target && target !== room && !MAY_IMPORT[room]?.includes(target),
  );
  assert.equal(
    wrong.map(({ file, from }) => `${file}: ${from}`),
    [],
  );
});

layers('no file imports itself through others', () => {
  const next = new Map<string, string[]>();
  for (const { file, to } of imports) {
    const from = file.replace(/\.ts$/, '');
    if (to) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const circles = new Set<string>();
  const done = new Set<string>();
  const follow = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.add([...path.slice(path.indexOf(file)), file].join(' > '));
    if (done.has(file) || path.includes(file)) return;
    for (const each of next.get(file) ?? []) follow(each, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) follow(file, []);
  assert.equal([...circles], []);
});

layers('only system/ starts programs', () => {
  const starts = imports.filter(
    ({ file, from }) =>
      from === 'node:child_process' &&
      /^import (?!type)[^;]*'node:child_process'/m.test(readFileSync(join('src', file), 'utf8')),
  );
  assert.equal(
    starts.map(({ file }) => file),
    ['system/run.ts'],
  );
});

layers('only the code for EC2 imports the AWS SDK, and pure code imports nothing of node:', () => {
  const wrong = imports.filter(({ file, room, from, target }) => {
    if (from.startsWith('@aws-sdk/')) return !/^(?:machines|bake)\/ec2/.test(file);
    return (
      PURE.includes(room) && !target && !/^(?:js-yaml|fflate|@gfx\/zopfli|@noble\/hashes\/.*)$/.test(from)
    );
  });
  assert.equal(
    wrong.map(({ file, from }) => `${file}: ${from}`),
    [],
  );
});

layers('pure code uses nothing impure, in any branch', () => {
  const impure =
    /\b(?:process|Buffer|globalThis|performance|navigator|fetch|setTimeout|setInterval|crypto)\b\s*[.(]|Math\.random|Date\.now|new Date\(\)/;
  assert.ok(impure.test('process.env.HOME') && impure.test('x = Date.now()'));
  for (const file of files.filter((each) => PURE.includes(roomOf(each)))) {
    const code = readFileSync(join('src', file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    assert.is(impure.exec(code)?.[0], undefined, file);
  }
});

/** A JavaScript context without Node's APIs and without a clock. */
function worldWithoutNode() {
  const world = createContext({ TextEncoder, TextDecoder, URL, btoa });
  runInContext(
    `Math.random = () => { throw new Error('a random number was asked for'); };
     Date = new Proxy(Date, {
       construct: (D, given) => { if (given.length === 0) throw new Error('the clock was read'); return new D(...given); },
       apply: () => { throw new Error('the clock was read'); },
       get: (D, name) => { if (name === 'now') throw new Error('the clock was read'); return D[name]; },
     });`,
    world,
  );
  return world;
}

layers('without Node, clock and randomness the bytes are the same', async () => {
  const world = worldWithoutNode();
  for (const word of [
    'Math.random()',
    'Date()',
    'Date.now()',
    'new Date()',
    'process.env',
    'Buffer',
    'performance',
  ])
    assert.throws(() => runInContext(word, world), /was asked for|was read|is not defined/, word);
  // src/build.mjs bundles it from test/support/pure.ts for a browser.
  runInContext(readFileSync('dist/test/pure.js', 'utf8'), world);
  const pure: typeof Pure = runInContext('pure', world);
  const { document, onLadder, lint, inventory, readUserData, planExtract, resolve } = pure;
  const { deployment } = resolve({ domain: 'matrix.example.org', timezone: 'Europe/Berlin' });
  assert.ok(deployment);
  const text = document(deployment);
  const args = ['--domain', 'matrix.example.org', '--timezone', 'Europe/Berlin'];
  assert.is(text, generated(...args));
  const { bytes: encoded = new Uint8Array() } = (await onLadder(deployment, 'base64', undefined)) ?? {};
  assert.is(new TextDecoder().decode(encoded), generated(...args, '--format', 'base64'));
  assert.equal(
    Array.from(lint(encoded)).filter(({ severity }) => severity !== 'info'),
    [],
  );
  assert.is(inventory(readUserData(encoded)).files.length, planExtract(encoded, false).files.length);
});

layers.run();
