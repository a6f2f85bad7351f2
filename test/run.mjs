// The test command: builds, runs every test file, and closes with one line `N passed, N failed`.
//   npm test                 everything but the slowest files, in five minutes on two cores
//   npm run test:all         everything, as the gate does
//   npm test -- NAME         the files whose names match the regular expression NAME
//   npm test -- --watch NAME the same again after each change
// Each file is a process of its own, several at a time, the longest first: most of them wait for a machine, a server or a
// timer. A file in which nothing was counted has failed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, watch } from 'node:fs';
import { delimiter, join } from 'node:path';

const AT_ONCE = Number(process.env.TEST_JOBS ?? 4);
const LIMIT_MS = 1_800_000;
/** Files that take longest, so that none of them is left to run alone at the end. */
const LONG = [
  'matrixctl/',
  'conformance/landing',
  'multipass/',
  'conformance/',
  'bake/qemu',
  'qemu/launch',
  'cli',
  'ec2/',
];

/** What files need besides Node.js: programs on PATH, `root`, or a folder of .cache/tools. */
const NEEDS = [
  [/^qemu\/(?:launch|verify)\.|^bake\/qemu\./, 'qemu-system-x86_64 qemu-img ssh ssh-keygen xorriso'],
  [/^qemu\/seed\./, 'xorriso'],
  [/^qemu\/ubuntu\./, 'qemu-img gpg gpgv'],
  [/^qemu\/proxy\.|^verify\/outside\./, 'openssl'],
  [/^bake\/(?:script|ext4|scan)\.|^matrixctl\/modules\//, 'python3'],
  [/^document\./, 'gpg'],
  [/^ec2\/user-data\./, 'root bookworm sid'],
  [/^lab\/machines\/cleanup\./, 'root ip'],
  [/^node-releases\./, 'node'],
  [/^workflows\./, 'ssh-keygen'],
  [/^completion\./, 'bash zsh fish'],
];
const TOOL_FOLDERS = ['bookworm', 'sid', 'node'];

/** The requirements of a file that this machine lacks. */
function missing(name) {
  const needs = NEEDS.filter(([files]) => files.test(name)).flatMap(([, list]) => list.split(' '));
  return needs.filter((need) => {
    if (need === 'root') return process.getuid?.() !== 0;
    if (TOOL_FOLDERS.includes(need)) return !existsSync(join('.cache/tools', need));
    return !process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, need)));
  });
}

/** Files that take minutes: a plain `npm test` omits and names them. */
const SLOW =
  /^(?:conformance\/(?:hostile|landing|verify)|matrixctl\/(?:attack|crash|findings)|multipass\/verify|ec2\/command|page\/page)\./;
const isWhole = process.env.TEST === 'all' || process.env.CI === 'true';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
process.chdir(root);
// Tests use servers of their own, and set proxy variables themselves where they need them.
for (const name of Object.keys(process.env))
  if (/^(?:https?|all|no)_proxy$/i.test(name)) delete process.env[name];
const args = process.argv.slice(2);
const isWatching = args[0] === '--watch';
const pattern = new RegExp((isWatching ? args[1] : args[0]) ?? '');
const rank = (name) => {
  const found = LONG.findIndex((start) => name.startsWith(start));
  return found < 0 ? LONG.length : found;
};
const waiting = [];
const running = new Set();
let passed = 0;
let failed = 0;
let skips = 0;

/** Ends processes that a test file has left behind; each file has a process group of its own. */
function endGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is empty already.
  }
}

/** Runs one test file to its end, and prints its output in one piece. */
async function runFile(name) {
  const lacks = process.env.CI === 'true' ? [] : missing(name);
  if (lacks.length > 0) {
    skips += 1;
    process.stdout.write(`${name} skipped: ${lacks.join(', ')} missing\n\n`);
    return;
  }
  const started = Date.now();
  const child = spawn(process.execPath, ['test/run-file.mjs', join('dist/test', name)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
  });
  running.add(child);
  let output = '';
  let counts = { total: 0, passed: 0, skipped: 0 };
  child.on('message', (message) => {
    counts = message;
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup(child, 'SIGKILL');
  }, LIMIT_MS);
  // Its last output may arrive after its end. Processes that still hold its outputs are in its group, and are ended.
  const closed = new Promise((done) => child.on('close', done));
  const code = await new Promise((ended) => child.on('exit', ended));
  clearTimeout(timer);
  endGroup(child, 'SIGKILL');
  await Promise.race([closed, new Promise((done) => setTimeout(done, 5000).unref())]);
  running.delete(child);

  const { total, passed: good, skipped } = counts;
  passed += good;
  failed += total - good;
  // With CI=true a skip is a failure: the machine must have every tool.
  if (skipped > 0 && process.env.CI === 'true') failed += skipped;
  skips += skipped;
  if ((total === 0 && skipped === 0) || code !== 0) {
    failed += 1;
    output += late
      ? `  not at its end after ${LIMIT_MS / 1000} s\n`
      : `  ended with ${code}, ${total} tests counted\n`;
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const text = output.trim();
  process.stdout.write(`${name} (${seconds} s)\n${text.replace(/^/gm, '  ')}\n\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    waiting.length = 0;
    for (const child of running) endGroup(child, signal);
    process.exitCode = 130;
  });

/** Builds, and runs what matches. @returns whether everything has passed */
async function runAll() {
  const built = spawnSync(process.execPath, ['src/build.mjs', 'tests'], { stdio: 'inherit' });
  if (built.status !== 0) return false;
  passed = 0;
  failed = 0;
  skips = 0;
  const matching = readdirSync('dist/test', { recursive: true }).filter(
    (name) => name.endsWith('.test.js') && pattern.test(name),
  );
  // A file that was named runs, however slow it is.
  const isSkipped = (name) => !isWhole && pattern.source === '(?:)' && SLOW.test(name);
  const left = matching.filter(isSkipped);
  const files = matching
    .filter((name) => !isSkipped(name))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  waiting.push(...files);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let name = waiting.shift(); name; name = waiting.shift()) await runFile(name);
    }),
  );
  if (left.length > 0) process.stdout.write(`not run, npm run test:all runs them: ${left.join(', ')}\n`);
  if (files.length === 0) process.stdout.write(`no test file matches ${pattern}\n`);
  if (skips > 0)
    process.stdout.write(
      `${skips} skipped; as root, on Debian or Ubuntu, test/tools installs what they need\n`,
    );
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return passed > 0 && failed === 0;
}

/** Resolves after a change, once no further change has followed for a moment. */
function change() {
  return new Promise((changed) => {
    let timer;
    const watchers = ['src', 'templates', 'test'].map((folder) =>
      watch(folder, { recursive: true }, () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          for (const watcher of watchers) watcher.close();
          changed();
        }, 200);
      }),
    );
  });
}

let isGood = await runAll();
while (isWatching && process.exitCode !== 130) {
  process.stdout.write('waiting for a change\n');
  await change();
  isGood = await runAll();
}
if (!isGood) process.exitCode ??= 1;
