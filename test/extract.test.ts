import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { dump } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planExtract } from '../src/cloudinit/read/extract-plan';
import { extract, extractReport } from '../src/commands/extract';
import { show } from '../src/commands/show';

const bytes = (text: string) => new TextEncoder().encode(text);
const files = (...entries: Record<string, unknown>[]) =>
  bytes(`#cloud-config\n${dump({ write_files: entries })}`);
const packed = (text: string) => gzipSync(text).toString('base64');

const extracts = suite('extract');
let home = '';
let target = '';
extracts.before.each(() => {
  home = mkdtempSync(join(tmpdir(), 'extract-'));
  target = join(home, 'to');
});
extracts.after.each(() => rmSync(home, { recursive: true, force: true }));

extracts('files as they land: decoded, with their modes, owners listed', async () => {
  const given = files(
    { path: '/etc/a.conf', content: 'a\n', permissions: '0640', owner: 'root:adm' },
    { path: '/etc/b', content: packed('b\n'), encoding: 'gz+b64', permissions: '4755' },
    { path: '/etc/a.conf', content: 'more\n', append: true },
    { path: '/etc/c', content: '', permissions: '0000' },
  );
  const { written, refused, directory } = await extract(given, target);
  assert.equal(refused, []);
  assert.is(readFileSync(join(directory, 'etc/a.conf'), 'utf8'), 'a\nmore\n');
  assert.is(readFileSync(join(directory, 'etc/b'), 'utf8'), 'b\n');
  const modes = written.map(({ path, mode, owner }) => [path, mode, owner]);
  assert.equal(modes, [
    ['/etc/a.conf', '0644', 'root:root'],
    ['/etc/b', '0755', 'root:root'],
    ['/etc/c', '0000', 'root:root'],
  ]);
  for (const { file, mode } of written)
    assert.is(statSync(file).mode & 0o7777, Number.parseInt(mode, 8), file);
  assert.match(extractReport({ written, refused, directory }), /^3 files below /);
});

extracts('our own document comes out whole', async () => {
  const given = readFileSync('out/default.yaml');
  const { written, refused } = await extract(given, target);
  assert.equal(refused, []);
  assert.is(written.length, show(given).files.length);
});

extracts('nothing outside, whatever the path', async () => {
  const paths = [
    '../../x',
    '/../../../y',
    'z',
    '//a//b',
    '/c/../../d',
    '/e/./f',
    '~/g',
    'C:\\h',
    '/dev/null',
    '/proc/self/i',
  ];
  const { written, directory } = await extract(
    files(...paths.map((path) => ({ path, content: path }))),
    target,
  );
  assert.equal(readdirSync(home), ['to']);
  for (const { file } of written) {
    assert.ok(file.startsWith(`${directory}/`), file);
    assert.ok(lstatSync(file).isFile());
  }
  assert.is(written.length, paths.length);
});

extracts('any path at all: refused, or below the directory', () => {
  const part = fc.oneof(
    fc.constantFrom('..', '.', '', '/', '\\', '\0', 'a', 'nul', 'COM1.txt', 'x'.repeat(256), '\ud800'),
    fc.string(),
  );
  const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 4 }), fc.boolean(), (paths, windows) => {
      const text = `#cloud-config\n${JSON.stringify({ write_files: paths.map((each) => ({ path: each, content: 'a' })) })}\n`;
      const plan = planExtract(bytes(text), windows);
      for (const { parts } of plan.files) {
        const bad = parts.filter(
          (name) => name === '' || name === '.' || name === '..' || /[/\0]/.test(name),
        );
        assert.equal(bad, []);
        if (windows) assert.not.ok(parts.some((name) => /[\\:]|^(?:nul|com1)(?:\.|$)/i.test(name)));
      }
    }),
    { numRuns: 2000 },
  );
});

