/** Making a machine: security group, instance, and the wait until it runs. */
import type { LaunchEvents } from '../machine';
import type { Output } from './client';
import { hasCode } from './errors';
import { instanceInput, waitRunning } from './instance';
import type { Making } from './making';
import { makeGroup } from './network';
import type { Pace } from './pace';
import type { Prepared } from './prepare';

export interface Started {
  readonly instance: string;
  /** Public IPv4 address, if it has one. */
  readonly address: string | undefined;
}

/** A spot instance cannot be had, an ordinary one can. */
const NO_SPOT = [
  'InsufficientInstanceCapacity',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
  'AuthFailure.ServiceLinkedRoleCreationNotPermitted',
];

/**
 * Makes security group and instance and waits until it runs.
 * @throws whatever went wrong; what was made until then is in `making` and carries the run's tag
 */
export async function start(
  prepared: Prepared,
  making: Making,
  pace: Pace,
  events: LaunchEvents,
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
  making: Making,
  group: string,
  events: LaunchEvents,
): Promise<string> {
  const attempt = async (spot: boolean) => {
    const { Instances = [] } = await making.patiently(['InvalidGroup.NotFound'], () =>
      making.make(
        'RunInstances',
        {
          ...instanceInput(prepared, group, spot),
          // The same request again gives the same instance; another market is another request.
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
