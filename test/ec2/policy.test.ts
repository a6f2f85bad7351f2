// The IAM policy in the README contains exactly the actions that a real run needs.

import { readFileSync } from 'node:fs';
import { CreateVolumeCommand, DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import * as assert from 'uvu/assert';
import { bakeEc2 } from '../../src/bake/ec2';
import { bakeRemove } from '../../src/bake/ec2-images';
import { waitForBootOutcome } from '../../src/machines/boot-outcome';
import { EC2_DEFAULTS } from '../../src/machines/ec2/ec2-flags';
import { launchEc2 } from '../../src/machines/ec2/launch';
import { EC2_POLICY } from '../../src/machines/ec2/policy';
import { sweepEc2 } from '../../src/machines/ec2/sweep';
import { ec2Suite, FAST } from '../support/ec2/world';

const REGION = 'sa-east-1';
const test = ec2Suite('IAM policy', REGION);
const DOCUMENT = Buffer.from('#cloud-config\n');
const never = new AbortController().signal;
const events = { progress() {}, image() {}, complete() {} };

test('allows exactly what verify, bake and sweep call', async ({ gate, ec2 }) => {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const subnet = Subnets[0]!.SubnetId!;
  for (const more of [{ open: true }, { subnet }]) {
    const options = { ...EC2_DEFAULTS, ...more, yes: true };
    const machine = await launchEc2(options, { pace: FAST })(DOCUMENT, events, never);
    await waitForBootOutcome(machine, { within: 600_000, every: FAST.console });
    await machine.destroy();
  }
  const asked = gate.calls('RunInstances').at(-1)!.params;
  assert.is(asked.get('NetworkInterface.1.SubnetId'), subnet);
  assert.is(asked.get('NetworkInterface.1.AssociatePublicIpAddress'), 'true');
  const options = { ...EC2_DEFAULTS, name: 'matrix', yes: true };
  const baked = await bakeEc2(DOCUMENT, options, { pace: FAST }, events, never);
  await bakeRemove([baked.id], {}, events, never, FAST);
  // A volume whose machine is gone.
  const Tags = [{ Key: 'gen-cloudinit:run', Value: 'gc-0123456789' }];
  const volume = { AvailabilityZone: `${REGION}a`, Size: 1 };
  await ec2.send(
    new CreateVolumeCommand({ ...volume, TagSpecifications: [{ ResourceType: 'volume', Tags }] }),
  );
  await sweepEc2({ regions: [], all: true, yes: true }, events, never, { pace: FAST });

  const called = new Set(gate.log.map(({ action }) => `ec2:${action}`));
  // Tags in a call that creates something need this permission too.
  const tagging = gate.log.filter(({ params }) => params.has('TagSpecification.1.ResourceType'));
  if (tagging.length > 0) called.add('ec2:CreateTags');
  const allowed = EC2_POLICY.Statement.flatMap(({ Action }) => Action);
  assert.equal([...called].sort(), [...allowed].sort());

  const mayTag = EC2_POLICY.Statement.find(({ Action }) => Action.includes('ec2:CreateTags'));
  assert.equal(
    mayTag?.Condition?.StringEquals?.['ec2:CreateAction'],
    [...new Set(tagging.map(({ action }) => action))].sort(),
  );
});

test('is the one in the README', async () => {
  const text = readFileSync('src/machines/ec2/README.md', 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  assert.equal(JSON.parse(json), EC2_POLICY);
});

test.run();
