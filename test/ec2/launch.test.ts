import * as assert from 'uvu/assert';
import { waitForBootOutcome } from '../../src/machines/boot-outcome';
import { EC2_DEFAULTS, type Ec2Options } from '../../src/machines/ec2/ec2-flags';
import { launchEc2 } from '../../src/machines/ec2/launch';
import type { Plan } from '../../src/machines/ec2/plan';
import type { Fate, Rule } from '../support/ec2/gate';
import {
  NEWEST_BOOKWORM,
  NEWEST_JAMMY,
  NEWEST_NOBLE,
  NEWEST_NOBLE_ARM,
  NEWEST_RESOLUTE,
  NEWEST_TRIXIE,
} from '../support/ec2/images';
import { ec2Suite, FAST } from '../support/ec2/world';

const test = ec2Suite('launch on EC2', 'eu-west-1');
const DOCUMENT = Buffer.from('#cloud-config\nruncmd: [true]\n');
/** EC2 executes the call, but the answer is lost. */
const lost: Rule = async (pass): Promise<Fate> => {
  await pass();
  return 'break';
};
const never = new AbortController().signal;

function launch(more: Partial<Ec2Options> = {}, said: string[] = [], document: Uint8Array = DOCUMENT) {
  const options = { ...EC2_DEFAULTS, yes: true, ...more };
  return launchEc2(options, { pace: FAST })(document, { progress: (line) => said.push(line) }, never);
}

test('boots, waits for the outcome, removes', async ({ gate }) => {
  const said: string[] = [];
  const machine = await launch({}, said);
  const outcome = await waitForBootOutcome(machine, { within: 600_000, every: FAST.console });
  assert.equal(outcome, { ready: true, line: 'gen-cloudinit: ready: https://matrix.example.org/' });
  assert.is(machine.reach, undefined);
  assert.match(
    machine.howTo.remove,
    /^gen-cloudinit sweep ec2 --region eu-west-1 --run gc-[0-9a-f]{10} --yes$/,
  );
  await Promise.all([machine.destroy(), machine.destroy()]);
  await machine.destroy();
  assert.is(gate.calls('TerminateInstances').length, 1);
  assert.match(said.join('\n'), /one t3\.small \(2 CPUs, 2 GiB, x86_64\) in eu-west-1/);
  assert.match(said.join('\n'), /costs money/);
});

test('requests from EC2 what the plan shows', async ({ gate }) => {
  const machine = await launch({ disk: 20 });
  const asked = Object.fromEntries(gate.calls('RunInstances')[0]!.params);
  const run = asked['TagSpecification.1.Tag.2.Value'];
  const expected = {
    ImageId: NEWEST_NOBLE,
    InstanceType: 't3.small',
    ClientToken: `${run}-ordinary`,
    InstanceInitiatedShutdownBehavior: 'terminate',
    'MetadataOptions.HttpTokens': 'required',
    'MetadataOptions.HttpPutResponseHopLimit': '1',
    'BlockDeviceMapping.1.DeviceName': '/dev/sda1',
    'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
    'BlockDeviceMapping.1.Ebs.VolumeSize': '20',
    'BlockDeviceMapping.1.Ebs.DeleteOnTermination': 'true',
    'CreditSpecification.CpuCredits': 'unlimited',
  };
  for (const [name, value] of Object.entries(expected)) assert.is(asked[name], value, name);
  assert.equal(
    [1, 2, 3].map((n) => asked[`TagSpecification.${n}.ResourceType`]),
    ['instance', 'volume', 'network-interface'],
  );
  assert.equal(
    [1, 2, 3].map((n) => asked[`TagSpecification.1.Tag.${n}.Key`]),
    ['Name', 'gen-cloudinit:run', 'gen-cloudinit:expires'],
  );
  assert.is(gate.calls('AuthorizeSecurityGroupIngress').length, 0);
  assert.is(gate.log.filter(({ dryRun }) => dryRun).length, 2);
  await machine.destroy();
});

