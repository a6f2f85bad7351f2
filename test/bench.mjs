// Prints how long the command takes against a bare Node: medians of interleaved runs, and their ratio.
import { spawnSync } from 'node:child_process';

const RUNS = 31;
const bare = ['-e', '0'];
const command = ['dist/cli.js', '--domain', 'matrix.example.org', '--email', 'admin@example.test'];

function milliseconds(args) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

milliseconds(bare);
milliseconds(command);
const times = { bare: [], command: [] };
for (let i = 0; i < RUNS; i++) {
  times.bare.push(milliseconds(bare));
  times.command.push(milliseconds(command));
}
const [b, c] = [median(times.bare), median(times.command)];
console.log(`node ${process.version}, medians of ${RUNS} runs each`);
console.log(`node -e 0:                ${b.toFixed(1)} ms`);
console.log(`gen-cloudinit --domain x: ${c.toFixed(1)} ms`);
console.log(`ratio:                    ${(c / b).toFixed(2)}`);
