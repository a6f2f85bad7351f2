/**
 * The part of the EC2 API that is used here. Importing this module loads the AWS SDK, so commands import the
 * modules around it with `import()` only.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateImageCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type EC2ClientConfig,
  GetConsoleOutputCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { InputError } from '../../system/input';
import { proxyIsSet } from '../../system/proxy';
import { throwIfStopped } from '../../system/wait';
import type { Ec2Account } from './ec2-flags';
import { explain } from './errors';
import { PACING, type Pacing } from './pacing';

/** Every action that the program calls; policy.ts allows exactly these. */
const COMMANDS = {
  AuthorizeSecurityGroupIngress: AuthorizeSecurityGroupIngressCommand,
  CreateImage: CreateImageCommand,
  CreateSecurityGroup: CreateSecurityGroupCommand,
  DeleteSecurityGroup: DeleteSecurityGroupCommand,
  DeleteSnapshot: DeleteSnapshotCommand,
  DeleteVolume: DeleteVolumeCommand,
  DeregisterImage: DeregisterImageCommand,
  DescribeImages: DescribeImagesCommand,
  DescribeInstanceTypes: DescribeInstanceTypesCommand,
  DescribeInstances: DescribeInstancesCommand,
  DescribeSecurityGroups: DescribeSecurityGroupsCommand,
  DescribeSnapshots: DescribeSnapshotsCommand,
  DescribeSubnets: DescribeSubnetsCommand,
  DescribeVolumes: DescribeVolumesCommand,
  DescribeVpcs: DescribeVpcsCommand,
  GetConsoleOutput: GetConsoleOutputCommand,
  RunInstances: RunInstancesCommand,
  StopInstances: StopInstancesCommand,
  TerminateInstances: TerminateInstancesCommand,
} as const;

export type Action = keyof typeof COMMANDS;
type Command<A extends Action> = InstanceType<(typeof COMMANDS)[A]>;
export type Input<A extends Action> = Command<A>['input'];
/** What the command's handler resolves to. */
export type Output<A extends Action> = Awaited<
  ReturnType<ReturnType<Command<A>['resolveMiddleware']>>
>['output'];

export interface Ec2 {
  readonly region: string;
  /**
   * One request; the SDK repeats it up to three times where that may help.
   * @throws Stopped when the signal is aborted (the request may have arrived all the same), else Ec2Error
   */
  call<A extends Action>(action: A, input: Input<A>, signal?: AbortSignal): Promise<Output<A>>;
  close(): void;
}

/**
 * @param account region and profile; the SDK finds what is missing as the aws command does
 * @throws InputError when no region is known; Ec2Error when the profile cannot be used
 */
export async function connect(account: Ec2Account, pace: Pacing = PACING): Promise<Ec2> {
  // The SDK's warning about releases of next year does not help the user of this one.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  // The aws command knows this variable, the SDK for JavaScript does not.
  const region = account.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const requestHandler = {
    connectionTimeout: Math.min(10_000, pace.request),
    requestTimeout: pace.request,
    throwOnRequestTimeout: true,
  };
  const client = new EC2Client({
    ...(region ? { region } : {}),
    ...(account.profile ? { profile: account.profile } : {}),
    maxAttempts: 3,
    requestHandler,
    ...(proxyIsSet() ? await byProxy(requestHandler, account.profile) : {}),
  });
  const profile = account.profile ?? process.env.AWS_PROFILE;
  const found = await client.config.region().catch((error: unknown) => {
    const isUnnamed = error instanceof Error && /region is missing/i.test(error.message);
    if (isUnnamed)
      throw new InputError(
        'missing-value',
        'no region is set: name one (--region eu-central-1), or set AWS_REGION',
      );
    throw explain(error, { profile });
  });
  return {
    region: found,
    async call(action, input, signal) {
      throwIfStopped(signal);
      try {
        // The union of all commands is more than the SDK's overloads can tell apart.
        const Command = COMMANDS[action] as unknown as new (given: object) => object;
        const send = client.send.bind(client) as (
          command: object,
          options: { abortSignal?: AbortSignal },
        ) => Promise<Output<typeof action>>;
        return await send(new Command(input), signal ? { abortSignal: signal } : {});
      } catch (error) {
        throwIfStopped(signal);
        const type = 'InstanceType' in input ? String(input.InstanceType) : undefined;
        throw explain(error, { action, region: found, instanceType: type, profile });
      }
    },
    close: () => client.destroy(),
  };
}

/** The SDK does not support proxies: its requests, also those for credentials, get an agent that does. */
async function byProxy(timeouts: object, profile: string | undefined): Promise<EC2ClientConfig> {
  const [{ EnvironmentAgent }, { defaultProvider }] = await Promise.all([
    import('../../system/proxy-agent'),
    import('@aws-sdk/credential-provider-node'),
  ]);
  const agent = new EnvironmentAgent();
  const requestHandler = { ...timeouts, httpAgent: agent, httpsAgent: agent };
  const credentials = defaultProvider({ ...(profile ? { profile } : {}), clientConfig: { requestHandler } });
  return { requestHandler, credentials };
}
