import { CreateSecurityGroupCommand, CreateVolumeCommand } from '@aws-sdk/client-ec2';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EC2_DEFAULTS } from '../../src/machines/ec2/ec2-flags';
import { launchEc2 } from '../../src/machines/ec2/launch';
import { type Resource, unnamed } from '../../src/machines/ec2/resources';
import { leftOver, type SweepOptions, sweepEc2, sweepLines } from '../../src/machines/ec2/sweep';
import type { Run } from '../../src/machines/ec2/tags';
import { ec2Suite, FAST, openWorld, type World } from '../support/ec2/world';

const REGION = 'ap-northeast-1';
const test = ec2Suite('sweep of EC2', REGION);
const never = new AbortController().signal;
const DOCUMENT = Buffer.from('#cloud-config\n');
const HOUR = 3_600_000;
const later = () => new Date(Date.now() + 2 * HOUR);

/** A run without a clean-up. */
async function abandoned(): Promise<Run> {
  let run: Run | undefined;
  const surroundings = { pace: FAST, announce: (one: Run) => (run = one) };
  await launchEc2({ ...EC2_DEFAULTS, yes: true }, surroundings)(DOCUMENT, { progress() {} }, never);
  return run!;
}

function sweep(more: Partial<SweepOptions>, now: () => Date = () => new Date(), said: string[] = []) {
  const options = { regions: [REGION], all: false, yes: false, ...more };
  return sweepEc2(options, { progress: (line) => said.push(line) }, never, { pace: FAST, now });
}

/** A volume, tagged or not. */
async function volume({ ec2 }: World, Tags: { Key: string; Value: string }[]): Promise<string> {
  const TagSpecifications = Tags.length > 0 ? [{ ResourceType: 'volume' as const, Tags }] : [];
  const zone = { AvailabilityZone: `${REGION}a`, Size: 1 };
  return (await ec2.send(new CreateVolumeCommand({ ...zone, TagSpecifications }))).VolumeId!;
}

test('lists what has expired, and removes it only with --yes', async ({ gate, left }) => {
  const run = await abandoned();
  const early = await sweep({ yes: true });
  assert.equal([early.found.length, early.kept.length, early.removed.length], [0, 3, 0]);
  const dry = await sweep({}, later);
  assert.equal(
    dry.found.map(({ kind }) => kind),
    ['instance', 'security group', 'volume'],
  );
  assert.match(
    sweepLines(dry.found)[0]!,
    /^ap-northeast-1 {2}instance {2}i-\w+ {2}running {2}gen-cloudinit verify/,
  );
  assert.match(sweepLines(dry.found)[0]!, new RegExp(`${run.id} {2}expires 20[-\\d]+ \\d\\d:\\d\\d UTC$`));
  assert.is((await left()).length, 3);
  assert.is(gate.calls('TerminateInstances').length, 0);
  gate.ec2.looks.ending = 3;
  const wet = await sweep({ yes: true }, later);
  assert.equal(wet.removed.map(({ kind }) => kind).sort(), ['instance', 'security group']);
  assert.equal(wet.left, []);
});

test('--all includes what has not expired, and --run selects one run', async ({ left }) => {
  const [one, other] = [await abandoned(), await abandoned()];
  await sweep({ run: one.id, yes: true });
  assert.is((await left()).length, 3);
  assert.is((await sweep({})).kept[0]?.run, other.id);
  assert.is((await sweep({ all: true, yes: true })).left.length, 0);
});

test('touches only things with our tag', async (world) => {
  const stranger = await volume(world, [{ Key: 'Name', Value: 'gen-cloudinit verify gc-0123456789' }]);
  const group = await world.ec2.send(new CreateSecurityGroupCommand({ GroupName: 'gc-0', Description: 'd' }));
  const ours = await volume(world, [{ Key: 'gen-cloudinit:run', Value: 'gc-0123456789' }]);
  const swept = await sweep({ all: true, yes: true });
  assert.equal(
    swept.removed.map(({ id }) => id),
    [ours],
  );
  assert.equal((await world.left()).sort(), [group.GroupId, stranger].sort());
  const { DeleteSecurityGroupCommand, DeleteVolumeCommand } = await import('@aws-sdk/client-ec2');
  await world.ec2.send(new DeleteVolumeCommand({ VolumeId: stranger }));
  await world.ec2.send(new DeleteSecurityGroupCommand({ GroupId: group.GroupId! }));
});

