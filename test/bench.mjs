// Prints how long the command takes to start, against a bare Node and the smallest program on yargs: medians of interleaved
// runs, and their ratios.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const RUNS = 31;
const OPTIONS = ['--domain', 'matrix.example.org', '--email', 'admin@example.test'];

const folder = mkdtempSync(join(tmpdir(), 'gen-cloudinit-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const smallest = join(folder, 'smallest.cjs');
const source = join(folder, 'smallest.mjs');
writeFileSync(
  source,
  "import yargs from 'yargs';\nyargs(process.argv.slice(2)).option('domain', { type: 'string' }).option('email', { type: 'string' }).parse();\n",
);
await build({
  entryPoints: [source],
  outfile: smallest,
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  nodePaths: [resolve('node_modules')],
  define: { 'import.meta.url': '__url' },
  banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'error',
});

const SUBJECTS = {
  'node -e 0': [process.execPath, '-e', '0'],
  'smallest program on yargs': [process.execPath, smallest, ...OPTIONS],
  'gen-cloudinit --domain x': [process.execPath, 'dist/cli.js', ...OPTIONS],
  'npx gen-cloudinit --domain x': ['npx', '--no-install', 'gen-cloudinit', ...OPTIONS],
};

function milliseconds([program, ...args]) {
  const start = process.hrtime.bigint();
  const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${error ?? status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const times = new Map(Object.keys(SUBJECTS).map((name) => [name, []]));
// The first round fills caches.
for (let round = 0; round <= RUNS; round++) {
  for (const [name, argv] of Object.entries(SUBJECTS)) {
    const time = milliseconds(argv);
    if (round > 0) times.get(name).push(time);
  }
}
const medians = new Map([...times].map(([name, values]) => [name, median(values)]));
console.log(`node ${process.version}, medians of ${RUNS} runs each`);
for (const [name, value] of medians) {
  const ratio = (value / medians.get('node -e 0')).toFixed(2);
  console.log(`${`${name}:`.padEnd(30)} ${value.toFixed(1).padStart(6)} ms  ${ratio} x`);
}
