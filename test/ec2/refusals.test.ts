// Messages after a mistake: one sentence, a hint, no stack trace. Nothing is created.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Ended, ran } from '../support/ec2/command';
import { ec2Suite, type World } from '../support/ec2/world';

const REGION = 'ap-northeast-3';
const test = ec2Suite('refusals', REGION);
const VERIFY = ['verify', 'ec2', '--domain', 'matrix.example.org', '--yes'];

function told({ stdout, stderr }: Ended, words: RegExp): void {
  assert.match(stderr, words);
  assert.not.match(stderr, /\n {4}at /);
  assert.is(stdout, '');
}

const made = ({ gate }: World) =>
  ['CreateSecurityGroup', 'RunInstances', 'CreateImage'].flatMap((action) => gate.calls(action));

test('mistakes in the request: exit code 2, before anything', async (world) => {
  const refused: [words: string[], said: RegExp][] = [
    [
      [...VERIFY, '--region', 'Frankfurt'],
      /^error: --region has an invalid value.*\n.*Frankfurt\n.*eu-central-1/,
    ],
    [
      ['bake', 'ec2', '--name', 'a:b', '--disk', '3'],
      /--name has an invalid value[\s\S]*--disk has an invalid value/,
    ],
    [['bake', 'ec2', '--distro', 'debian'], /--distro does not go with the image/],
    [
      ['sweep', 'ec2', '--run', 'all', '--region', 'x'],
      /--region has an invalid value[\s\S]*--run has an invalid value/,
    ],
    [['sweep'], /sweep needs ec2/],
    [['bake', 'remove'], /IMAGE is required/],
    [['verify', 'ec2', '--domain', 'matrix.example.org'], /costs money.*confirm with --yes\n$/],
    [['bake', 'ec2'], /costs money.*confirm with --yes\n$/],
  ];
  await Promise.all(
    refused.map(async ([words, said]) => {
      const ended = await ran(world, words);
      assert.is(ended.code, 2, words.join(' '));
      told(ended, said);
    }),
  );
  assert.equal(made(world), []);
});

test('errors of the world: exit code 1', async (world) => {
  const keys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  const failed: [environment: Record<string, string | undefined>, said: RegExp][] = [
    [keys, /there are no AWS credentials: set AWS_PROFILE/],
    [{ ...keys, AWS_PROFILE: 'missing' }, /the profile missing has no AWS credentials/],
    [{ AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9' }, /EC2 in ap-northeast-3 cannot be reached/],
  ];
  await Promise.all(
    failed.map(async ([environment, said]) => {
      const ended = await ran(world, VERIFY, environment);
      assert.is(ended.code, 1);
      told(ended, said);
    }),
  );
  const nowhere = await ran(world, VERIFY, { AWS_REGION: undefined });
  assert.is(nowhere.code, 2);
  told(
    nowhere,
    /no region is set: name one \(--region eu-central-1\), or set AWS_REGION \[missing-value\]\n$/,
  );
  world.gate.refuse('DescribeInstanceTypes', 'ExpiredToken', 'The security token is expired');
  told(await ran(world, VERIFY), /the AWS credentials have expired: get new ones/);
  assert.equal(made(world), []);
});

test('a document that is too large is refused before any request to EC2', async (world) => {
  const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-'));
  try {
    const file = join(directory, 'user-data.yaml');
    const { stdout } = await ran(world, ['--domain', 'matrix.example.org']);
    writeFileSync(file, `${stdout}${'# more\n'.repeat(300)}`);
    const ended = await ran(world, ['verify', 'ec2', file, '--yes']);
    assert.is(ended.code, 1);
    told(ended, /the document has \d+ bytes, EC2 takes 16384: make it smaller, or compress it/);
    assert.is(world.gate.log.length, 0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
