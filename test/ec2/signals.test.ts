// The real command under real signals, each at a moment when EC2 has created something but not yet answered. The full
// list of moments is in interrupt.test.ts.
import * as assert from 'uvu/assert';
import { ran, type Started, start } from '../support/ec2/command';
import type { Fate, Rule } from '../support/ec2/gate';
import { ec2Suite, openWorld } from '../support/ec2/world';

const REGION = 'eu-south-2';
const OTHERS = ['me-south-1', 'me-central-1', 'af-south-1', 'ap-east-1', 'ap-southeast-3'];
const test = ec2Suite('signals', REGION);
const VERIFY = ['verify', 'ec2', '--domain', 'matrix.example.org', '--yes'];
const BAKE = ['bake', 'ec2', '--name', 'matrix', '--yes'];

type Moment = (signal: () => void) => Rule;

const neverAnswered: Moment =
  (signal) =>
  async (pass): Promise<Fate> => {
    await pass();
    signal();
    return 'hang';
  };
const unanswered: Moment = (signal) => () => {
  signal();
  return 'hang';
};

test('nothing is left', async ({ gate, region: first, left }) => {
  const cases: [action: string, signal: NodeJS.Signals, words: readonly string[], moment: Moment][] = [
    ['DescribeVpcs', 'SIGINT', VERIFY, unanswered],
    ['CreateSecurityGroup', 'SIGINT', VERIFY, neverAnswered],
    ['RunInstances', 'SIGINT', VERIFY, neverAnswered],
    ['GetConsoleOutput', 'SIGTERM', VERIFY, unanswered],
    ['StopInstances', 'SIGHUP', BAKE, unanswered],
    ['CreateImage', 'SIGINT', BAKE, neverAnswered],
  ];
  const others = await Promise.all(OTHERS.map((region) => openWorld(region, gate)));
  await Promise.all(
    cases.map(async ([action, signal, words, moment], lane) => {
      const region = lane === 0 ? first : others[lane - 1]!.region;
      let process: Started | undefined;
      gate.on(
        action,
        moment(() => process?.kill(signal)),
        { region },
      );
      process = start({ gate, region }, words);
      const { code, stderr } = await process.end;
      assert.is(code, 130, `${action}: ${stderr}`);
      assert.match(stderr, `${signal}: cleaning up; press Ctrl-C again to quit without cleanup\n`);
      assert.match(stderr, /gen-cloudinit: interrupted\n$/);
      const still = await (lane === 0 ? left() : others[lane - 1]!.left());
      assert.equal(still, [], action);
    }),
  );
  await Promise.all(others.map((other) => other.close()));
});

test('a second one ends at once; the command that it prints removes the rest', async (world) => {
  world.gate.ec2.console = [''];
  world.gate.on('TerminateInstances', () => 'hang', { times: 99 });
  const verify = start(world, VERIFY);
  await verify.said(/instance i-\w+ is running/);
  verify.kill('SIGINT');
  await verify.said(/removing i-/);
  verify.kill('SIGINT');
  const { code, stderr } = await verify.end;
  assert.is(code, 130);
  assert.is((await world.left()).length, 3);
  const [, command = ''] =
    /not everything is removed yet; remove it with:\ngen-cloudinit (.*)/.exec(stderr) ?? [];
  world.gate.reset();
  const swept = await ran(world, command.split(' '));
  assert.is(swept.code, 0, swept.stderr);
});

test('a second one next to a finished image: the output names the image, and the command spares it', async (world) => {
  world.gate.ec2.console = ['gen-cloudinit: ready: an image\n'];
  world.gate.on('TerminateInstances', () => 'hang', { times: 99 });
  const bake = start(world, BAKE);
  await bake.said(/ is complete/);
  await bake.said(/removing i-/);
  bake.kill('SIGINT');
  await bake.said(/press Ctrl-C again to quit without cleanup/);
  bake.kill('SIGINT');
  const { code, stdout, stderr } = await bake.end;
  assert.is(code, 130);
  assert.match(stdout, /^ami-[0-9a-f]+\n$/);
  const [, command = ''] =
    /not everything is removed yet; remove it with:\ngen-cloudinit (.*)/.exec(stderr) ?? [];
  world.gate.reset();
  assert.is((await ran(world, command.split(' '))).code, 0);
  assert.is((await world.left()).length, 2);
  assert.is((await ran(world, ['bake', 'remove', stdout.trim()])).code, 0);
});

test.run();
