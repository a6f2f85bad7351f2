/** The names and tags that identify everything a run has created, regardless of how that run ended. */
import { randomBytes } from 'node:crypto';
import type { ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2';
import type { Ec2Account } from './ec2-flags';

/** On everything: the run that created it. */
export const RUN_TAG = 'gen-cloudinit:run';
/** On temporary things: they count as left over after this moment (ISO 8601). */
export const EXPIRES_TAG = 'gen-cloudinit:expires';

/** One verify or bake: everything it creates carries its id. */
export interface Run {
  readonly id: string;
  readonly kind: 'verify' | 'bake';
  readonly region: string;
  readonly expires: Date;
  /** The user's own, each KEY=VALUE. */
  readonly tags: readonly string[];
  /** The command that removes everything this run has left. */
  readonly sweepCommand: string;
}

/**
 * Time after the limit in which the run still cleans up after itself; only then its things count as left over.
 * The dead man's switch acts within that time.
 */
export const DEAD_MAN_AFTER_MINUTES = 5;
const EXPIRES_AFTER_MINUTES = 15;

/** @param account as the user gave it, so that the printed command means the same one */
export function newRun(
  kind: Run['kind'],
  region: string,
  account: Ec2Account,
  timeLimit: number,
  now: Date,
  tags: readonly string[] = [],
): Run {
  const id = `gc-${randomBytes(5).toString('hex')}`;
  const profile = account.profile === undefined ? '' : ` --profile ${account.profile}`;
  return {
    id,
    kind,
    region,
    tags,
    expires: new Date(now.getTime() + (timeLimit + EXPIRES_AFTER_MINUTES) * 60_000),
    sweepCommand: `gen-cloudinit sweep ec2 --region ${region}${profile} --run ${id} --yes`,
  };
}

/** The same run once its image is complete: the printed command then spares the image and its snapshots. */
export function withImage(run: Run): Run {
  return { ...run, sweepCommand: `${run.sweepCommand} --keep-images` };
}

/**
 * Tags for the call that creates the things, so that they are never without them.
 * @param name shown by the AWS console in the column Name
 * @param keep the things are the result of the run, which does not expire
 */
export function tagged(
  run: Run,
  types: readonly ResourceType[],
  options: { readonly name?: string; readonly keep?: boolean } = {},
): TagSpecification[] {
  const Tags = [
    { Key: 'Name', Value: options.name ?? `gen-cloudinit ${run.kind} ${run.id}` },
    { Key: RUN_TAG, Value: run.id },
    ...(options.keep ? [] : [{ Key: EXPIRES_TAG, Value: run.expires.toISOString() }]),
    ...run.tags.map((tag) => {
      const end = tag.indexOf('=');
      return { Key: tag.slice(0, end), Value: tag.slice(end + 1) };
    }),
  ];
  return types.map((ResourceType) => ({ ResourceType, Tags }));
}

/** The value of one tag in an answer of EC2. */
export function tagOf(thing: { readonly Tags?: Tag[] | undefined }, key: string): string | undefined {
  return thing.Tags?.find(({ Key }) => Key === key)?.Value;
}
