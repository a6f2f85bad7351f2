// The build: one bundle for the command, templates compiled into it, so that starting it parses no template
// and resolves no package. `node src/build.mjs` makes dist/cli.js; with `tests` it bundles the tests as well.
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { gzipAsync } from '@gfx/zopfli';
import ejs from 'ejs';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const pkg = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/**
 * Files under templates/ become modules. `*.ejs` becomes a function of its values that escapes each `<%= %>`
 * for the kind of file it is (by the name without .ejs); a script also comes packed (gz+b64); anything else becomes
 * its text.
 */
const templates = {
  name: 'templates',
  setup(bundler) {
    bundler.onLoad({ filter: /[/\\]templates[/\\]/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (text.startsWith('#!')) return { contents: await script(text), loader: 'js' };
      if (!path.endsWith('.ejs')) return { contents: text, loader: 'text' };
      const name = basename(path, '.ejs');
      const template = new ejs.Template(text, {
        strict: true,
        _with: false,
        localsName: 'd',
        compileDebug: false,
        filename: relative(root, path),
      });
      template.compile();
      const escapes = JSON.stringify(join(root, 'src/parts/escape.ts'));
      return {
        contents: `import { escapeFor } from ${escapes};
          const escapeFn = escapeFor(${JSON.stringify(name)});
          export default (d) => {${template.source}};`,
        loader: 'js',
        resolveDir: root,
      };
    });
  },
};

/**
 * A script: its text as it lands, without comments and indentation, for every byte of the document counts; and the
 * same as it travels, so that making a document needs no compressor. Zopfli takes its time and saves a twentieth; as
 * WebAssembly it gives the same bytes on every machine.
 */
async function script(source) {
  const text = source.replace(/^\s*#(?!!).*\n/gm, '').replace(/^\s+/gm, '');
  const packed = Buffer.from(await gzipAsync(Buffer.from(text), { numiterations: 100 })).toString('base64');
  return `export default ${JSON.stringify(text)}; export const packed = ${JSON.stringify(packed)};`;
}

/**
 * yargs brings packages that measure text for --help; their tables of Unicode cost more than all the rest of
 * a run. They are in the bundle, but only come to life when they are called.
 */
const lazy = {
  name: 'lazy',
  setup(bundler) {
    bundler.onResolve({ filter: /^(string-width|strip-ansi|wrap-ansi)$/ }, ({ path, resolveDir, kind }) =>
      kind === 'require-call' ? undefined : { path, namespace: 'lazy', pluginData: resolveDir },
    );
    bundler.onLoad({ filter: /./, namespace: 'lazy' }, ({ path, pluginData }) => ({
      contents: `export default (...values) => require(${JSON.stringify(path)}).default(...values);`,
      resolveDir: pluginData,
    }));
  },
};

const VERBS = ['check', 'show', 'extract', 'schema', 'verify', 'confirm', 'bake', 'bake-qemu', 'sweep'];

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
  define: { __VERSION__: JSON.stringify(pkg.version) },
  plugins: [templates, lazy],
};

/**
 * The command itself is CommonJS: Node starts that some milliseconds sooner than a module. The rarer verbs are
 * modules beside it, loaded when they are asked for.
 */
const verbs = {
  name: 'verbs',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/commands\// }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./verbs/${basename(path)}.mjs`, external: true } : undefined,
    );
  },
};

await rm(join(root, 'dist'), { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/cli.js',
  format: 'cjs',
  plugins: [...common.plugins, verbs],
  define: { ...common.define, 'import.meta.url': '__url' },
  minify: true,
  banner: { js: "#!/usr/bin/env node\nconst __url = require('node:url').pathToFileURL(__filename).href;" },
});
// npm does so when it links the command, but not after a later build.
await chmod(join(root, 'dist/cli.js'), 0o755);
await writeFile(join(root, 'dist/package.json'), '{"type":"commonjs"}\n');
await build({
  ...common,
  entryPoints: VERBS.map((verb) => `src/commands/${verb}.ts`),
  outdir: 'dist/verbs',
  outExtension: { '.js': '.mjs' },
  splitting: true,
  chunkNames: 'shared-[hash]',
  // The AWS SDK's ESM builds: of the others a chunk has no named exports.
  mainFields: ['module', 'main'],
  minify: true,
});

if (process.argv.includes('tests')) {
  // One file of its own for each test file and for the lab's command; packages stay outside.
  const files = await readdir(join(root, 'test'), { recursive: true });
  await build({
    ...common,
    entryPoints: files
      .filter((file) => file.endsWith('.test.ts') || file === 'lab/main.ts')
      .map((file) => `test/${file}`),
    outdir: 'dist/test',
    outbase: 'test',
    packages: 'external',
    sourcemap: 'inline',
  });
  // What makes and reads the document, as a browser would get it: this fails where something of Node is imported.
  await build({
    ...common,
    entryPoints: ['test/support/pure.ts'],
    outfile: 'dist/test/pure.js',
    format: 'iife',
    globalName: 'pure',
    platform: 'browser',
  });
  await writeFile(join(root, 'dist/test/package.json'), '{"type":"module"}\n');
}
