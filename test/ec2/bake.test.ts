import * as assert from 'uvu/assert';
import { bakeEc2 } from '../../src/bake/ec2';
import { bakeList, bakeRemove } from '../../src/bake/ec2-images';
import { EC2_DEFAULTS } from '../../src/machines/ec2/ec2-flags';
import { launchEc2 } from '../../src/machines/ec2/launch';
import { sweepEc2 } from '../../src/machines/ec2/sweep';
import type { Run } from '../../src/machines/ec2/tags';
import type { Fate } from '../support/ec2/gate';
import { ec2Suite, FAST } from '../support/ec2/world';
import { run } from '../support/run';

const REGION = 'ca-central-1';
const test = ec2Suite('bake on EC2', REGION);
const DOCUMENT = Buffer.from('#cloud-config\nruncmd: [true]\n');
const never = new AbortController().signal;
const silent = { progress() {} };

function bake(name: string, images: string[] = [], announce: (run: Run) => void = () => {}) {
  const options = { ...EC2_DEFAULTS, name, yes: true };
  const events = { progress() {}, image: (id: string) => images.push(id), complete() {} };
  return bakeEc2(DOCUMENT, options, { pace: FAST, announce }, events, never);
}

const failure = (attempt: Promise<unknown>) => attempt.then(() => 'nothing was thrown', String);

test('bakes an image, lists it, boots it, removes it', async ({ gate, left }) => {
  const images: string[] = [];
  const baked = await bake('matrix 2026-11', images);
  assert.equal(images, [baked.id]);
  assert.equal([baked.name, baked.state, baked.region], ['matrix 2026-11', 'available', REGION]);
  assert.is(baked.snapshots.length, 1);
  // The machine is removed; image and snapshot stay.
  assert.equal((await left()).sort(), [baked.id, ...baked.snapshots].sort());
  const order = gate.log.filter(({ dryRun }) => !dryRun).map(({ action }) => action);
  assert.ok(order.indexOf('StopInstances') < order.indexOf('CreateImage'));
  assert.ok(order.indexOf('CreateImage') < order.indexOf('TerminateInstances'));
  const asked = gate.calls('CreateImage')[0]!.params;
  assert.equal(
    ['TagSpecification.1', 'TagSpecification.2'].map((one) => [
      asked.get(`${one}.ResourceType`),
      asked.get(`${one}.Tag.2.Key`),
      asked.get(`${one}.Tag.3.Key`),
    ]),
    [
      ['image', 'gen-cloudinit:run', null],
      ['snapshot', 'gen-cloudinit:run', null],
    ],
  );
  assert.equal(await bakeList({}, never, FAST), [baked]);

  const options = { ...EC2_DEFAULTS, image: baked.id, yes: true };
  const machine = await launchEc2(options, { pace: FAST })(DOCUMENT, silent, never);
  assert.is(gate.calls('RunInstances').at(-1)!.params.get('ImageId'), baked.id);
  await machine.destroy();

  const sweep = { regions: [REGION], all: true, yes: true };
  assert.equal((await sweepEc2(sweep, silent, never, { pace: FAST })).removed, []);
  const gone = await bakeRemove(['matrix 2026-11'], {}, silent, never, FAST);
  assert.equal([gone.removed.length, gone.left.length], [2, 0]);
});

test('the name is a lock', async ({ gate }) => {
  const baked = await bake('matrix');
  const before = gate.calls('RunInstances').length;
  const words = await failure(bake('matrix'));
  assert.match(words, new RegExp(`an image named matrix in ${REGION} already \\(${baked.id}\\)`));
  assert.is(gate.calls('RunInstances').length, before);
  await bakeRemove([baked.id], {}, silent, never, FAST);
  // Another bake took the name between the check and the creation.
  gate.refuse('CreateImage', 'InvalidAMIName.Duplicate');
  assert.match(await failure(bake('matrix')), /has an image of this name already: choose another --name/);
});

