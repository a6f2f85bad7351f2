import type { Ec2 } from './client';
import type { Architecture } from './image';

export interface TypeFacts {
  readonly name: string;
  readonly architecture: Architecture;
  readonly cpus: number;
  /** GiB */
  readonly memory: number;
  /** Whether it can run on credit, which is limited here so that a busy hour does not exceed the price in the list. */
  readonly burstable: boolean;
}

/**
 * What EC2 reports about an instance type.
 * @throws Error when its console cannot be read while it runs: only machines of the Nitro system give the latest
 *   console output at any time (EC2 user guide, "Instance console output")
 */
export async function typeFacts(ec2: Ec2, name: string, signal: AbortSignal): Promise<TypeFacts> {
  const { InstanceTypes = [] } = await ec2.call(
    'DescribeInstanceTypes',
    // The SDK's list of names is as old as the SDK.
    { InstanceTypes: [name as never] },
    signal,
  );
  const [type] = InstanceTypes;
  if (!type) throw new Error(`${ec2.region} has no instance type ${name}: choose another --instance-type`);
  if (type.Hypervisor === 'xen') {
    throw new Error(
      `${name} is older than the Nitro system, so its console comes too late: choose t3 or newer for --instance-type`,
    );
  }
  const supported = type.ProcessorInfo?.SupportedArchitectures ?? [];
  const architecture = (['x86_64', 'arm64'] as const).find((one) => supported.includes(one));
  if (!architecture) {
    throw new Error(
      `${name} runs neither x86_64 nor arm64, and Ubuntu's images are for these: choose another`,
    );
  }
  return {
    name,
    architecture,
    cpus: type.VCpuInfo?.DefaultVCpus ?? 0,
    memory: (type.MemoryInfo?.SizeInMiB ?? 0) / 1024,
    burstable: type.BurstablePerformanceSupported === true,
  };
}
