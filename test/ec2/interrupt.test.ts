// Ctrl-C at every moment of every call that makes something: a real process, a real SIGINT, and nothing left.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Driven, type DriverRequest, drive } from '../support/ec2/drive';
import type { Fate, Rule } from '../support/ec2/gate';
import { motoMissing } from '../support/ec2/moto';
import { FAST, openWorld, type World } from '../support/ec2/world';

const test = suite('Ctrl-C on EC2');
const REGIONS = [
  'eu-west-2',
  'eu-west-3',
  'eu-north-1',
  'eu-central-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
];
const missing = motoMissing();
const worlds: World[] = [];

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
type Moment = (interrupt: () => void) => Rule;

/** What happens to the call, and when the signal comes. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  'before EC2 does it': (interrupt) => async (): Promise<Fate> => {
    interrupt();
    return 'break';
  },
  'while EC2 does it':
    (interrupt) =>
    async (pass): Promise<Fate> => {
      interrupt();
      await wait(40);
      return pass();
    },
  'just after the answer':
    (interrupt) =>
    async (pass): Promise<Fate> => {
      const answer = await pass();
      setTimeout(interrupt, 5);
      return answer;
    },
  'done, but the answer is lost':
    (interrupt) =>
    async (pass): Promise<Fate> => {
      await pass();
      interrupt();
      return 'break';
    },
  'done, but never answered':
    (interrupt) =>
    async (pass): Promise<Fate> => {
      await pass();
      interrupt();
      return 'hang';
    },
  'neither done nor answered': (interrupt) => async (): Promise<Fate> => {
    interrupt();
    return 'hang';
  },
  'done only after nobody waits for it':
    (interrupt) =>
    async (pass): Promise<Fate> => {
      interrupt();
      await wait(FAST.grace + 1.5 * FAST.settle);
      await pass();
      return 'break';
    },
};

/** One process in each region: the SIGINT comes at another moment of the same call. */
async function atEveryMoment(action: string, request: Partial<DriverRequest>): Promise<void> {
  const names = Object.keys(MOMENTS);
  await Promise.all(
    names.map(async (name, lane) => {
      const world = worlds[lane]!;
      const [moment, what] = [MOMENTS[name]!, `${action}: ${name}`];
      world.gate.reset();
      let driven: Driven | undefined;
      let interrupted = 0;
      world.gate.on(
        action,
        moment(() => {
          interrupted++;
          driven?.kill('SIGINT');
        }),
      );
      driven = await drive(world, request);
      const code = await driven.end;
      assert.is(interrupted, 1, what);
      assert.is(code, 130, `${what}: ${JSON.stringify(driven.events)}`);
      assert.equal(await world.left(), [], `${what}: ${JSON.stringify(driven.events)}`);
    }),
  );
}

const on = (title: string, body: () => Promise<void>) => {
  if (missing && process.env.CI !== 'true') return test.skip(title);
  test(title, async () => {
    if (missing) throw new Error(missing);
    if (worlds.length === 0) worlds.push(...(await Promise.all(REGIONS.map(openWorld))));
    await body();
  });
};
test.after(async () => {
  await Promise.all(worlds.map((world) => world.close()));
});

on('while the security group is made', () => atEveryMoment('CreateSecurityGroup', {}));
on('while its ports are opened', () =>
  atEveryMoment('AuthorizeSecurityGroupIngress', { options: { open: true } }),
);
on('while the instance is made', () => atEveryMoment('RunInstances', {}));
on('while the image is made', () => atEveryMoment('CreateImage', { verb: 'bake', name: 'matrix' }));

on('at all other times', async () => {
  // Calls that make nothing: looking things up, waiting, reading the console, stopping, removing.
  const bake = { verb: 'bake', name: 'matrix' } as const;
  const calls: [action: string, nth: number, request: Partial<DriverRequest>, code: number][] = [
    ['DescribeInstanceTypes', 1, {}, 130],
    ['DescribeVpcs', 1, {}, 130],
    ['DescribeInstances', 1, {}, 130],
    ['GetConsoleOutput', 2, {}, 130],
    // The work is done, and so is the removal.
    ['TerminateInstances', 1, {}, 0],
    ['StopInstances', 1, bake, 130],
    // The third look at images waits for the new one.
    ['DescribeImages', 3, bake, 130],
  ];
  await Promise.all(
    calls.map(async ([action, nth, request, expected], lane) => {
      const world = worlds[lane]!;
      world.gate.reset();
      world.gate.ec2.looks.image = 1_000;
      let driven: Driven | undefined;
      let seen = 0;
      const rule: Rule = (pass) => {
        if (++seen === nth) driven?.kill('SIGINT');
        return pass();
      };
      world.gate.on(action, rule, nth);
      driven = await drive(world, request);
      const code = await driven.end;
      const what = `${action}: ${JSON.stringify(driven.events)}`;
      assert.is(code, expected, what);
      assert.is(seen, nth, what);
      assert.equal(await world.left(), [], what);
    }),
  );
});

on('while EC2 does not list the new instance yet', async () => {
  const world = worlds[0]!;
  world.gate.reset();
  world.gate.ec2.looks.absent = 6;
  world.gate.on('RunInstances', async (pass): Promise<Fate> => {
    const answer = await pass();
    setTimeout(() => driven.kill('SIGINT'), 5);
    return answer;
  });
  const driven = await drive(world);
  assert.is(await driven.end, 130);
  assert.equal(await world.left(), []);
});

on('a second time: the command that removes the rest is printed, and it does', async () => {
  const world = worlds[0]!;
  world.gate.reset();
  world.gate.on('TerminateInstances', () => 'hang', 99);
  const driven = await drive(world);
  const run = String(await driven.event('run'));
  await driven.event('machine');
  driven.kill('SIGINT');
  await driven.event('warn');
  await wait(150);
  driven.kill('SIGINT');
  assert.is(await driven.end, 130);
  const said = driven.events.map((event) => event.warn).filter(Boolean);
  const command = `gen-cloudinit sweep ec2 --region ${world.region} --run ${run} --yes`;
  assert.match(String(said.at(-1)), command);
  assert.is((await world.left()).length, 3);
  await swept(world, run);
});

on('kill -9 leaves what a sweep finds', async () => {
  const world = worlds[1]!;
  world.gate.reset();
  world.gate.ec2.console = [''];
  const driven = await drive(world);
  const run = String(await driven.event('run'));
  await driven.event('machine');
  driven.kill('SIGKILL');
  assert.is(await driven.end, 'SIGKILL');
  assert.is((await world.left()).length, 3);
  await swept(world, run);
});

/** Runs what the printed command does. */
async function swept(world: World, run: string): Promise<void> {
  const { sweepEc2 } = await import('../../src/machines/ec2/sweep');
  const { environment } = await import('../support/ec2/world');
  const saved = { ...process.env };
  world.gate.reset();
  Object.assign(process.env, environment(world.gate, world.region));
  const options = { regions: [world.region], run, all: false, yes: true };
  const { left } = await sweepEc2(options, { progress() {} }, new AbortController().signal, { pace: FAST });
  process.env = saved;
  assert.equal(left, []);
  assert.equal(await world.left(), []);
}

test.run();