extracts('files that cannot be written are refused, the rest is written', async () => {
  const given = files(
    { path: '/a', content: 'a' },
    { path: '/a/b', content: 'b' },
    { path: '/c/d', content: 'd' },
    { path: '/c', content: 'c' },
    { path: '/e\0f', content: 'e' },
    { path: '/', content: 'root' },
    { path: '/g', content: '!', encoding: 'b64' },
    { path: '/h', source: { uri: 'https://example.org/' } },
    { path: `/${'i'.repeat(300)}`, content: 'i' },
    { path: '/last', content: 'last' },
  );
  const { written, refused } = await extract(given, target);
  assert.equal(
    written.map(({ path }) => path),
    ['/a', '/c/d', '/last'],
  );
  assert.is(refused.length, 7);
  assert.ok(refused.every(({ reason }) => reason.length > 10));
});

extracts('existing links and devices are not followed', async () => {
  mkdirSync(join(home, 'outside'));
  writeFileSync(join(home, 'outside/file'), 'mine');
  mkdirSync(join(target, 'etc'), { recursive: true });
  symlinkSync(join(home, 'outside'), join(target, 'dir'));
  symlinkSync(join(home, 'outside/file'), join(target, 'etc/link'));
  symlinkSync(join(home, 'outside/new'), join(target, 'etc/dangling'));
  symlinkSync('/dev/null', join(target, 'etc/device'));
  mkdirSync(join(target, 'etc/directory'));
  writeFileSync(join(target, 'etc/old'), 'old', { mode: 0o777 });
  const paths = [
    '/dir/file',
    '/dir/new',
    '/etc/link',
    '/etc/dangling',
    '/etc/device',
    '/etc/directory',
    '/etc/old',
  ];
  const given = files(...paths.map((path) => ({ path, content: 'new', permissions: '0600' })));
  const { written, refused } = await extract(given, target, { force: true });
  assert.equal(
    written.map(({ path }) => path),
    ['/etc/old'],
  );
  assert.is(refused.length, 6);
  assert.is(readFileSync(join(home, 'outside/file'), 'utf8'), 'mine');
  assert.not.ok(existsSync(join(home, 'outside/new')));
  assert.is(readFileSync(join(target, 'etc/old'), 'utf8'), 'new');
  assert.is(statSync(join(target, 'etc/old')).mode & 0o777, 0o600);
});

extracts('a directory that is not empty is refused without --force', async () => {
  const given = files({ path: '/a', content: 'a' });
  const fails = async (directory: string, words: RegExp, input = given) => {
    const error = await extract(input, directory).catch((cause: unknown) => cause);
    assert.instance(error, Error);
    assert.is((error as Error).name, 'InputError');
    assert.match((error as Error).message, words);
  };
  mkdirSync(target);
  writeFileSync(join(target, 'x'), '');
  await fails(target, /not empty/);
  await fails(join(target, 'x'), /cannot be used/);
  await fails(join(home, 'new'), /cannot be read/, bytes('#cloud-config\na: [\n'));
  await fails(
    join(home, 'new'),
    /not a cloud-config \(jinja\)/,
    bytes('## template: jinja\n#cloud-config\n'),
  );
  await fails('', /the directory is missing/);
  assert.not.ok(existsSync(join(home, 'new')));
  assert.is((await extract(given, target, { force: true })).written.length, 1);
});

extracts('a bomb of gzip or aliases is refused before it fills the memory', async () => {
  const bomb = gzipSync(Buffer.alloc(80 << 20)).toString('base64');
  const plan = planExtract(
    files({ path: '/a', content: bomb, encoding: 'gz+b64' }, { path: '/b', content: 'b' }),
    false,
  );
  assert.equal(
    plan.files.map(({ path }) => path),
    ['/b'],
  );
  const aliases = Array.from({ length: 200 }, (_, index) => `- {path: /${index}, content: *a}\n`).join('');
  const text = `#cloud-config\nx: &a ${'a'.repeat(1 << 20)}\nwrite_files:\n${aliases}`;
  const many = planExtract(bytes(text), false);
  assert.is(many.files.length, 64);
  assert.is(many.refused.length, 136);
});
extracts.run();
