// What EC2 does and moto 5.1 does not, from EC2's documentation: user data limit, client tokens, states that take
// time, groups in use, console output, image names and snapshot tags.
import type { Call, Reply } from './gate';
import { refusal } from './gate';

type Forward = (params: URLSearchParams) => Promise<Reply>;

interface Known {
  readonly groups: readonly string[];
  readonly spot: boolean;
  pending: number;
  /** Polls until it is terminated; undefined before the terminate call. */
  ending: number | undefined;
}

export interface Ec2Behaviour {
  /** The answers of GetConsoleOutput, one text per answer; the last one repeats. */
  console: readonly string[];
  /**
   * The number of queries that do not find a new instance, that report it as pending, that report an ending one as
   * shutting-down, and that report a new image as pending.
   */
  looks: { absent: number; pending: number; ending: number; image: number };
  answer(call: Call, forward: Forward): Promise<Reply>;
  reset(): void;
}

const INSTANCE = /<instanceId>(i-[0-9a-f]+)<\/instanceId>/g;
const READY = '[   61.5] cloud-init[812]: gen-cloudinit: ready: https://matrix.example.org/\r\n';

export function behaviour(): Ec2Behaviour {
  const tokens = new Map<string, { rest: string; reply: Reply }>();
  const instances = new Map<string, Known>();
  const images = new Map<string, { name: string; region: string; looks: number }>();
  let asked = 0;
  const ec2: Ec2Behaviour = {
    console: ['', '[    0.0] Linux\r\n', `[    0.0] Linux\r\n${READY}`],
    looks: { absent: 0, pending: 1, ending: 1, image: 1 },
    reset() {
      tokens.clear();
      instances.clear();
      images.clear();
      asked = 0;
      ec2.console = ['', '[    0.0] Linux\r\n', `[    0.0] Linux\r\n${READY}`];
      ec2.looks = { absent: 0, pending: 1, ending: 1, image: 1 };
    },
    async answer(call, forward) {
      const special = call.dryRun ? undefined : ACTIONS[call.action];
      if (call.action === 'RunInstances') {
        const wrong = userDataError(call.params);
        if (wrong) return wrong;
      }
      return special ? special(call.params, forward, call.region) : forward(call.params);
    },
  };

  const ACTIONS: Record<
    string,
    (params: URLSearchParams, forward: Forward, region: string) => Promise<Reply>
  > = {
    async RunInstances(params, forward) {
      const token = params.get('ClientToken') ?? '';
      const rest = [...params].filter(([name]) => name !== 'ClientToken').join('&');
      const before = tokens.get(token);
      if (before) {
        return before.rest === rest
          ? before.reply
          : refusal('IdempotentParameterMismatch', 'The arguments do not match those of the earlier request');
      }
      const reply = await forward(params);
      if (reply.status !== 200) return reply;
      tokens.set(token, { rest, reply });
      const groups = [...params].filter(([name]) => /SecurityGroupId\.\d+$/.test(name)).map(([, id]) => id);
      const spot = params.get('InstanceMarketOptions.MarketType') === 'spot';
      for (const [, id = ''] of reply.body.matchAll(INSTANCE)) {
        instances.set(id, { groups, spot, pending: ec2.looks.pending, ending: undefined });
      }
      return reply;
    },
    async DescribeInstances(params, forward) {
      const reply = await forward(params);
      // In moto, instances end at once, so an ending one may be missing from the answer.
      const ending = new Set([...instances].filter(([, known]) => known.ending).map(([id]) => id));
      for (const id of ending) instances.get(id)!.ending!--;
      if (reply.body.includes('<instanceId>') && ec2.looks.absent > 0) {
        ec2.looks.absent--;
        return { ...reply, body: reply.body.replace(/<reservationSet>[\s\S]*<\/reservationSet>/, '') };
      }
      const body = reply.body.replace(
        /<instanceId>(i-[0-9a-f]+)<\/instanceId>[\s\S]*?<\/instanceState>/g,
        (part, id) => {
          if (ending.has(id)) return inState(part, 32, 'shutting-down');
          const known = instances.get(id);
          if (!known || known.ending !== undefined || known.pending === 0) return part;
          known.pending--;
          return inState(part, 0, 'pending');
        },
      );
      return { ...reply, body };
    },
    async TerminateInstances(params, forward) {
      const reply = await forward(params);
      if (reply.status === 200) {
        const known = instances.get(params.get('InstanceId.1') ?? '');
        if (known) known.ending ??= ec2.looks.ending;
      }
      return reply;
    },
    async StopInstances(params, forward) {
      const known = instances.get(params.get('InstanceId.1') ?? '');
      return known?.spot
        ? refusal('UnsupportedOperation', 'A one-time Spot Instance cannot be stopped')
        : forward(params);
    },
    async DeleteSecurityGroup(params, forward) {
      const id = params.get('GroupId') ?? '';
      const held = [...instances.values()].some(({ groups, ending }) => groups.includes(id) && ending !== 0);
      return held ? refusal('DependencyViolation', `resource ${id} has a dependent object`) : forward(params);
    },
    async GetConsoleOutput(params) {
      const id = params.get('InstanceId') ?? '';
      if (!instances.has(id))
        return refusal('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
      const text = ec2.console[Math.min(asked++, ec2.console.length - 1)] ?? '';
      const output = text === '' ? '' : `<output>${Buffer.from(text).toString('base64')}</output>`;
      return {
        status: 200,
        body: `<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>gate</requestId><instanceId>${id}</instanceId><timestamp>2026-01-01T00:00:00.000Z</timestamp>${output}</GetConsoleOutputResponse>`,
      };
    },
    async CreateImage(params, forward, region) {
      const name = params.get('Name') ?? '';
      if ([...images.values()].some((image) => image.name === name && image.region === region)) {
        return refusal('InvalidAMIName.Duplicate', `AMI name ${name} is already in use`);
      }
      const { rest, tags } = snapshotTags(params);
      const reply = await forward(rest);
      const id = /<imageId>(ami-[0-9a-f]+)<\/imageId>/.exec(reply.body)?.[1];
      if (!id) return reply;
      images.set(id, { name, region, looks: ec2.looks.image });
      const described = await forward(query('DescribeImages', { 'ImageId.1': id }));
      const snapshot = /<snapshotId>(snap-[0-9a-f]+)<\/snapshotId>/.exec(described.body)?.[1] ?? '';
      await forward(query('CreateTags', { 'ResourceId.1': snapshot, ...tags }));
      return reply;
    },
    async DescribeImages(params, forward) {
      const reply = await forward(params);
      const body = reply.body.replace(
        /<imageId>(ami-[0-9a-f]+)<\/imageId>[\s\S]*?<imageState>available/g,
        (part, id) => {
          const image = images.get(id);
          if (!image || image.looks === 0) return part;
          image.looks--;
          return part.replace(/available$/, 'pending');
        },
      );
      return { ...reply, body };
    },
    async DeregisterImage(params, forward) {
      const reply = await forward(params);
      if (reply.status === 200) images.delete(params.get('ImageId') ?? '');
      return reply;
    },
    async DeleteSnapshot(params, forward) {
      const id = params.get('SnapshotId') ?? '';
      const self = await forward(query('DescribeImages', { 'Owner.1': 'self' }));
      return self.body.includes(`<snapshotId>${id}<`)
        ? refusal('InvalidSnapshot.InUse', `The snapshot ${id} is currently in use`)
        : forward(params);
    },
  };
  return ec2;
}

/** EC2 user guide: 16 KB in raw form, base64-encoded. */
function userDataError(params: URLSearchParams): Reply | undefined {
  const data = params.get('UserData') ?? '';
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(data)) {
    return refusal('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data');
  }
  return Buffer.from(data, 'base64').length > 16_384
    ? refusal('InvalidParameterValue', 'User data is limited to 16384 bytes')
    : undefined;
}

function inState(part: string, code: number, name: string): string {
  const state = `<instanceState><code>${code}</code><name>${name}</name></instanceState>`;
  return part.replace(/<instanceState>[\s\S]*<\/instanceState>$/, state);
}

function query(Action: string, params: Record<string, string>): URLSearchParams {
  return new URLSearchParams({ Action, Version: '2016-11-15', ...params });
}

/** moto refuses tags for snapshots in CreateImage, so they are added afterwards. */
function snapshotTags(params: URLSearchParams): { rest: URLSearchParams; tags: Record<string, string> } {
  const prefixes = [...params]
    .filter(([name, value]) => /^TagSpecification\.\d+\.ResourceType$/.test(name) && value === 'snapshot')
    .map(([name]) => name.replace('ResourceType', ''));
  const ofSnapshot = (name: string) => prefixes.find((prefix) => name.startsWith(prefix));
  const rest = new URLSearchParams([...params].filter(([name]) => !ofSnapshot(name)));
  const tags: Record<string, string> = {};
  for (const [name, value] of params) {
    const prefix = ofSnapshot(name);
    if (prefix && name.includes('.Tag.')) tags[name.slice(prefix.length)] = value;
  }
  return { rest, tags };
}