test('opens the ports of a server, and SSH with a key', async ({ gate }) => {
  const machine = await launch({ open: true });
  const asked = Object.fromEntries(gate.calls('AuthorizeSecurityGroupIngress')[0]!.params);
  assert.equal(
    [1, 2, 3, 4].map((n) => asked[`IpPermissions.${n}.FromPort`]),
    ['80', '443', '8448', undefined],
  );
  assert.is(asked['IpPermissions.1.Ipv6Ranges.1.CidrIpv6'], '::/0');
  assert.match(machine.reach!(8448).host, /^\d+\.\d+\.\d+\.\d+$/);
  assert.is(machine.reach!(8448).port, 8448);
  await machine.destroy();
});

test('a key opens SSH alone, so that nothing is judged from outside', async ({ gate, ec2 }) => {
  const { CreateKeyPairCommand } = await import('@aws-sdk/client-ec2');
  await ec2.send(new CreateKeyPairCommand({ KeyName: 'mine' }));
  const machine = await launch({ keyPair: 'mine' });
  const asked = Object.fromEntries(gate.calls('AuthorizeSecurityGroupIngress')[0]!.params);
  assert.equal([asked['IpPermissions.1.FromPort'], asked['IpPermissions.2.FromPort']], ['22', undefined]);
  assert.is(machine.reach, undefined);
  assert.match(machine.howTo.enter, /^ssh ubuntu@[\d.]+$/);
  await machine.destroy();
});

test('takes the architecture from the instance type', async ({ gate }) => {
  await (await launch({ instanceType: 't4g.small' })).destroy();
  await (await launch({ release: 'jammy' })).destroy();
  await (await launch({ release: 'resolute' })).destroy();
  assert.equal(
    gate.calls('RunInstances').map(({ params }) => params.get('ImageId')),
    [NEWEST_NOBLE_ARM, NEWEST_JAMMY, NEWEST_RESOLUTE],
  );
});

test("Debian's images are Debian's own", async ({ gate }) => {
  const machine = await launch({ release: 'trixie' });
  await machine.destroy();
  await (await launch({ release: 'bookworm' })).destroy();
  const [first, second] = gate.calls('RunInstances').map(({ params }) => params);
  assert.equal([first?.get('ImageId'), second?.get('ImageId')], [NEWEST_TRIXIE, NEWEST_BOOKWORM]);
  assert.is(first?.get('BlockDeviceMapping.1.DeviceName'), '/dev/xvda');
});

test('without a public address, and with own tags on everything', async ({ gate }) => {
  const tags = ['team=chat', 'cost center=4711=x'];
  const machine = await launch({ publicAddress: false, tags });
  const asked = gate.calls('RunInstances')[0]!.params;
  assert.is(asked.get('NetworkInterface.1.AssociatePublicIpAddress'), 'false');
  assert.is(asked.get('NetworkInterface.1.SubnetId'), null);
  assert.is(asked.get('SecurityGroupId.1'), null);
  const group = gate.calls('CreateSecurityGroup')[0]!.params;
  for (const params of [asked, group])
    assert.equal(
      [4, 5].map((n) => [
        params.get(`TagSpecification.1.Tag.${n}.Key`),
        params.get(`TagSpecification.1.Tag.${n}.Value`),
      ]),
      [
        ['team', 'chat'],
        ['cost center', '4711=x'],
      ],
    );
  await machine.destroy();
});

