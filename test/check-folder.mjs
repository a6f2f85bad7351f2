// Runs `check` on every file below a folder, and prints totals, findings per rule and the slowest file:
//   node test/check-folder.mjs FOLDER [--show CODE] [FLAGS OF check]
// It needs a build. A file that is not user data is a finding like any other.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node test/check-folder.mjs FOLDER [--show CODE] [FLAGS OF check]\n');
  process.exit(2);
}
const shown = rest[0] === '--show' ? rest.splice(0, 2)[1] : undefined;
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((name) => join(folder, name))
  .filter((file) => statSync(file).isFile())
  .sort();

const perRule = new Map();
const perSeverity = { error: 0, warning: 0, info: 0 };
const withErrors = new Set();
let crashes = 0;
let slowest = { file: '', seconds: 0 };
for (const file of files) {
  const started = process.hrtime.bigint();
  const { stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', 'check', file, '--json', ...rest], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (seconds > slowest.seconds) slowest = { file, seconds };
  let found;
  try {
    found = JSON.parse(stdout);
  } catch {
    crashes += 1;
    process.stdout.write(`${file}: no answer: ${stderr.split('\n')[0]}\n`);
    continue;
  }
  for (const { code, severity, line, path, message } of found) {
    perSeverity[severity] += 1;
    if (severity === 'error') withErrors.add(file);
    const row = perRule.get(code) ?? { findings: 0, files: new Set() };
    row.findings += 1;
    row.files.add(file);
    perRule.set(code, row);
    if (code === shown || shown === 'all')
      process.stdout.write(`${file}:${line} ${path} ${severity} ${code}: ${message}\n`);
  }
}

const { error, warning, info } = perSeverity;
process.stdout.write(`${files.length} files, ${withErrors.size} with errors, ${crashes} without an answer\n`);
process.stdout.write(`${error} errors, ${warning} warnings, ${info} notes\n`);
for (const [code, { findings, files: of }] of [...perRule].sort((a, b) => b[1].findings - a[1].findings))
  process.stdout.write(`${String(findings).padStart(6)} in ${String(of.size).padStart(4)} files  ${code}\n`);
process.stdout.write(`slowest: ${slowest.file} (${slowest.seconds.toFixed(1)} s)\n`);
