import { bakeEc2 } from '../bake/ec2';
import { type BakedImage, bakeList, bakeRemove } from '../bake/ec2-images';
import { bakeDocument } from '../bake/image-document';
import { grouped, type RawValues } from '../config/flags';
import { IMAGE_OPTIONS, readImageOptions } from '../config/image-options';
import { matches } from '../config/rules';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic';
import { ACCOUNT_FLAGS, ec2Options, INSTANCE_FLAGS } from '../machines/ec2/ec2-flags';
import type { Outcome } from '../machines/ec2/remove';
import { readText } from '../system/input';
import { defineCommand, refusal } from './command';
import { REPORT_FLAGS } from './common-flags';

const ON_EC2 = grouped('On EC2', INSTANCE_FLAGS);
const ACCOUNT = grouped('On EC2', ACCOUNT_FLAGS);

export const bakeEc2Command = defineCommand({
  flags: {
    ...grouped('Image', {
      name: {
        type: 'string',
        help: 'name of the image',
        defaultText: 'gen-cloudinit- and the time',
        // EC2 API reference, CreateImage.
        rule: matches(/^[\w ()[\]./'@-]{3,128}$/, "3 to 128 letters, digits, spaces and ()[] . / - ' @ _"),
      },
      ...REPORT_FLAGS,
    }),
    ...ON_EC2,
  },
  options: IMAGE_OPTIONS,
  lists: 'all',
  interruptible: true,
  examples: [
    ['$0 bake ec2 --region eu-central-1', ''],
    ['$0 bake ec2 --yes --instance-type t4g.small', ''],
  ],
  async run({ flags, options, diagnostics: wrong }, context) {
    const { deployment, diagnostics: found } = readImageOptions(options, readText);
    const isOdd = deployment?.distro === 'debian' && flags.image === undefined;
    const diagnostics = [...wrong, ...found, ...(isOdd ? [DEBIAN] : [])];
    if (!deployment || hasErrors(diagnostics)) return refusal(diagnostics);
    const { confirm, announce, signal, progress, now } = context;
    const name = flags.name ?? `gen-cloudinit-${stamp(now)}`;
    let printed: Promise<unknown> = Promise.resolve();
    const events = {
      progress,
      image: (id: string) => progress(`image ${id} has begun; it is not complete yet`),
      // Reported early: the machine may be hard to remove, and the image is complete all the same.
      complete: (image: BakedImage) => {
        printed = context.print({ data: image, text: image.id }).then(
          () => undefined,
          (error: unknown) => error,
        );
      },
    };
    const surroundings = {
      ...(confirm ? { confirm: () => confirm('Start it?') } : {}),
      announce: (run: { readonly sweepCommand: string }) => announce(run.sweepCommand),
    };
    const document = Buffer.from(bakeDocument(deployment));
    const machine = { ...ec2Options(flags, deployment.distro), name };
    const image = await bakeEc2(document, machine, surroundings, events, signal);
    const failed = await printed;
    if (failed) throw failed;
    return { status: 'ok', diagnostics, report: bakeReport(image, flags) };
  },
});

const DEBIAN: Diagnostic = {
  severity: 'error',
  code: 'contradiction',
  path: 'distro',
  message: 'does not go with the image: on EC2 it is Ubuntu unless --image names another',
  given: 'debian',
  expected: '--image with the ID of an image of Debian',
};

/** The images of the account that bakes have made, newest first. */
export const bakeListCommand = defineCommand({
  flags: { ...ACCOUNT, ...REPORT_FLAGS },
  interruptible: true,
  async run({ flags }, { signal }) {
    const data = await bakeList(flags, signal);
    return { status: 'ok', product: { data, text: bakedLines(data) } };
  },
});

/** Removes images with their snapshots; refuses the whole request if a bake did not make one of them. */
export const bakeRemoveCommand = defineCommand({
  words: { image: { type: 'strings', help: 'ID or name', required: true } },
  flags: { ...ACCOUNT, ...REPORT_FLAGS },
  interruptible: true,
  examples: [['$0 bake remove ami-0123456789abcdef0', '']],
  async run({ flags }, { signal, progress }) {
    const data = await bakeRemove(flags.image, flags, { progress }, signal);
    const status = data.left.length > 0 ? 'failed' : 'ok';
    return { status, product: { data, text: removalReport(data) } };
  },
});

/**
 * What to do with a new image, for a person.
 * @param flags those of `bake ec2`: the same account, and a machine that fits the image
 */
export function bakeReport(
  { id, name, region, snapshots }: BakedImage,
  flags: RawValues & { readonly profile?: string | undefined },
): string {
  const same = (names: Readonly<Record<string, unknown>>) =>
    Object.entries(names)
      .map(([flag, value]) => (value === undefined ? '' : ` --${flag} ${value}`))
      .join('');
  const there = `--region ${region}${same({ profile: flags.profile })}`;
  const type =
    flags.instanceType === INSTANCE_FLAGS['instance-type'].default ? undefined : flags.instanceType;
  const verify = `verify ec2 ${there} --image ${id}${same({ 'instance-type': type, subnet: flags.subnet })}`;
  return [
    `image ${id} (${name}) in ${region}, on ${snapshots.join(', ')}; its storage costs a little until it is removed`,
    `boot a server from it, with the ordinary document: --image ${id}, or gen-cloudinit ${verify} --domain matrix.example.org`,
    `remove it: gen-cloudinit bake remove ${there} ${id}`,
  ].join('\n');
}

/** One line per image. */
export function bakedLines(images: readonly BakedImage[]): string {
  if (images.length === 0) return 'no image';
  return images
    .map(({ id, state, architecture, created, name }) =>
      [id, state, architecture, created.slice(0, 16), name].join('  '),
    )
    .join('\n');
}

/** What was removed and what was not. */
export function removalReport({ removed, left }: Outcome): string {
  return [
    ...removed.map(({ kind, id }) => `removed ${kind} ${id}`),
    ...left.map(({ thing, reason }) => `NOT removed: ${thing.kind} ${thing.id}: ${reason}`),
  ].join('\n');
}

/** 20261125-041530, the form of image names; UTC. */
function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
