// The build: one bundle for the command, templates compiled into it, so that starting it parses no template
// and resolves no package. `node src/build.mjs` makes dist/cli.js; with `tests` it bundles the tests as well.
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import ejs from 'ejs';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const pkg = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/**
 * Files under templates/ become modules. `*.ejs` becomes a function of its values that escapes each `<%= %>`
 * for the kind of file it is (by the name without .ejs); anything else becomes its text.
 */
const templates = {
  name: 'templates',
  setup(bundler) {
    bundler.onLoad({ filter: /[/\\]templates[/\\]/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!path.endsWith('.ejs')) return { contents: text, loader: 'text' };
      const name = basename(path, '.ejs');
      const render = ejs.compile(text, {
        client: true,
        strict: true,
        _with: false,
        localsName: 'd',
        compileDebug: false,
        filename: relative(root, path),
      });
      const escapes = JSON.stringify(join(root, 'src/parts/escape.ts'));
      return {
        contents: `import { escapeFor } from ${escapes};
          const escape = escapeFor(${JSON.stringify(name)});
          const render = ${render.toString()};
          export default (d) => render(d, escape);`,
        loader: 'js',
        resolveDir: root,
      };
    });
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
  define: { __VERSION__: JSON.stringify(pkg.version) },
  plugins: [templates],
};

await rm(join(root, 'dist'), { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ['src/cli.ts'],
  outdir: 'dist',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  minify: true,
  banner: { js: '#!/usr/bin/env node' },
});

if (process.argv.includes('tests')) {
  // One file of its own for each test file and for the lab's command; packages stay outside.
  const files = await readdir(join(root, 'test'), { recursive: true });
  await build({
    ...common,
    entryPoints: files.filter((file) => file.endsWith('.test.ts') || file === 'lab/main.ts').map((file) => `test/${file}`),
    outdir: 'dist/test',
    outbase: 'test',
    packages: 'external',
    sourcemap: 'inline',
  });
}
