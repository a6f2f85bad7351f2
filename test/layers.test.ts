import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type * as Pure from './support/pure';
import { generated } from './support/run';

/** The layout: imports run one way, and what makes the document needs nothing but the language. */
const layers = suite('layers');

/** Each folder of src/ with those that it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  deployment: ['templates'],
  server: ['deployment', 'templates'],
  cloudinit: ['server', 'deployment'],
  machines: ['cloudinit', 'server', 'deployment'],
  verify: ['machines', 'cloudinit', 'server', 'deployment'],
  bake: ['machines', 'cloudinit', 'server', 'deployment', 'templates'],
  flags: ['machines', 'deployment'],
  commands: ['flags', 'machines', 'verify', 'bake', 'cloudinit', 'server', 'deployment'],
};
const PURE = ['deployment', 'server', 'cloudinit'];

interface Import {
  readonly file: string;
  readonly folder: string;
  /** As written. */
  readonly from: string;
  /** Folder of src/, or `templates`; undefined for a package. */
  readonly target: string | undefined;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join('src', file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\b[^;']*\bfrom '([^']+)'|^import '([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...statements].map(([, named, bare, dynamic]) => {
    const from = named ?? bare ?? dynamic ?? '';
    const [first = '', second] = normalize(join('src', dirname(file), from)).split('/');
    const target = from.startsWith('.') ? (first === 'src' ? second : first) : undefined;
    return { file, folder: file.split('/')[0] ?? '', from, target };
  });
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const imports = files.filter((file) => file.includes('/')).flatMap(importsOf);

layers('every folder has its rule, and imports are found', () => {
  const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
  assert.equal(
    [...folders].filter((folder) => !Object.hasOwn(MAY_IMPORT, folder ?? '')),
    [],
  );
  for (const folder of folders)
    assert.ok(
      imports.some((each) => each.folder === folder && each.target),
      folder,
    );
});

layers('imports run one way: nobody imports a command, nor what comes later', () => {
  const wrong = imports.filter(
    ({ folder, target }) => target && target !== folder && !MAY_IMPORT[folder]?.includes(target),
  );
  assert.equal(
    wrong.map(({ file, from }) => `${file}: ${from}`),
    [],
  );
});

layers('the AWS SDK is for EC2 alone, and node: is not for what is pure', () => {
  const wrong = imports.filter(({ file, folder, from, target }) => {
    if (from.startsWith('@aws-sdk/')) return !/^(?:machines|bake)\/ec2/.test(file);
    return (
      PURE.includes(folder) && !target && !/^(?:js-yaml|fflate|@gfx\/zopfli|@noble\/hashes\/.*)$/.test(from)
    );
  });
  assert.equal(
    wrong.map(({ file, from }) => `${file}: ${from}`),
    [],
  );
});

layers('what is pure names nothing impure, in no branch', () => {
  const impure =
    /\b(?:process|Buffer|globalThis|performance|navigator|fetch|setTimeout|setInterval|crypto)\b\s*[.(]|Math\.random|Date\.now|new Date\(\)/;
  assert.ok(impure.test('process.env.HOME') && impure.test('x = Date.now()'));
  for (const file of files.filter((each) => PURE.includes(each.split('/')[0] ?? ''))) {
    const code = readFileSync(join('src', file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    assert.is(impure.exec(code)?.[0], undefined, file);
  }
});

/** A world that has neither Node nor a clock. */
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

layers('the same bytes come out in a world without Node, without a clock and without chance', async () => {
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
  // src/build.mjs makes it for a browser, of test/support/pure.ts.
  runInContext(readFileSync('dist/test/pure.js', 'utf8'), world);
  const pure: typeof Pure = runInContext('pure', world);
  const { document, onLadder, lint, inspect, planExtract, resolve } = pure;
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
  assert.is(inspect(encoded).files.length, planExtract(encoded, false).files.length);
});

layers.run();
