/** Boots a document on EC2 until it reports ready, then makes the disk an image (AMI) of the account. */

import { lastLines, waitForBootOutcome } from '../machines/boot-outcome';
import { cleanUp, IMAGE_KINDS, LeftBehind, MACHINE_KINDS } from '../machines/ec2/cleanup';
import type { Ec2 } from '../machines/ec2/client';
import type { Ec2Options } from '../machines/ec2/ec2-flags';
import { hasCode } from '../machines/ec2/errors';
import { describeInstance, ended, start } from '../machines/ec2/instance';
import { ec2Machine, removeAfter } from '../machines/ec2/launch';
import { PACING, type Pacing, tolerateOutages } from '../machines/ec2/pacing';
import type { Prepared } from '../machines/ec2/plan';
import { prepare, type Surroundings } from '../machines/ec2/preflight';
import { findResources, type ResourceKind } from '../machines/ec2/resources';
import { type Run, tagged, withImage } from '../machines/ec2/tags';
import { TrackedCalls } from '../machines/ec2/tracked-calls';
import type { Progress } from '../system/run';
import { Stopped, until } from '../system/wait';
import { type BakedImage, bakedImage } from './ec2-images';

/**
 * As for a machine, with the image's name. No spot: a one-time spot instance cannot be stopped, and only a stopped
 * instance gives a consistent disk. No open ports: the bake needs no connection. No dead man's switch: the image would
 * contain it, and power off every server made from the image.
 */
export type BakeOptions = Omit<Ec2Options, 'spot' | 'open' | 'deadMan'> & {
  /** Unique per account and region; EC2 refuses a second image of the same name. */
  readonly name: string;
};

export interface BakeEvents extends Progress {
  /** The image's id is known; it is not complete yet. */
  image(id: string): void;
  /** The image can be used, whatever happens to the machine that it was made from. */
  complete(image: BakedImage): void;
}

/**
 * Boots the document, waits for its `gen-cloudinit: ready`, stops the machine, makes an image of its disk and removes
 * the machine. The document must leave the disk as an image should be (`cloud-init clean`, no keys, no secrets).
 * @throws Error when the document reports `failed`, when it reports nothing for `timeLimit`, or when EC2 refuses. Then
 *   nothing is left, not even an unfinished image, or `LeftBehind` names what is. After `events.complete` only
 *   `LeftBehind` is thrown, and the image stays
 */
export async function bakeEc2(
  document: Uint8Array,
  options: BakeOptions,
  surroundings: Surroundings,
  events: BakeEvents,
  signal: AbortSignal,
): Promise<BakedImage> {
  const pace = surroundings.pace ?? PACING;
  const whole: Ec2Options = { ...options, spot: false, open: false, deadMan: false };
  const prepared = await prepare('bake', document, whole, surroundings, events, signal, (ec2) =>
    nameIsFree(ec2, options.name, signal),
  );
  const { ec2, run } = prepared;
  const making = new TrackedCalls(ec2, pace, signal);
  const removing = (kinds: readonly ResourceKind[], summarize: Run) => async () => {
    const { left } = await cleanUp(run, kinds, making, { ec2, pace, progress: events.progress });
    if (left.length > 0) throw new LeftBehind(left, summarize);
  };
  events.progress(`should this program be killed, this removes what it leaves: ${run.sweepCommand}`);
  surroundings.announce?.(run);
  try {
    const image = await bake(prepared, making, pace, options, events, signal).catch(async (error) => {
      throw await removeAfter(error, removing([...MACHINE_KINDS, ...IMAGE_KINDS], run), events);
    });
    const finished = withImage(run);
    surroundings.announce?.(finished);
    events.progress(`image ${image.id} is complete; removing the machine`);
    events.progress(`should this program be killed now, this removes the rest: ${finished.sweepCommand}`);
    events.complete(image);
    await removing(MACHINE_KINDS, finished)();
    return image;
  } finally {
    ec2.close();
  }
}

/** The name works as a lock: a second bake must fail before it has paid for a machine. */
async function nameIsFree(ec2: Ec2, name: string, signal: AbortSignal): Promise<void> {
  const Filters = [{ Name: 'name', Values: [name] }];
  const { Images = [] } = await ec2.call('DescribeImages', { Owners: ['self'], Filters }, signal);
  if (Images.length === 0) return;
  throw new Error(
    `the account has an image named ${name} in ${ec2.region} already (${Images[0]?.ImageId}): choose another --name, or remove it first`,
  );
}

