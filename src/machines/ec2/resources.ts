/** Finds what runs have created, by tag. */
import type { Filter } from '@aws-sdk/client-ec2';
import type { Ec2 } from './client';
import { EXPIRES_TAG, RUN_TAG, tagOf } from './tags';

export const RESOURCE_KINDS = ['instance', 'security group', 'volume', 'image', 'snapshot'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

export interface Resource {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly region: string;
  readonly run: string;
  readonly name: string;
  /** EC2's word for it; empty where there is none. */
  readonly state: string;
  /** When it counts as left over; undefined for the result of a run, which is kept. */
  readonly expires: Date | undefined;
  /** Of an image: its snapshots. */
  readonly snapshots: readonly string[];
  /** Of an image: its creation time, ISO 8601, and its architecture. */
  readonly created: string;
  readonly architecture: string;
}

type Found = readonly [
  id: string | undefined,
  tagged: Parameters<typeof tagOf>[0],
  more?: Partial<Pick<Resource, 'state' | 'name' | 'snapshots' | 'created' | 'architecture'>>,
];
type Find = (ec2: Ec2, ours: Filter, signal: AbortSignal | undefined) => Promise<Found[]>;

/** States in which an instance exists. */
const ALIVE: Filter = {
  Name: 'instance-state-name',
  Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'],
};

const FINDERS: Readonly<Record<ResourceKind, Find>> = {
  async instance(ec2, ours, signal) {
    const found: Found[] = [];
    for await (const { Reservations = [] } of pages(ec2, 'DescribeInstances', [ours, ALIVE], signal)) {
      const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
      found.push(...instances.map((one): Found => [one.InstanceId, one, { state: one.State?.Name ?? '' }]));
    }
    return found;
  },
  async 'security group'(ec2, ours, signal) {
    const found: Found[] = [];
    for await (const { SecurityGroups = [] } of pages(ec2, 'DescribeSecurityGroups', [ours], signal)) {
      found.push(...SecurityGroups.map((one): Found => [one.GroupId, one]));
    }
    return found;
  },
  async volume(ec2, ours, signal) {
    const found: Found[] = [];
    for await (const { Volumes = [] } of pages(ec2, 'DescribeVolumes', [ours], signal)) {
      found.push(...Volumes.map((one): Found => [one.VolumeId, one, { state: one.State ?? '' }]));
    }
    return found;
  },
  async image(ec2, ours, signal) {
    const { Images = [] } = await ec2.call('DescribeImages', { Owners: ['self'], Filters: [ours] }, signal);
    return Images.map((one) => [
      one.ImageId,
      one,
      {
        state: one.State ?? '',
        ...(one.Name ? { name: one.Name } : {}),
        snapshots: (one.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []),
        created: one.CreationDate ?? '',
        architecture: one.Architecture ?? '',
      },
    ]);
  },
  async snapshot(ec2, ours, signal) {
    const found: Found[] = [];
    for await (const { Snapshots = [] } of pages(ec2, 'DescribeSnapshots', [ours], signal)) {
      found.push(...Snapshots.map((one): Found => [one.SnapshotId, one, { state: one.State ?? '' }]));
    }
    return found;
  },
};

/**
 * Everything of one kind of one run, or of all runs.
 * @param run the id of the run; undefined finds everything that carries our tag
 */
export async function findResources(
  ec2: Ec2,
  kind: ResourceKind,
  run: string | undefined,
  signal?: AbortSignal,
): Promise<readonly Resource[]> {
  const ours: Filter = run
    ? { Name: `tag:${RUN_TAG}`, Values: [run] }
    : { Name: 'tag-key', Values: [RUN_TAG] };
  const found = await FINDERS[kind](ec2, ours, signal);
  return found.flatMap(([id, tagged, more = {}]) => {
    if (!id) return [];
    const expires = new Date(tagOf(tagged, EXPIRES_TAG) ?? Number.NaN);
    return [
      {
        ...unnamed(kind, id, ec2.region, tagOf(tagged, RUN_TAG) ?? ''),
        name: tagOf(tagged, 'Name') ?? '',
        expires: Number.isNaN(expires.getTime()) ? undefined : expires,
        ...more,
      },
    ];
  });
}

/** A thing of which only the id is known. */
export function unnamed(kind: ResourceKind, id: string, region: string, run: string): Resource {
  const unknown = { name: '', state: '', expires: undefined, snapshots: [], created: '', architecture: '' };
  return { kind, id, region, run, ...unknown };
}

type Paged = 'DescribeInstances' | 'DescribeSecurityGroups' | 'DescribeVolumes' | 'DescribeSnapshots';

/** A list may come in pages, and a page may be empty although another follows. */
async function* pages<A extends Paged>(
  ec2: Ec2,
  action: A,
  Filters: Filter[],
  signal: AbortSignal | undefined,
) {
  // Without an owner EC2 would search the public snapshots of the whole world.
  const own = action === 'DescribeSnapshots' ? { OwnerIds: ['self'] } : {};
  let NextToken: string | undefined;
  do {
    const page = await ec2.call(action, { Filters, ...own, ...(NextToken ? { NextToken } : {}) }, signal);
    yield page;
    ({ NextToken } = page);
  } while (NextToken);
}
