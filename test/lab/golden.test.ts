import { readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { faultRows, faultScenarios } from './scenarios/faults';
import { machineName } from './scenarios/faults/runner';

/** The lab's README contains the table of faults, generated from the scenarios. `npm run render` regenerates it. */
const faults = suite('the table of faults');
const readme = 'test/lab/README.md';

const cell = (text: string) => text.replaceAll('|', '\\|');
const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |\n`;

faults('is in the README', () => {
  const head = ['scenario', 'fault', 'moment', 'expected', 'seen'];
  const rows = faultRows.map(({ name, fault, moment, expected, seen }) => [
    `\`${name}\``,
    fault,
    moment,
    expected,
    seen,
  ]);
  const table = [head, head.map(() => '---'), ...rows].map(line).join('');
  const text = readFileSync(readme, 'utf8');
  const marked = /(<!-- faults -->\n)[\s\S]*(<!-- \/faults -->)/;
  assert.ok(marked.test(text), 'README.md has the marks of the table');
  const expected = text.replace(marked, (_, open, close) => `${open}${table}${close}`);
  if (process.env.RENDER === '1') writeFileSync(readme, expected);
  else assert.is(text, expected, `${readme} is out of date: npm run render`);
});

faults('names lead to different machine names', () => {
  const names = faultScenarios.map(({ name }) => machineName(name));
  assert.is(new Set(names).size, names.length);
});

faults.run();
