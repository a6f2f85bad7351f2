// The test command: builds, runs every test file with uvu, and closes with one line `N passed, N failed`.
// uvu ends with 0 when it finds no test, so a count of nothing is a failure here.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'uvu/run';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
process.chdir(root);
const built = spawnSync(process.execPath, ['src/build.mjs', 'tests'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);

const pattern = process.argv[2] ? new RegExp(process.argv[2]) : /./;
const dir = join(root, 'dist/test');
const suites = readdirSync(dir, { recursive: true })
  .filter((name) => name.endsWith('.test.js') && pattern.test(name))
  .sort()
  .map((name) => ({ name, file: join(dir, name) }));

let output = '';
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (chunk, ...rest) => {
  output += chunk;
  return write(chunk, ...rest);
};
await run(suites);
process.stdout.write = write;

const count = (word) => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(output)?.[1] ?? 0);
const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
const failed = total - passed;
if (total === 0) process.stdout.write('no test was found\n');
process.stdout.write(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = total === 0 || failed > 0 || process.exitCode ? 1 : 0;
