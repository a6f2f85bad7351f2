/** One instance: how it is asked for, and what EC2 says of it. */
import type { Instance, RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { MachineGone } from '../machine';
import { Stopped, until } from '../waiting';
import type { Ec2 } from './client';
import { networkInput } from './network';
import { type Pace, unshaken } from './pace';
import type { Prepared } from './prepare';
import { tagged } from './tags';

/**
 * The request of one instance.
 * @param group its security group; undefined in a dry run, when there is none yet
 */
export function instanceInput(
  { plan, network, options, data, run }: Pick<Prepared, 'plan' | 'network' | 'options' | 'data' | 'run'>,
  group: string | undefined,
  spot: boolean,
): RunInstancesCommandInput {
  const { type, image, disk } = plan;
  return {
    ImageId: image.id,
    // The SDK's list of names is as old as the SDK.
    InstanceType: type.name as never,
    MinCount: 1,
    MaxCount: 1,
    UserData: Buffer.from(data.bytes).toString('base64'),
    // Concerns a shutdown from inside only: the dead man's switch removes a machine; one that is to become an image
    // must keep its disk.
    InstanceInitiatedShutdownBehavior: run.kind === 'verify' ? 'terminate' : 'stop',
    // Containers are one hop further away: they cannot read the user data.
    MetadataOptions: { HttpEndpoint: 'enabled', HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    BlockDeviceMappings: [
      {
        DeviceName: image.rootDevice,
        Ebs: { VolumeSize: disk, VolumeType: 'gp3', DeleteOnTermination: true },
      },
    ],
    ...networkInput(network, group, options.publicAddress),
    // A new T3 or T4g begins without credits: `standard` would give it a fifth of each CPU. `unlimited` costs cents.
    ...(type.burstable ? { CreditSpecification: { CpuCredits: 'unlimited' } } : {}),
    ...(options.keyPair ? { KeyName: options.keyPair } : {}),
    ...(spot
      ? {
          InstanceMarketOptions: {
            MarketType: 'spot' as const,
            SpotOptions: {
              SpotInstanceType: 'one-time' as const,
              InstanceInterruptionBehavior: 'terminate' as const,
            },
          },
        }
      : {}),
    TagSpecifications: tagged(run, [
      'instance',
      'volume',
      'network-interface',
      ...(spot ? (['spot-instances-request'] as const) : []),
    ]),
  };
}

/**
 * Waits until it runs.
 * @returns the public address, if it has one
 */
export async function waitRunning(
  ec2: Ec2,
  instance: string,
  pace: Pace,
  signal: AbortSignal,
): Promise<string | undefined> {
  const running = await until(
    unshaken(async () => {
      const found = await describeInstance(ec2, instance, signal);
      const state = found?.State?.Name;
      if (found && state === 'running') return { address: found.PublicIpAddress };
      if (found && state && state !== 'pending') throw ended(instance, state, found.StateReason?.Message);
      return undefined;
    }),
    { every: pace.poll, within: pace.start, signal },
  );
  if (running) return running.address;
  throw new Stopped(`${instance} does not run after ${Math.round(pace.start / 60_000)} minutes`);
}

/** One instance as EC2 describes it; undefined while it is not known everywhere yet. */
export async function describeInstance(
  ec2: Ec2,
  instance: string,
  signal?: AbortSignal,
): Promise<Instance | undefined> {
  const Filters = [{ Name: 'instance-id', Values: [instance] }];
  const { Reservations = [] } = await ec2.call('DescribeInstances', { Filters }, signal);
  return Reservations.flatMap(({ Instances = [] }) => Instances)[0];
}

/** An instance that is not running any more. */
export function ended(instance: string, state: string, reason: string | undefined): MachineGone {
  return new MachineGone(
    `${instance} is ${state}${reason ? `: ${reason}` : ''}; nobody asked it to end here, so see the EC2 console and start again`,
  );
}