test('goes through all the regions given', async (here) => {
  const there = await openWorld('ap-northeast-2');
  await abandoned();
  process.env.AWS_REGION = 'ap-northeast-2';
  await abandoned();
  process.env.AWS_REGION = REGION;
  const swept = await sweep({ regions: [REGION, 'ap-northeast-2'], yes: true }, later);
  assert.equal([...new Set(swept.removed.map(({ region }) => region))], [REGION, 'ap-northeast-2']);
  assert.equal([await here.left(), await there.left()], [[], []]);
  await there.close();
});

test('says what cannot be removed, and why', async ({ gate }) => {
  const run = await abandoned();
  const denied = 'is not authorized to perform: ec2:TerminateInstances on resource: x';
  gate.refuse('TerminateInstances', 'UnauthorizedOperation', denied, { times: 9 });
  const swept = await sweep({ run: run.id, yes: true });
  assert.is(swept.removed.length, 0);
  assert.match(swept.left[0]!.reason, /do not allow ec2:TerminateInstances/);
  assert.match(swept.left.map(({ reason }) => reason).join('\n'), /something still holds it/);
  gate.reset();
  gate.refuse('TerminateInstances', 'OperationNotPermitted', 'termination protection');
  assert.match((await sweep({ run: run.id, yes: true })).left[0]!.reason, /termination protection off/);
  await sweep({ run: run.id, yes: true });
});

test('continues after things that are already gone, and after temporary errors', async ({ gate }) => {
  const run = await abandoned();
  gate.refuse('TerminateInstances', 'InvalidInstanceID.NotFound');
  gate.refuse('DeleteSecurityGroup', 'DependencyViolation', 'held', { times: 3 });
  gate.refuse('DescribeInstances', 'InternalError', 'oops', { status: 500 });
  const said: string[] = [];
  const swept = await sweep({ run: run.id, yes: true }, undefined, said);
  assert.equal(swept.left, []);
  assert.match(said.join('\n'), /EC2 still holds some of it; trying again/);
});
test.run();

const rules = suite('what is left over');
const thing = (kind: Resource['kind'], id: string, more: Partial<Resource> = {}): Resource => ({
  ...unnamed(kind, id, REGION, 'gc-1'),
  ...more,
});
const old = new Date(0);
const ids = (things: readonly Resource[], options: { all: boolean; run?: string }) =>
  leftOver(things, options, new Date(HOUR)).map(({ id }) => id);

rules('finished images stay, failed ones and orphaned snapshots go', () => {
  const things = [
    thing('image', 'good', { state: 'available', snapshots: ['of-good'] }),
    thing('image', 'coming', { state: 'pending', snapshots: [] }),
    thing('image', 'bad', { state: 'failed' }),
    thing('snapshot', 'of-good', { state: 'completed' }),
    thing('snapshot', 'orphan', { state: 'completed' }),
    thing('snapshot', 'coming-too', { state: 'pending' }),
  ];
  assert.equal(ids(things, { all: false }), ['bad', 'orphan']);
  assert.equal(ids(things, { all: true }), ['bad', 'orphan', 'coming-too']);
  assert.is(ids(things, { all: false, run: 'gc-1' }).length, 6);
});

rules('machines go when they have expired', () => {
  const things = [
    thing('instance', 'old', { expires: old }),
    thing('instance', 'new', { expires: new Date(2 * HOUR) }),
    thing('security group', 'without a date'),
  ];
  assert.equal(ids(things, { all: false }), ['old']);
  assert.equal(ids(things, { all: true }), ['old', 'new', 'without a date']);
});
rules.run();