test('reports contradicting options before it creates anything', async ({ gate }) => {
  const refused = async (more: Partial<Ec2Options>, words: RegExp) => {
    try {
      await launch(more);
    } catch (error) {
      return assert.match(String(error), words);
    }
    assert.unreachable();
  };
  await refused(
    { instanceType: 't4g.small', release: 'jammy' },
    /no image of Canonical's for jammy on arm64/,
  );
  await refused(
    { instanceType: 't4g.small', image: NEWEST_NOBLE },
    /for x86_64, the instance type for arm64/,
  );
  await refused({ instanceType: 't2.small' }, /older than the Nitro system/);
  await refused({ instanceType: 'z9.mega' }, /no instance type|no such/);
  await refused({ image: 'ami-0123456789abcdef0' }, /has no such image/);
  await refused({ subnet: 'subnet-0123456789abcdef0' }, /has no such subnet/);
  assert.is(gate.calls('CreateSecurityGroup').length + gate.calls('RunInstances').length, 0);
});

test('refuses a document that is too large before any call', async ({ gate }) => {
  try {
    await launch({}, [], Buffer.alloc(16_385, '#'));
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /the document has 16385 bytes, EC2 takes 16384/);
  }
  assert.is(gate.log.length, 0);
});

test('a spot instance, or an ordinary one when there is none', async ({ gate }) => {
  await (await launch({ spot: true })).destroy();
  const [first] = gate.calls('RunInstances');
  assert.is(first!.params.get('InstanceMarketOptions.MarketType'), 'spot');
  assert.is(first!.params.get('TagSpecification.4.ResourceType'), 'spot-instances-request');
  for (const code of ['MaxSpotInstanceCountExceeded', 'SpotMaxPriceTooLow', 'InsufficientInstanceCapacity']) {
    gate.reset();
    gate.refuse('RunInstances', code);
    const said: string[] = [];
    await (await launch({ spot: true }, said)).destroy();
    assert.match(said.join('\n'), new RegExp(`no spot instance: .*${code}.*an ordinary one instead`));
    assert.is(gate.calls('RunInstances')[1]!.params.get('InstanceMarketOptions.MarketType'), null);
  }
});

test('asks before it costs money', async ({ gate }) => {
  const plans: Plan[] = [];
  const go = (confirm?: (plan: Plan) => Promise<boolean>) =>
    launchEc2(EC2_DEFAULTS, { pace: FAST, ...(confirm ? { confirm } : {}) })(
      DOCUMENT,
      { progress() {} },
      never,
    );
  const words = async (attempt: Promise<unknown>) => attempt.then(() => '', String);
  assert.match(await words(go()), /there is no terminal to ask at: confirm with --yes/);
  const no = async (plan: Plan) => {
    plans.push(plan);
    return false;
  };
  assert.match(await words(go(no)), /nothing was made/);
  assert.is(plans[0]?.disk, 16);
  assert.is(gate.calls('CreateSecurityGroup').length, 0);
  await (await go(async () => true)).destroy();
});

test('a lost answer creates no second instance, group or rule', async ({ gate, left }) => {
  for (const action of ['CreateSecurityGroup', 'AuthorizeSecurityGroupIngress', 'RunInstances']) {
    gate.reset();
    gate.on(action, lost);
    const machine = await launch({ open: true });
    // One instance with its volume and group.
    assert.is((await left()).length, 3, action);
    await machine.destroy();
  }
});

test('a network that fails for a while ends nothing', async ({ gate }) => {
  const away: Rule = () => 'break';
  // Three attempts of the SDK count as one request.
  gate.on('DescribeInstances', away, { times: 6 });
  gate.on('GetConsoleOutput', away, { times: 6 });
  const machine = await launch();
  const outcome = await waitForBootOutcome(machine, { within: 600_000, every: FAST.console });
  assert.is(outcome.ready, true);
  await machine.destroy();
});

test('the launch notices a machine that ends unexpectedly', async ({ gate, ec2 }) => {
  gate.ec2.console = ['[    0.0] Linux\n'];
  const machine = await launch();
  const { TerminateInstancesCommand } = await import('@aws-sdk/client-ec2');
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [machine.name] }));
  try {
    await waitForBootOutcome(machine, { within: 600_000, every: FAST.console });
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /is terminated/);
  }
  await machine.destroy();
});

test.run();