test('a lost answer creates no second image', async ({ gate }) => {
  gate.on('CreateImage', async (pass): Promise<Fate> => {
    await pass();
    return 'break';
  });
  const baked = await bake('matrix');
  assert.is(gate.calls('CreateImage').length, 2);
  assert.is((await bakeList({}, never, FAST)).length, 1);
  await bakeRemove([baked.id], {}, silent, never, FAST);
});

test('a document that fails, or says nothing, makes no image', async ({ gate }) => {
  gate.ec2.console = ['x\n', 'x\n[ 9.1] cloud-init[1]: gen-cloudinit: failed: no network\r\n'];
  const words = await failure(bake('matrix'));
  assert.match(words, /the document failed: no network\n/);
  assert.is(gate.calls('CreateImage').length, 0);
});

test('a failed image is removed, with its snapshots', async ({ gate }) => {
  const failed = async (pass: () => Promise<{ status: number; body: string }>) => {
    const reply = await pass();
    return { ...reply, body: reply.body.replace(/<imageState>\w+/g, '<imageState>failed') };
  };
  // The first DescribeImages finds the base image, the second shows that the name is free.
  gate.on('DescribeImages', (pass) => pass(), { times: 2 });
  gate.on('DescribeImages', failed);
  assert.match(await failure(bake('matrix')), /EC2 could not make the image: /);
  assert.is(gate.calls('DeregisterImage').length, 1);
  assert.is(gate.calls('DeleteSnapshot').length, 1);
});

test('--run of a sweep takes the image too', async () => {
  let run: Run | undefined;
  await bake('matrix', [], (one) => {
    run = one;
  });
  const sweep = { regions: [REGION], run: run!.id, all: false, yes: true };
  const { removed } = await sweepEc2(sweep, silent, never, { pace: FAST });
  assert.equal(removed.map(({ kind }) => kind).sort(), ['image', 'snapshot']);
});

test('after a failed removal next to a finished image, the printed command spares the image', async (world) => {
  const runs: Run[] = [];
  const denied = 'is not authorized to perform: ec2:DeleteSecurityGroup on resource: x';
  world.gate.refuse('DeleteSecurityGroup', 'UnauthorizedOperation', denied, { times: 9 });
  const words = await failure(bake('matrix', [], (run) => runs.push(run)));
  const [begun, finished] = runs;
  assert.is(finished?.sweepCommand, `${begun?.sweepCommand} --keep-images`);
  assert.match(words, `to remove it: ${finished?.sweepCommand}`);
  world.gate.reset();
  const sweep = { regions: [REGION], run: begun!.id, keepImages: true, all: false, yes: true };
  const { removed, kept } = await sweepEc2(sweep, silent, never, { pace: FAST });
  assert.equal(
    removed.map(({ kind }) => kind),
    ['security group'],
  );
  assert.equal(kept.map(({ kind }) => kind).sort(), ['image', 'snapshot']);
  const [image] = await bakeList({}, never, FAST);
  await bakeRemove([image!.id], {}, silent, never, FAST);
});

test('a snapshot that EC2 holds for a moment after its image is removed too', async ({ gate }) => {
  const baked = await bake('matrix');
  gate.refuse('DeleteSnapshot', 'InvalidSnapshot.InUse');
  const { removed, left } = await bakeRemove([baked.id], {}, silent, never, FAST);
  assert.equal([removed.map(({ id }) => id), left], [[baked.id, ...baked.snapshots], []]);
});

test('it removes only images of a bake', async () => {
  const words = await failure(bakeRemove(['ami-0aaaaaaaaaaaaa002'], {}, silent, never, FAST));
  assert.match(words, /no image ami-0aaaaaaaaaaaaa002 that a bake has made/);
});

test('names that EC2 does not accept', async () => {
  for (const name of ['ab', 'a'.repeat(129), 'umlaut-ü', 'a:b']) {
    const { code, stderr } = run(['bake', 'ec2', '--name', name]);
    assert.is(code, 2);
    assert.match(stderr, '--name has an invalid value [wrong-value]');
  }
});

test.run();
