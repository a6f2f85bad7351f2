import { bakeDocument } from '../bake/document';
import { type BakeEvents, bakeEc2, bakeOptions } from '../bake/ec2';
import { type BakedImage, bakeList, bakeRemove } from '../bake/ec2-images';
import type { Diagnostic } from '../deployment/diagnostic';
import { numberFlag, textFlag } from '../machines/backend';
import { commonFlags, ec2Options } from '../machines/ec2/options';
import type { Outcome } from '../machines/ec2/remove';
import { type Answer, readRecipe } from './recipe';

/** What the command line brings along. */
interface Around extends BakeEvents {
  readonly signal: AbortSignal;
  /** Takes the command that removes whatever may be left. */
  readonly announce: (remove: string) => void;
  readonly confirm?: (question: string) => Promise<boolean>;
  readonly now: Date;
}

type Flags = Readonly<Record<string, unknown>>;

const NO_CONFIG: ReadonlySet<string> = new Set();

/**
 * Makes an image on EC2.
 * @param flags those of `bake ec2`
 * @throws what `bakeEc2` throws
 */
export async function bakeOnEc2(flags: Flags, around: Around): Promise<Answer<BakedImage>> {
  const { deployment, diagnostics: wrong, fromConfig } = readRecipe(flags);
  const { options, diagnostics: unfit } = bakeOptions({
    ...commonFlags(flags),
    name: textFlag(flags, 'name') ?? `gen-cloudinit-${stamp(around.now)}`,
    timeLimit: numberFlag(flags, 'time-limit'),
  });
  const diagnostics = [...wrong, ...unfit];
  if (deployment?.distro === 'debian' && !options.image) diagnostics.push(DEBIAN);
  if (!deployment || diagnostics.some(({ severity }) => severity === 'error'))
    return { diagnostics, fromConfig };
  const { confirm, announce, signal } = around;
  const surroundings = {
    ...(confirm ? { confirm: () => confirm('Start it?') } : {}),
    announce: (run: { readonly sweepCommand: string }) => announce(run.sweepCommand),
  };
  const document = Buffer.from(bakeDocument(deployment));
  return {
    data: await bakeEc2(document, options, surroundings, around, signal),
    diagnostics,
    fromConfig,
  };
}

const DEBIAN: Diagnostic = {
  severity: 'error',
  code: 'contradiction',
  path: 'distro',
  message: 'does not go with the image: on EC2 it is Ubuntu unless --image names another',
  given: 'debian',
  expected: '--image with the id of an image of Debian',
};

/** The images of the account that bakes have made, newest first. @throws Ec2Error; Stopped */
export async function bakedImages(
  flags: Flags,
  { signal }: { readonly signal: AbortSignal },
): Promise<Answer<readonly BakedImage[]>> {
  const { diagnostics } = ec2Options(account(flags));
  if (diagnostics.length > 0) return { diagnostics, fromConfig: NO_CONFIG };
  return { data: await bakeList(account(flags), signal), diagnostics, fromConfig: NO_CONFIG };
}

/**
 * Removes images with their snapshots.
 * @throws Error when one is no image of ours, before anything is removed; Ec2Error; Stopped
 */
export async function removeImages(
  flags: Flags,
  around: { readonly signal: AbortSignal; readonly progress: (line: string) => void },
): Promise<Answer<Outcome>> {
  const { diagnostics } = ec2Options(account(flags));
  if (diagnostics.length > 0) return { diagnostics, fromConfig: NO_CONFIG };
  const wanted = [flags.image ?? []].flat().map(String);
  const data = await bakeRemove(wanted, account(flags), around, around.signal);
  return { data, diagnostics, fromConfig: NO_CONFIG };
}

/**
 * What to do with a new image, for a person.
 * @param flags those of `bake ec2`: the same account, and a machine that fits the image
 */
export function bakeReport({ id, name, region, snapshots }: BakedImage, flags: Flags): string {
  const same = (...names: readonly string[]) =>
    names.map((flag) => (textFlag(flags, flag) === undefined ? '' : ` --${flag} ${flags[flag]}`)).join('');
  const there = `--region ${region}${same('profile')}`;
  const verify = `verify ec2 ${there} --image ${id}${same('instance-type', 'subnet')}`;
  return [
    `image ${id} (${name}) in ${region}, on ${snapshots.join(', ')}; its storage costs a little until it is removed`,
    `boot a server from it, with the ordinary document: --image ${id}, or gen-cloudinit ${verify} --domain matrix.example.org`,
    `remove it: gen-cloudinit bake remove ${there} ${id}`,
  ].join('\n');
}

/** One line an image. */
export function bakedLines(images: readonly BakedImage[]): string {
  if (images.length === 0) return 'no image';
  return images
    .map(({ id, state, architecture, created, name }) =>
      [id, state, architecture, created.slice(0, 16), name].join('  '),
    )
    .join('\n');
}

/** What is gone and what is not. */
export function removalReport({ removed, left }: Outcome): string {
  return [
    ...removed.map(({ kind, id }) => `removed ${kind} ${id}`),
    ...left.map(({ thing, reason }) => `NOT removed: ${thing.kind} ${thing.id}: ${reason}`),
  ].join('\n');
}

function account(flags: Flags) {
  return { region: textFlag(flags, 'region'), profile: textFlag(flags, 'profile') };
}

/** 20261125-041530, as image names have it; UTC. */
function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
