// Ctrl-C at every moment of every call that creates something: nothing stays. command.test.ts does the same with
// processes and signals at the moments that matter most.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bakeEc2 } from '../../src/bake/ec2';
import { waitForBootOutcome } from '../../src/machines/boot-outcome';
import { EC2_DEFAULTS, type Ec2Options } from '../../src/machines/ec2/ec2-flags';
import { launchEc2 } from '../../src/machines/ec2/launch';
import type { Pacing } from '../../src/machines/ec2/pacing';
import { Stopped } from '../../src/system/wait';
import { type Fate, Gate, type Rule } from '../support/ec2/gate';
import { motoMissing } from '../support/ec2/moto';
import { environment, FAST, openWorld, type World } from '../support/ec2/world';

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
const DOCUMENT = Buffer.from('#cloud-config\nruncmd: [true]\n');
const missing = motoMissing();
const saved = { ...process.env };
const worlds: World[] = [];
let gate: Gate;

type Interrupt = () => void;

/** The outcome of the call, and the moment of Ctrl-C. The test waits for an expected answer, however busy this machine is. */
const ANSWERED: Readonly<Record<string, (interrupt: Interrupt) => Rule>> = {
  'before EC2 does it': (interrupt) => () => {
    interrupt();
    return 'break';
  },
  'while EC2 does it': (interrupt) => (pass) => {
    interrupt();
    return pass();
  },
  'just after the answer': (interrupt) => async (pass) => {
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
};
const UNANSWERED: typeof ANSWERED = {
  'done, but never answered':
    (interrupt) =>
    async (pass): Promise<Fate> => {
      await pass();
      interrupt();
      return 'hang';
    },
  'neither done nor answered': (interrupt) => () => {
    interrupt();
    return 'hang';
  },
  'done only after the run has stopped waiting for it': (interrupt) => (pass, call) => {
    const late: Rule = async (look) => {
      const answer = await look();
      await pass();
      return answer;
    };
    // The clean-up's first search does not find it yet.
    gate.on('DescribeInstances', late, { region: call.region });
    interrupt();
    return 'hang';
  },
};

type Work = (region: string, pace: Pacing, signal: AbortSignal) => Promise<unknown>;

const verify =
  (more: Partial<Ec2Options> = {}): Work =>
  async (region, pace, signal) => {
    const options = { ...EC2_DEFAULTS, ...more, region, yes: true };
    const machine = await launchEc2(options, { pace })(DOCUMENT, { progress() {} }, signal);
    try {
      return await waitForBootOutcome(machine, { within: 600_000, every: pace.console, signal });
    } finally {
      await machine.destroy();
    }
  };

const bake: Work = (region, pace, signal) => {
  const options = { ...EC2_DEFAULTS, region, name: 'matrix', yes: true };
  return bakeEc2(DOCUMENT, options, { pace }, { progress() {}, image() {}, complete() {} }, signal);
};

/** @returns the result of the work, and how often Ctrl-C was sent */
async function interrupted(world: World, work: Work, pace: Pacing, arm: (interrupt: Interrupt) => void) {
  const controller = new AbortController();
  let times = 0;
  arm(() => {
    times++;
    controller.abort(new Error('interrupted'));
  });
  const end = await work(world.region, pace, controller.signal).catch((error: unknown) => error);
  return { end, times, left: await world.left() };
}

/** One run per region, each with Ctrl-C at another moment of the same call. */
async function atEveryMoment(action: string, work: Work): Promise<void> {
  gate.reset();
  const moments = Object.entries({ ...ANSWERED, ...UNANSWERED });
  await Promise.all(
    moments.map(async ([name, moment], lane) => {
      const world = worlds[lane]!;
      const pace = name in ANSWERED ? { ...FAST, grace: 60_000 } : FAST;
      const { end, times, left } = await interrupted(world, work, pace, (interrupt) =>
        gate.on(action, moment(interrupt), { region: world.region }),
      );
      assert.is(times, 1, `${action}: ${name}`);
      assert.instance(end, Stopped, `${action}: ${name}: ${end}`);
      assert.equal(left, [], `${action}: ${name}`);
    }),
  );
}

const on = (title: string, body: () => Promise<void>) => {
  if (missing && process.env.CI !== 'true') return test.skip(title);
  test(title, async () => {
    if (missing) throw new Error(missing);
    if (worlds.length === 0) {
      gate = await Gate.open();
      worlds.push(...(await Promise.all(REGIONS.map((region) => openWorld(region, gate)))));
      Object.assign(process.env, environment(gate, REGIONS[0]!));
    }
    await body();
  });
};
test.after(async () => {
  await Promise.all(worlds.map((world) => world.close()));
  await gate?.close();
  process.env = saved;
});

on('while the security group is made', () => atEveryMoment('CreateSecurityGroup', verify()));
on('while its ports are opened', () =>
  atEveryMoment('AuthorizeSecurityGroupIngress', verify({ open: true })),
);
on('while the instance is made', () => atEveryMoment('RunInstances', verify()));
on('while the image is made', () => atEveryMoment('CreateImage', bake));

on('at all other times', async () => {
  gate.reset();
  gate.ec2.looks.image = 1_000;
  // Calls that create nothing: lookups, waiting, reading the console, stopping, removing.
  const calls: [action: string, nth: number, work: Work][] = [
    ['DescribeInstanceTypes', 1, verify()],
    ['DescribeVpcs', 1, verify()],
    ['DescribeInstances', 1, verify()],
    ['GetConsoleOutput', 1, verify()],
    ['TerminateInstances', 1, verify()],
    ['StopInstances', 1, bake],
    // The third DescribeImages waits for the new image.
    ['DescribeImages', 3, bake],
  ];
  await Promise.all(
    calls.map(async ([action, nth, work], lane) => {
      const world = worlds[lane]!;
      let seen = 0;
      const { end, times, left } = await interrupted(world, work, FAST, (interrupt) => {
        const rule: Rule = (pass) => {
          if (++seen === nth) interrupt();
          return pass();
        };
        gate.on(action, rule, { times: nth, region: world.region });
      });
      assert.is(times, 1, action);
      // If the removal has already started, the work is complete.
      if (action !== 'TerminateInstances') assert.instance(end, Stopped, `${action}: ${end}`);
      assert.equal(left, [], action);
    }),
  );
});

on('while EC2 does not list the new instance yet', async () => {
  gate.reset();
  gate.ec2.looks.absent = 6;
  const { end, left } = await interrupted(worlds[0]!, verify(), FAST, (interrupt) =>
    gate.on('RunInstances', ANSWERED['just after the answer']!(interrupt)),
  );
  assert.instance(end, Stopped);
  assert.equal(left, []);
});

test.run();
