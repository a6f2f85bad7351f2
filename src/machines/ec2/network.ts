import type { IpPermission, RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { Ec2 } from './client';
import type { Ec2Options } from './ec2-flags';
import { EXPLANATIONS } from './error-table';
import { Ec2Error, hasCode } from './errors';
import { findResources } from './resources';
import { type Run, tagged } from './tags';
import type { TrackedCalls } from './tracked-calls';

export interface Network {
  readonly vpc: string;
  /** Undefined in the default VPC, where EC2 takes a zone that has room. */
  readonly subnet: string | undefined;
}

/**
 * Where to place the machine: the requested subnet, or the account's default VPC.
 * @throws Ec2Error when there is neither
 */
export async function findNetwork(
  ec2: Ec2,
  subnet: string | undefined,
  signal: AbortSignal,
): Promise<Network> {
  if (subnet) {
    const { Subnets = [] } = await ec2.call('DescribeSubnets', { SubnetIds: [subnet] }, signal);
    if (Subnets[0]?.VpcId) return { vpc: Subnets[0].VpcId, subnet };
    throw missing('InvalidSubnetID.NotFound', 'DescribeSubnets', ec2.region);
  }
  const isDefault = [{ Name: 'is-default', Values: ['true'] }];
  const { Vpcs = [] } = await ec2.call('DescribeVpcs', { Filters: isDefault }, signal);
  if (Vpcs[0]?.VpcId) return { vpc: Vpcs[0].VpcId, subnet: undefined };
  throw missing('VPCIdNotSpecified', 'DescribeVpcs', ec2.region);
}

/** The error that EC2 would give later, after something had been created. */
function missing(code: string, action: string, region: string): Ec2Error {
  const [sentence, hint] = EXPLANATIONS[code]!({ region, action }, '');
  return new Ec2Error(code, sentence, hint, action, true, undefined);
}

/** TCP ports open from outside: certificate, clients and servers with --open; SSH with a key. */
export function openPorts(options: Pick<Ec2Options, 'open' | 'keyPair'>): readonly number[] {
  return [...(options.keyPair ? [22] : []), ...(options.open ? [80, 443, 8448] : [])];
}

/** Creates the run's security group: everything out, only these ports in. Its name belongs to this run alone. */
export async function makeGroup(
  ec2: Ec2,
  making: TrackedCalls,
  run: Run,
  network: Network,
  ports: readonly number[],
): Promise<string> {
  const group = await createGroup(ec2, making, run, network.vpc);
  if (ports.length === 0) return group;
  const IpPermissions: IpPermission[] = ports.map((port) => ({
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    Ipv6Ranges: [{ CidrIpv6: '::/0' }],
  }));
  try {
    await making.patiently(['InvalidGroup.NotFound'], () =>
      making.make('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions }),
    );
  } catch (error) {
    // The SDK repeated a request whose first answer was lost.
    if (!hasCode(error, ['InvalidPermission.Duplicate'])) throw error;
  }
  return group;
}

async function createGroup(ec2: Ec2, making: TrackedCalls, run: Run, VpcId: string): Promise<string> {
  try {
    const { GroupId = '' } = await making.make(
      'CreateSecurityGroup',
      {
        GroupName: run.id,
        Description: `gen-cloudinit ${run.kind}`,
        VpcId,
        TagSpecifications: tagged(run, ['security-group']),
      },
      (made) => making.groups.add(made.GroupId ?? ''),
    );
    return GroupId;
  } catch (error) {
    // The SDK repeated a request whose first answer was lost; no other run has this name.
    if (!hasCode(error, ['InvalidGroup.Duplicate'])) throw error;
    const [own] = await findResources(ec2, 'security group', run.id);
    if (!own) throw error;
    return own.id;
  }
}

/**
 * The network of RunInstances. Only this form can request a public address in the user's own subnet, or refuse one in
 * the default VPC.
 */
export function networkInput(
  network: Network,
  group: string | undefined,
  publicAddress: boolean,
): Pick<RunInstancesCommandInput, 'SecurityGroupIds' | 'NetworkInterfaces'> {
  const groups = group ? [group] : [];
  if (!network.subnet && publicAddress) return groups.length > 0 ? { SecurityGroupIds: groups } : {};
  return {
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        ...(network.subnet ? { SubnetId: network.subnet } : {}),
        AssociatePublicIpAddress: publicAddress,
        DeleteOnTermination: true,
        ...(groups.length > 0 ? { Groups: groups } : {}),
      },
    ],
  };
}
