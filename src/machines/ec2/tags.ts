/** The names and tags by which everything that was made is found again, whoever made it and however that ended. */
import { randomBytes } from 'node:crypto';
import type { ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2';
import type { Ec2Account } from './ec2-flags';

/** On everything: which run made it. */
export const RUN_TAG = 'gen-cloudinit:run';
/** On what is to go: after this moment (ISO 8601) it is left over. */
export const EXPIRES_TAG = 'gen-cloudinit:expires';

/** One verify or bake: everything it makes carries its id. */
export interface Run {
  readonly id: string;
  readonly kind: 'verify' | 'bake';
  readonly region: string;
  readonly expires: Date;
  /** Of the user's own, each KEY=VALUE. */
  readonly tags: readonly string[];
  /** The command that removes whatever this run has left. */
  readonly sweepCommand: string;
}

/**
 * Room after the time limit in which the run still cleans up after itself; only then is it left over.
 * The dead man's switch lies in between.
 */
export const DEAD_MAN_AFTER_MINUTES = 5;
const EXPIRES_AFTER_MINUTES = 15;

/** @param account as it was asked for, so that the printed command means the same one */
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

/** The same run once its image is complete: from now on the printed command leaves that and its snapshots alone. */
export function withImage(run: Run): Run {
  return { ...run, sweepCommand: `${run.sweepCommand} --keep-images` };
}

/**
 * Tags for the call that makes the things, so that nothing is ever without them.
 * @param name what the consoles show in the column Name
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
