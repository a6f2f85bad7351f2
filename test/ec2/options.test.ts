import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RawValues, readFlags } from '../../src/config/flags';
import { EC2_FLAGS, ec2Options } from '../../src/machines/ec2/ec2-flags';

const test = suite('options of EC2');

const read = (given: RawValues) => readFlags(EC2_FLAGS, given);

test('valid values pass', () => {
  const good: RawValues[] = [
    { region: 'eu-central-1' },
    { region: 'us-gov-west-1' },
    { region: 'eusc-de-east-1' },
    { 'instance-type': 't4g.small' },
    { 'instance-type': 'u-6tb1.112xlarge' },
    { 'instance-type': 'm7i-flex.large' },
    { image: 'ami-0123456789abcdef0', subnet: 'subnet-12345678', 'key-pair': 'my key' },
    { release: 'resolute', disk: '16384', 'time-limit': '720' },
  ];
  for (const given of good) assert.equal(read(given).diagnostics, [], JSON.stringify(given));
});

test('a release by its number or its name', () => {
  const release = (name: string | undefined, distro?: 'debian') =>
    ec2Options(read({ release: name }).values, distro).release;
  assert.equal([release('22.04'), release('noble'), release(undefined)], ['jammy', 'noble', 'noble']);
  const debian = [undefined, '12', 'trixie'].map((name) => release(name, 'debian'));
  assert.equal(debian, ['trixie', 'bookworm', 'trixie']);
});

test('tags are KEY=VALUE, and reserved ones are refused', () => {
  const wrong = (...tag: string[]) => read({ tag }).diagnostics.length;
  assert.equal([wrong('a=b'), wrong('a='), wrong('a=b', 'c=d=e'), wrong('a=b,c')], [0, 0, 0, 0]);
  assert.equal([wrong('a'), wrong('=b'), wrong('aws:x=1'), wrong('gen-cloudinit:run=1')], [1, 1, 1, 1]);
});

test("Canonical's account differs per partition of AWS", async () => {
  const { chooseImage } = await import('../../src/machines/ec2/image');
  for (const [region, owner] of [
    ['eu-central-1', '099720109477'],
    ['us-gov-west-1', '513442679011'],
    ['cn-north-1', '837727238323'],
  ] as const) {
    let asked: unknown;
    const ec2 = {
      region,
      call: async (_action: string, input: { Owners?: string[] }) => {
        asked = input.Owners;
        return {};
      },
    };
    const options = { image: undefined, release: 'noble' } as const;
    const signal = new AbortController().signal;
    await chooseImage(ec2 as never, options, 'x86_64', signal).catch(() => {});
    assert.equal(asked, [owner], region);
  }
});

test('every mistake is reported, by its flag', () => {
  const { diagnostics } = read({
    region: 'Frankfurt',
    profile: 'a b',
    'instance-type': 'small',
    release: 'focal',
    image: 'noble',
    disk: '7.5',
    subnet: 'vpc-12345678',
    'time-limit': '5',
    'key-pair': '',
  });
  assert.equal(
    diagnostics.map(({ path, code }) => `${path} ${code}`),
    [
      'region wrong-value',
      'profile wrong-value',
      'instance-type wrong-value',
      'release wrong-value',
      'image wrong-value',
      'disk wrong-value',
      'subnet wrong-value',
      'time-limit wrong-value',
      'key-pair missing-value',
    ],
  );
});

test('the code that the command loads at its start does not contain the AWS SDK', () => {
  const seen = new Set<string>();
  const follow = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    assert.not.match(text, /aws-sdk|DescribeInstanceTypes/, file);
    for (const [, next] of text.matchAll(/(?:from|import)\s*"(\.[^"]+)"/g)) follow(join(file, '..', next!));
  };
  follow('dist/cli.js');
});
test.run();
