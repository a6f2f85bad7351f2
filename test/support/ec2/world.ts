// The fixture of an EC2 test: a gate in front of moto, a region of its own, and direct access to the state.
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { suite } from 'uvu';
import { PACING, scaled } from '../../../src/machines/ec2/pacing';
import { Gate } from './gate';
import { motoMissing, motoPort, resetMoto } from './moto';

const FACTOR = 0.004;

/** The real pace with shorter pauses between two queries; the limits stay, for a busy machine. */
export const FAST = scaled(PACING, FACTOR);

/** The environment in which the AWS SDK talks to the gate and to nothing else. */
export function environment(gate: Gate, region: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_EC2: gate.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    GEN_CLOUDINIT_EC2_PACE: String(FACTOR),
  };
}

export interface World {
  readonly gate: Gate;
  readonly region: string;
  /** EC2 itself, not through the gate. */
  readonly ec2: EC2Client;
  /** Everything in the region that a new account does not have, tagged or not. */
  left(): Promise<string[]>;
  close(): Promise<void>;
}

/** @param gate a gate shared with other worlds; its own if absent */
export async function openWorld(region: string, shared?: Gate): Promise<World> {
  const gate = shared ?? (await Gate.open());
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const ec2 = new EC2Client({
    region,
    endpoint: `http://127.0.0.1:${await motoPort()}`,
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example' },
  });
  return {
    gate,
    region,
    ec2,
    async left() {
      const [instances, groups, volumes, images, snapshots] = await Promise.all([
        ec2.send(new DescribeInstancesCommand({})),
        ec2.send(new DescribeSecurityGroupsCommand({})),
        ec2.send(new DescribeVolumesCommand({})),
        ec2.send(new DescribeImagesCommand({ Owners: ['self'] })),
        ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] })),
      ]);
      // moto starts with one snapshot per image.
      const own = (snapshots.Snapshots ?? []).filter((one) => one.Tags?.length);
      return [
        ...(instances.Reservations ?? [])
          .flatMap(({ Instances = [] }) => Instances)
          .filter(({ State }) => State?.Name !== 'terminated')
          .map((one) => one.InstanceId),
        ...(groups.SecurityGroups ?? [])
          .filter((one) => one.GroupName !== 'default')
          .map((one) => one.GroupId),
        ...(volumes.Volumes ?? []).map((one) => one.VolumeId),
        ...(images.Images ?? []).map((one) => one.ImageId),
        ...own.map((one) => one.SnapshotId),
      ].map(String);
    },
    async close() {
      ec2.destroy();
      if (!shared) await gate.close();
    },
  };
}

type Body = (world: World) => Promise<void>;

export interface Ec2Suite {
  (title: string, body: Body): void;
  /** Runs the tests, and fails each that leaves something. */
  run(): void;
}

/**
 * A suite whose tests talk to EC2 in a region of its own. While it runs, this process's SDK talks to its gate. Without
 * moto its tests fail under CI=true and are skipped, with the reason, on a person's machine.
 */
export function ec2Suite(name: string, region: string): Ec2Suite {
  const inner = suite(name);
  const missing = motoMissing();
  if (missing && process.env.CI !== 'true') process.stderr.write(`skipped: ${name} (${missing})\n`);
  const saved = { ...process.env };
  let world: World | undefined;
  const opened = async () => {
    if (missing) throw new Error(missing);
    if (!world) {
      world = await openWorld(region);
      Object.assign(process.env, environment(world.gate, region));
      delete process.env.AWS_PROFILE;
    }
    return world;
  };
  inner.after(async () => {
    await world?.close();
    process.env = saved;
  });
  const test = (title: string, body: Body) => {
    if (missing && process.env.CI !== 'true') return inner.skip(title);
    inner(title, async () => {
      const here = await opened();
      here.gate.reset();
      try {
        await body(here);
        const left = await here.left();
        if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
      } catch (error) {
        // Leftovers of this test must not fail the next ones.
        await resetMoto();
        throw error;
      }
    });
  };
  return Object.assign(test, { run: () => inner.run() });
}
