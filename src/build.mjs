// The build: one bundle for the command, templates compiled into it, so that starting it parses no template
// and resolves no package. `node src/build.mjs` makes dist/cli.js; with `tests` it bundles the tests as well.
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { gzipAsync } from '@gfx/zopfli';
import ejs from 'ejs';
import { build, transform } from 'esbuild';

// If a mistake ends this process, Zopfli's loader would print all of its own source above the message.
process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection');

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
      if (text.startsWith('#!')) {
        const { joined, modules } = await joinModules(text, dirname(path));
        return { contents: await script(joined), loader: 'js', watchFiles: modules };
      }
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
      const escapes = JSON.stringify(join(root, 'src/server/escape.ts'));
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
 * A script with its modules: each line `. "$MODULES/NAME.sh"` is replaced by that file of the same folder, without the
 * line that names its dialect for shellcheck. A module may include modules.
 */
async function joinModules(source, folder) {
  const modules = [];
  const lines = source.split('\n').map(async (line) => {
    const name = /^\. "\$MODULES\/([\w-]+\.sh)"$/.exec(line)?.[1];
    if (!name) return line;
    const text = (await readFile(join(folder, name), 'utf8'))
      .replace(/^# shellcheck shell=bash\n/, '')
      .trimEnd();
    const inner = await joinModules(text, folder);
    modules.push(join(folder, name), ...inner.modules);
    if (name !== OPTIONAL) return inner.joined;
    modules.push(join(folder, SUBSTITUTE));
    const substitute = (await readFile(join(folder, SUBSTITUTE), 'utf8')).trimEnd();
    return [CUT, inner.joined, CUT, substitute, CUT].join('\n');
  });
  return { joined: (await Promise.all(lines)).join('\n'), modules };
}

/** The optional module, what replaces it in a document without room, and the marks around both. */
const OPTIONAL = 'operations.sh';
const SUBSTITUTE = 'core.sh';
const CUT = '\0';

/**
 * A script: its text as it lands, without comments; its core, without the optional module; and the whole, packed as it
 * travels in plain documents, so that compiling one needs no compressor. Zopfli is slow and saves a twentieth; as
 * WebAssembly it gives the same bytes on every machine.
 */
async function script(source, { isOnce = false } = {}) {
  const text = source
    .replace(/^\s*#(?!!| shellcheck ).*\n/gm, '')
    // Names of arguments, behind the head of a function.
    .replace(/^(\s*\w+\(\) \{) #.*$/gm, '$1')
    .replace(/\n{2,}/g, '\n');
  const [head, optional = '', substitute = '', tail = ''] = text.split(`${CUT}\n`);
  const packed = await gzipAsync(Buffer.from(head + optional + tail), { numiterations: 100 });
  if (isOnce) {
    const [start, end] = [head.length, head.length + optional.length];
    return `import { gunzipSync, strFromU8 } from 'fflate';
      const bytes = ${binary(packed)};
      const text = strFromU8(gunzipSync(Uint8Array.from(bytes, (character) => character.charCodeAt(0))));
      export default text;
      export const core = text.slice(0, ${start}) + ${JSON.stringify(substitute)} + text.slice(${end});
      export const packed = btoa(bytes);`;
  }
  return `const head = ${JSON.stringify(head)}, tail = ${JSON.stringify(tail)};
    export default head + ${JSON.stringify(optional)} + tail;
    export const core = head + ${JSON.stringify(substitute)} + tail;
    export const packed = ${JSON.stringify(Buffer.from(packed).toString('base64'))};`;
}

/**
 * yargs brings packages that measure text for --help; loading their tables of Unicode costs more than all the rest of
 * a run. They are in the bundle, but load only when they are called.
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

/**
 * The agents for proxies log through a package that is CommonJS, and that would print a proxy's password with DEBUG=*:
 * they log nothing.
 */
const unlogged = {
  name: 'unlogged',
  setup(bundler) {
    bundler.onResolve({ filter: /^debug$/ }, () => ({ path: 'debug', namespace: 'unlogged' }));
    bundler.onLoad({ filter: /./, namespace: 'unlogged' }, () => ({
      contents: 'export default () => () => {};',
    }));
  },
};

/**
 * Zopfli's loader, in the bundle: without Node it needs no file, and with Node it would print all of its source above any
 * mistake that ends the process.
 */
const zopfli = {
  name: 'zopfli',
  setup(bundler) {
    bundler.onLoad({ filter: /[/\\]libzopfli\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const bare = text
        .replace(/ENVIRONMENT_IS_NODE=typeof process[^;]*;/, '')
        .replaceAll('if(ENVIRONMENT_IS_NODE)', 'if(false)');
      if (bare === text) throw new Error(`${path} looks for Node in another way`);
      return { contents: `${bare};module.exports=Module;` };
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
  metafile: true,
  logLevel: 'warning',
  define: { __VERSION__: JSON.stringify(pkg.version) },
  plugins: [templates, lazy, unlogged, zopfli],
};

/**
 * The command itself is CommonJS: Node starts that some milliseconds sooner than a module. What it imports on demand,
 * such as a verb, is a module next to it.
 */
const modulesOnDemand = {};
const onDemand = {
  name: 'on-demand',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const file = relative(join(root, 'src'), join(resolveDir, path));
      const name = file.replaceAll(/[/\\]/g, '-');
      modulesOnDemand[name] = `src/${file}.ts`;
      return { path: `./modules/${name}.mjs`, external: true };
    });
  },
};

/** The packages whose code is in the build, with their directories: name and version are in package.json. */
function packagesIn({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const directories = inputs.flatMap(([path, { bytesInOutput }]) => {
    const directory = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    return directory && bytesInOutput > 0 ? [directory] : [];
  });
  return [...new Set(directories)].sort();
}

/**
 * The texts that the licences of bundled code require. Some packages name a licence and bring no text;
 * then another package of the same repository has it.
 * @throws Error when a package has none
 */
async function licences(metafiles) {
  const directories = [...new Set(metafiles.flatMap(packagesIn))];
  const packages = await Promise.all(
    directories.map(async (path) => {
      const directory = resolve(root, path);
      const { name, version, license, repository } = JSON.parse(
        await readFile(join(directory, 'package.json'), 'utf8'),
      );
      const files = (await readdir(directory)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
      const texts = await Promise.all(
        files.sort().map(async (file) => (await readFile(join(directory, file), 'utf8')).trim()),
      );
      const hasLicence = files.some((file) => !/^notice/i.test(file));
      return { name, version, license, from: repository?.url ?? repository, texts, hasLicence };
    }),
  );
  /** Each text once, with the packages that it covers. */
  const sections = new Map();
  for (const { name, version, license, from, texts, hasLicence } of packages) {
    const other = packages.find((each) => each.hasLicence && each.from === from && each.license === license);
    if (!hasLicence && !(from && other)) throw new Error(`${name} is bundled and has no licence`);
    const text = (hasLicence ? texts : [...texts, ...other.texts]).join('\n\n');
    sections.set(text, (sections.get(text) ?? new Set()).add(`${name} ${version} (${license})`));
  }
  return [...sections]
    .map(([text, titles]) => `${[...titles].sort().join('\n')}\n\n${text}\n`)
    .sort()
    .join(`\n${'-'.repeat(80)}\n\n`);
}

await rm(join(root, 'dist'), { recursive: true, force: true });
const command = await build({
  ...common,
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/cli.js',
  format: 'cjs',
  plugins: [...common.plugins, onDemand],
  define: { ...common.define, 'import.meta.url': '__url' },
  minify: true,
  banner: { js: "#!/usr/bin/env node\nconst __url = require('node:url').pathToFileURL(__filename).href;" },
});
// npm does so when it links the command, but not after a later build.
await chmod(join(root, 'dist/cli.js'), 0o755);
await writeFile(join(root, 'dist/package.json'), '{"type":"commonjs"}\n');
const modules = await build({
  ...common,
  entryPoints: modulesOnDemand,
  outdir: 'dist/modules',
  outExtension: { '.js': '.mjs' },
  splitting: true,
  chunkNames: 'shared-[hash]',
  // The AWS SDK's ESM builds: a chunk of the others would have no named exports.
  mainFields: ['module', 'main'],
  minify: true,
});

/** Bytes as a string of one character each, as code: what base64 would be, but it can be compressed. */
const binary = (bytes) => JSON.stringify(Buffer.from(bytes).toString('latin1'));

/** The page has room for long texts once only: the script packed, and Zopfli's code as bytes. */
const once = {
  name: 'once',
  setup(bundler) {
    bundler.onLoad({ filter: /[/\\]templates[/\\].*\.sh$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.startsWith('#!')) return undefined;
      const { joined } = await joinModules(text, dirname(path));
      return { contents: await script(joined, { isOnce: true }), loader: 'js', resolveDir: root };
    });
    bundler.onLoad({ filter: /[/\\]libzopfli-wasm\.json$/ }, async ({ path }) => {
      const bytes = Buffer.from(JSON.parse(await readFile(path, 'utf8')), 'base64');
      return { contents: `module.exports = btoa(${binary(bytes)});`, loader: 'js' };
    });
  },
};

const hashOf = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * dist/gen-cloudinit.html: one file that needs no other. Its code travels compressed, and a few lines expand it. The policy
 * admits these lines, the code and the style by their hashes, and no connection. Zopfli is WebAssembly, which a policy of
 * hashes alone would refuse.
 */
async function makePage() {
  const bundle = await build({
    ...common,
    entryPoints: ['src/page/main.ts'],
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    charset: 'utf8',
    plugins: [once, ...common.plugins],
  });
  const read = (name) => readFile(join(root, 'src/page', name), 'utf8');
  const style = (await transform(await read('style.css'), { loader: 'css', minify: true })).code.trim();
  const code = bundle.outputFiles[0].text;
  const packed = Buffer.from(await gzipAsync(Buffer.from(code), { numiterations: 15 })).toString('base64');
  const expander = (await transform(await read('expand.js'), { minify: true })).code.trim();
  const script = expander.replace('PACKED', packed);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)} ${hashOf(code)} 'wasm-unsafe-eval'`,
    `style-src ${hashOf(style)}`,
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
  const parts = { POLICY: policy, STYLE: style, SCRIPT: script, VERSION: pkg.version };
  const marks = /POLICY|VERSION|\/\* (?:STYLE|SCRIPT) \*\//g;
  const html = (await read('page.html')).replace(marks, (mark) => parts[mark.replace(/\W/g, '')]);
  await writeFile(join(root, 'dist/gen-cloudinit.html'), html);
  return bundle.metafile;
}

const metafiles = [command.metafile, modules.metafile, await makePage()];
await writeFile(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), await licences(metafiles));

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
  // What makes and reads the document, as a browser would load it: the build fails where it imports a module of Node.
  await build({
    ...common,
    entryPoints: ['test/support/pure.ts'],
    outfile: 'dist/test/pure.js',
    format: 'iife',
    globalName: 'pure',
    platform: 'browser',
  });
  await writeFile(join(root, 'dist/test/package.json'), '{"type":"module"}\n');
  await writeFile(join(root, 'dist/test/metafiles.json'), JSON.stringify(metafiles));
}
