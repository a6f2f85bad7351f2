// Runs one test file with uvu, and sends uvu's own counts to the process that started this one.
import { pathToFileURL } from 'node:url';

globalThis.UVU_DEFER = 1;
await import('uvu');
globalThis.UVU_INDEX = 0;
const suites = [null];
globalThis.UVU_QUEUE.push(suites);
await import(pathToFileURL(process.argv[2]).href);
const counts = { total: 0, passed: 0, skipped: 0 };
for (const suite of suites.slice(1)) {
  const [errors, passed, skipped, total] = await suite();
  counts.total += total;
  counts.passed += passed;
  counts.skipped += skipped;
  if (typeof errors === 'string') process.stdout.write(`\n${errors}\n`);
}
// Anything that a file leaves open keeps it running; run.mjs then ends it at its time limit.
process.send(counts, () => process.disconnect());
