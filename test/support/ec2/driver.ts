// A process of its own that does what the commands do: launch or bake, wait for the sentinel, remove, with Ctrl-C as
// the command line handles it. argv: one JSON text. stdout: one JSON line an event.
import { bakeEc2, bakeOptions } from '../../../src/bake/ec2';
import { launchEc2 } from '../../../src/machines/ec2/launch';
import { ec2Options } from '../../../src/machines/ec2/options';
import type { Run } from '../../../src/machines/ec2/tags';
import { interruptible } from '../../../src/machines/interrupt';
import { waitForSentinel } from '../../../src/machines/sentinel';
import type { DriverRequest } from './drive';

const asked = JSON.parse(process.argv[2] ?? '{}') as DriverRequest;
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
let run: Run | undefined;
const ctrlC = interruptible(
  (line) => say({ warn: line }),
  () => run?.sweepCommand,
  (code) => process.exit(code),
);
const { signal } = ctrlC;
const surroundings = {
  pace: asked.pace,
  announce: (announced: Run) => {
    run = announced;
    say({ run: announced.id });
  },
};
const events = {
  progress: (line: string) => say({ progress: line }),
  image: (id: string) => say({ image: id }),
};
const document = Buffer.from('#cloud-config\nruncmd: [true]\n');

async function verify(): Promise<void> {
  const machine = await launchEc2(ec2Options({ ...asked.options, yes: true }).options, surroundings)(
    document,
    events,
    signal,
  );
  say({ machine: machine.name });
  try {
    say({ sentinel: await waitForSentinel(machine, { within: 20_000, every: asked.pace.console, signal }) });
  } finally {
    await machine.destroy();
  }
}

async function bake(): Promise<void> {
  const { options } = bakeOptions({ ...asked.options, yes: true, name: asked.name });
  say({ baked: await bakeEc2(document, options, surroundings, events, signal) });
}

try {
  await (asked.verb === 'bake' ? bake() : verify());
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = ctrlC.interrupted ? 130 : 1;
}
ctrlC.release();
