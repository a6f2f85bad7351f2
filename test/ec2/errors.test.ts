// Every error once, as EC2 sends it: the message has one sentence and a hint.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect } from '../../src/machines/ec2/client';
import { EC2_DEFAULTS } from '../../src/machines/ec2/ec2-flags';
import { EXPLANATIONS } from '../../src/machines/ec2/error-table';
import { Ec2Error, explain } from '../../src/machines/ec2/errors';
import { launchEc2 } from '../../src/machines/ec2/launch';
import type { Fate } from '../support/ec2/gate';
import { ec2Suite, FAST } from '../support/ec2/world';

const test = ec2Suite('errors of EC2', 'ap-south-1');
const DOCUMENT = Buffer.from('#cloud-config\n');
const never = new AbortController().signal;
const launch = (more: object = {}) =>
  launchEc2({ ...EC2_DEFAULTS, yes: true, ...more }, { pace: FAST })(DOCUMENT, { progress() {} }, never);

async function error(attempt: Promise<unknown>): Promise<Ec2Error> {
  try {
    await attempt;
  } catch (thrown) {
    if (thrown instanceof Ec2Error) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** Code, EC2's own message, and words that the sentence and the hint must contain. */
const REFUSALS: readonly (readonly [code: string, message: string, sentence: RegExp, hint: RegExp])[] = [
  [
    'UnauthorizedOperation',
    'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/a is not authorized to perform: ec2:CreateTags on resource: x',
    /do not allow ec2:CreateTags/,
    /policy/,
  ],
  ['UnauthorizedOperation', 'You are not authorized', /do not allow ec2:RunInstances/, /policy/],
  [
    'AuthFailure',
    'AWS was not able to validate',
    /does not know these credentials/,
    /region that is not enabled/,
  ],
  ['ExpiredToken', 'The security token is expired', /have expired/, /aws sso login/],
  ['RequestExpired', 'Request has expired', /clock is wrong/, /timedatectl/],
  ['SignatureDoesNotMatch', 'Signature expired: 2026 is now earlier', /clock is wrong/, /timedatectl/],
  ['SignatureDoesNotMatch', 'The signature we calculated', /secret key/, /AWS_SECRET_ACCESS_KEY/],
  ['VcpuLimitExceeded', 'You have requested more vCPU', /one more t3\.small in ap-south-1/, /L-1216C47A/],
  ['InstanceLimitExceeded', 'Your quota allows for 0', /one more t3\.small/, /quota/],
  ['InsufficientInstanceCapacity', 'no capacity', /no free t3\.small in ap-south-1/, /--instance-type/],
  ['Unsupported', 'not supported in your requested zone', /t3\.small is not offered/, /--subnet/],
  ['InvalidAMIID.NotFound', 'does not exist', /no such image/, /--image/],
  ['InvalidAMIID.Unavailable', 'unavailable', /image is not available/, /--image/],
  ['InvalidParameterValue', 'User data is limited to 16384 bytes', /over 16,384 bytes/, /gzip/],
  ['InvalidUserData.Malformed', 'Invalid BASE64', /does not accept this user data/, /report/],
  ['VPCIdNotSpecified', 'No default VPC for this user', /no default VPC/, /--subnet/],
  ['MissingInput', 'No subnets found for the default VPC', /no default VPC/, /create-default-vpc/],
  ['InvalidSubnetID.NotFound', 'does not exist', /no such subnet/, /--subnet/],
  ['InsufficientFreeAddressesInSubnet', 'full', /no free address/, /--subnet/],
  ['InvalidKeyPair.NotFound', 'does not exist', /no such key pair/, /--key-pair/],
  ['OptInRequired', 'not subscribed', /not signed up/, /console/],
  ['PendingVerification', 'being verified', /still checking this account/, /e-mail/],
  ['Blocked', 'This account is currently blocked', /blocked/, /support/],
  ['MaxSpotInstanceCountExceeded', 'Max spot', /one more spot instance/, /--spot/],
  ['SpotMaxPriceTooLow', 'too low', /spot price/, /--spot/],
  ['IdempotentParameterMismatch', 'mismatch', /same token/, /again/],
  ['SomethingNew', 'Something new happened.', /EC2 answered: Something new happened$/, /Error codes/],
];

for (const [code, message, sentence, hint] of REFUSALS) {
  test(`${code}: ${message.slice(0, 40)}`, async ({ gate }) => {
    gate.refuse('RunInstances', code, message);
    const ec2 = await connect({}, FAST);
    const thrown = await error(
      ec2.call('RunInstances', { MinCount: 1, MaxCount: 1, InstanceType: 't3.small' }),
    );
    assert.match(thrown.sentence, sentence);
    assert.match(thrown.hint, hint);
    assert.is(thrown.message, `${thrown.sentence}: ${thrown.hint} (RunInstances: ${code})`);
    assert.not.match(thrown.message, /\n/);
    assert.is(thrown.refused, true);
    assert.is(gate.calls('RunInstances').length, 1);
    ec2.close();
  });
}

test('the SDK first retries temporary errors', async ({ gate }) => {
  for (const [code, status] of [
    ['RequestLimitExceeded', 503],
    ['InternalError', 500],
  ] as const) {
    gate.reset();
    gate.refuse('DescribeVpcs', code, code, { status, times: 2 });
    await (await launch()).destroy();
    assert.is(gate.calls('DescribeVpcs').length, 3, code);
  }
  gate.reset();
  gate.refuse('DescribeVpcs', 'RequestLimitExceeded', 'slow down', { status: 503, times: 9 });
  assert.match((await error(launch())).message, /too many requests from this account.*wait a few minutes/);
});

test('a dry run finds missing permissions before the command creates anything', async ({ gate }) => {
  const denied = 'is not authorized to perform: ec2:CreateSecurityGroup on resource: *';
  gate.refuseDryRun('CreateSecurityGroup', 'UnauthorizedOperation', denied);
  assert.match((await error(launch())).sentence, /do not allow ec2:CreateSecurityGroup/);
  assert.is(gate.calls('CreateSecurityGroup').length, 0);
});

test('things that cannot be made', async ({ gate }) => {
  gate.refuse('CreateSecurityGroup', 'SecurityGroupLimitExceeded');
  assert.match((await error(launch())).message, /as many security groups as it may have.*sweep/);
  gate.refuse('CreateSecurityGroup', 'InvalidGroup.Duplicate');
  assert.match((await error(launch())).message, /of this name exists already/);
  gate.refuse('AuthorizeSecurityGroupIngress', 'RulesPerSecurityGroupLimitExceeded');
  assert.match((await error(launch({ open: true }))).message, /takes no more rules/);
});

test('no default VPC', async ({ gate }) => {
  const none =
    '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet/></DescribeVpcsResponse>';
  gate.on('DescribeVpcs', () => ({ status: 200, body: none }));
  assert.match((await error(launch())).message, /no default VPC in ap-south-1: name a subnet/);
});

test('no network, no region, no credentials', async () => {
  const saved = { ...process.env };
  const trial = async (environment: Record<string, string | undefined>, words: RegExp) => {
    Object.assign(process.env, environment);
    for (const [name, value] of Object.entries(environment))
      if (value === undefined) delete process.env[name];
    try {
      const attempt = async () => {
        const ec2 = await connect({}, FAST);
        await ec2.call('DescribeVpcs', {});
      };
      const thrown = await attempt().then(
        () => undefined,
        (cause: unknown) => cause,
      );
      assert.match(String(thrown), words);
    } finally {
      process.env = { ...saved };
    }
  };
  await trial({ AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9' }, /EC2 in ap-south-1 cannot be reached/);
  await trial({ AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined }, /no region is set: name one/);
  const keys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  await trial(keys, /there are no AWS credentials: set AWS_PROFILE/);
  await trial(
    { ...keys, AWS_PROFILE: 'missing' },
    /the profile missing has no AWS credentials in ~\/\.aws: check --profile/,
  );
});

test('a server other than EC2 answers', async ({ gate }) => {
  gate.on('DescribeVpcs', () => ({ status: 200, body: '<html><title>Log in</title><p>' }), { times: 9 });
  assert.match((await error(launch())).message, /^what answers at .* ap-south-1 is not EC2: .*proxy/);
});

test('a call without an answer ends, and what it created is removed', async ({ gate }) => {
  gate.on(
    'RunInstances',
    async (pass): Promise<Fate> => {
      await pass();
      return 'hang';
    },
    { times: 3 },
  );
  const thrown = await error(
    launchEc2({ ...EC2_DEFAULTS, yes: true }, { pace: { ...FAST, request: 100 } })(
      DOCUMENT,
      { progress() {} },
      never,
    ),
  );
  assert.match(thrown.message, /cannot be reached.*RunInstances: ETIMEDOUT/);
  assert.is(gate.calls('RunInstances').length, 3);
});
test.run();

const table = suite('table of errors');
table('every entry is one sentence and a next step', () => {
  for (const [code, explanation] of Object.entries(EXPLANATIONS)) {
    const [sentence, hint] = explanation({ action: 'RunInstances', region: 'r', instanceType: 't' }, '');
    assert.match(sentence, /^\S.{8,}[^.\s]$/, code);
    assert.match(hint, /^\S.{8,}[^.\s]$/, code);
  }
});
table('an error from elsewhere is reported unchanged', () => {
  assert.match(explain('odd', { action: 'X' }).message, /EC2 answered: odd: .* \(X: Unknown\)/);
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  assert.match(
    explain(new Error('wrapped', { cause: reset }), { region: 'r' }).message,
    /EC2 in r cannot be reached/,
  );
  const misspelt = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
  assert.match(
    explain(misspelt, { region: 'eu-west-9' }).message,
    /no EC2 at the address of eu-west-9: check how --region is written/,
  );
  const sso = Object.assign(new Error('The SSO session has expired'), { name: 'CredentialsProviderError' });
  assert.match(explain(sso, {}).message, /single sign-on session has expired: run aws sso login/);
});
table.run();