async function bake(
  prepared: Prepared,
  making: TrackedCalls,
  pace: Pacing,
  options: BakeOptions,
  events: BakeEvents,
  signal: AbortSignal,
): Promise<BakedImage> {
  const { ec2 } = prepared;
  const started = await start(prepared, making, pace, events, signal);
  const machine = ec2Machine(prepared, started, async () => {}, signal);
  const outcome = await waitForBootOutcome(machine, {
    within: options.timeLimit * 60_000,
    every: pace.console,
    signal,
    progress: events.progress,
  });
  if (!outcome.ready) {
    const text = await machine.console().catch(() => '');
    throw new Error(`the document failed: ${outcome.why}\n${lastLines(text)}`);
  }
  await stop(ec2, started.instance, pace, events, signal);
  const id = await createImage(prepared, making, started.instance, options.name);
  events.image(id);
  return available(prepared, id, pace, events, signal);
}

/** A stopped machine's disk is as after any shutdown; an image of a running machine is as after a power cut. */
async function stop(ec2: Ec2, instance: string, pace: Pacing, events: Progress, signal: AbortSignal) {
  events.progress(`stopping ${instance}`);
  await ec2.call('StopInstances', { InstanceIds: [instance] }, signal);
  const stopped = await until(
    tolerateOutages(async () => {
      const found = await describeInstance(ec2, instance, signal);
      const state = found?.State?.Name;
      if (state === 'terminated' || state === 'shutting-down') {
        throw ended(instance, state, found?.StateReason?.Message);
      }
      return state === 'stopped' || undefined;
    }),
    { every: pace.poll, within: pace.start, signal },
  );
  if (!stopped) throw new Stopped(`${instance} does not stop: see its console`);
}

async function createImage(prepared: Prepared, making: TrackedCalls, instance: string, name: string) {
  const { ec2, run, plan } = prepared;
  try {
    const made = await making.patiently(['IncorrectInstanceState', 'IncorrectState'], () =>
      making.make(
        'CreateImage',
        {
          InstanceId: instance,
          Name: name,
          Description: `gen-cloudinit bake of ${plan.image.name}`.slice(0, 255),
          TagSpecifications: tagged(run, ['image', 'snapshot'], { name, keep: true }),
        },
        ({ ImageId }) => making.images.add(ImageId ?? ''),
      ),
    );
    if (made.ImageId) return made.ImageId;
    throw new Error('EC2 has accepted the request but named no image');
  } catch (error) {
    // CreateImage takes no client token: the SDK may have repeated a request whose first answer was lost.
    if (!hasCode(error, ['InvalidAMIName.Duplicate'])) throw error;
    return (await ownImage(ec2, run)) ?? Promise.reject(error);
  }
}

async function ownImage(ec2: Ec2, run: Run): Promise<string | undefined> {
  const [own] = await findResources(ec2, 'image', run.id);
  return own?.id;
}

/** Waits until the image is complete; only then are its snapshots what new machines start from. */
async function available(
  { ec2, run }: Prepared,
  id: string,
  pace: Pacing,
  events: Progress,
  signal: AbortSignal,
): Promise<BakedImage> {
  events.progress(`image ${id} is being made; 15 minutes are common`);
  const done = await until(
    tolerateOutages(async () => {
      const images = await findResources(ec2, 'image', run.id, signal);
      const image = images.find((one) => one.id === id);
      if (image?.state === 'available') return bakedImage(image);
      if (image && image.state !== 'pending' && image.state !== 'transient') {
        throw new Error(`EC2 could not make the image: ${await reasonOf(ec2, id, signal)}`);
      }
      return undefined;
    }),
    { every: pace.poll, within: pace.image, signal },
  );
  if (done) return done;
  throw new Stopped(`the image is not complete after ${Math.round(pace.image / 60_000)} minutes`);
}

async function reasonOf(ec2: Ec2, id: string, signal: AbortSignal): Promise<string> {
  const { Images = [] } = await ec2.call('DescribeImages', { ImageIds: [id] }, signal);
  return Images[0]?.StateReason?.Message ?? 'it gave no reason';
}
