/** One instance: the request for it, and what EC2 reports about it. */

import type { Instance, RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { Progress } from '../../system/run';
import { Stopped, until } from '../../system/wait';
import { MachineGone } from '../machine';
import type { Ec2, Output } from './client';
import { hasCode } from './errors';
import { makeGroup, networkInput } from './network';
import { type Pacing, tolerateOutages } from './pacing';
import type { Prepared } from './plan';
import { tagged } from './tags';
import type { TrackedCalls } from './tracked-calls';

/**
 * The request of one instance.
 * @param group its security group; undefined in a dry run, before there is one
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
    // Concerns a shutdown from inside only: the dead man's switch removes a machine; a machine that becomes an image
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
  pace: Pacing,
  signal: AbortSignal,
): Promise<string | undefined> {
  const running = await until(
    tolerateOutages(async () => {
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

/** One instance as EC2 describes it; undefined while EC2 does not know it everywhere yet. */
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
    `${instance} is ${state}${reason ? `: ${reason}` : ''}; this program did not end it, so see the EC2 console and start again`,
  );
}

/** The calls that make a machine: security group, instance, and the wait until it runs. */

export interface Started {
  readonly instance: string;
  /** Public IPv4 address, if it has one. */
  readonly address: string | undefined;
}

/** A spot instance is not available, an ordinary one is. */
const NO_SPOT = [
  'InsufficientInstanceCapacity',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
  'AuthFailure.ServiceLinkedRoleCreationNotPermitted',
];

/**
 * Makes security group and instance and waits until it runs.
 * @throws the first error; what was created until then is in `making` and carries the run's tag
 */
export async function start(
  prepared: Prepared,
  making: TrackedCalls,
  pace: Pacing,
  events: Progress,
  signal: AbortSignal,
): Promise<Started> {
  const { ec2, plan, network, run } = prepared;
  const group = await makeGroup(ec2, making, run, network, plan.ports);
  events.progress(`security group ${group} in ${network.vpc}`);
  const instance = await runInstance(prepared, making, group, events);
  events.progress(`instance ${instance} is starting`);
  const address = await waitRunning(ec2, instance, pace, signal);
  events.progress(`instance ${instance} is running${address ? ` at ${address}` : ''}`);
  return { instance, address };
}

async function runInstance(
  prepared: Prepared,
  making: TrackedCalls,
  group: string,
  events: Progress,
): Promise<string> {
  const attempt = async (spot: boolean) => {
    const { Instances = [] } = await making.patiently(['InvalidGroup.NotFound'], () =>
      making.make(
        'RunInstances',
        {
          ...instanceInput(prepared, group, spot),
          // Repeating the same request gives the same instance; another market is another request.
          ClientToken: `${prepared.run.id}-${spot ? 'spot' : 'ordinary'}`,
        },
        (made: Output<'RunInstances'>) => {
          for (const { InstanceId } of made.Instances ?? []) making.instances.add(InstanceId ?? '');
        },
      ),
    );
    if (!Instances[0]?.InstanceId) throw new Error('EC2 has accepted the request but named no instance');
    return Instances[0].InstanceId;
  };
  if (!prepared.options.spot) return attempt(false);
  try {
    return await attempt(true);
  } catch (error) {
    if (!hasCode(error, NO_SPOT)) throw error;
    events.progress(`no spot instance: ${error.sentence} (${error.code}); an ordinary one instead`);
    return attempt(false);
  }
}
