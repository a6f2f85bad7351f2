import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commonFlags, EC2_DEFAULTS, type Ec2Options, ec2Options } from '../../src/machines/ec2/options';

const test = suite('options of EC2');

test('nothing given means the defaults', () => {
  assert.equal(ec2Options({}), { options: EC2_DEFAULTS, diagnostics: [] });
  assert.equal(ec2Options({ region: undefined, disk: undefined }).options, EC2_DEFAULTS);
});

test('what EC2 has is taken', () => {
  const good: Partial<Ec2Options>[] = [
    { region: 'eu-central-1' },
    { region: 'us-gov-west-1' },
    { region: 'eusc-de-east-1' },
    { instanceType: 't4g.small' },
    { instanceType: 'u-6tb1.112xlarge' },
    { instanceType: 'm7i-flex.large' },
    { image: 'ami-0123456789abcdef0', subnet: 'subnet-12345678', keyPair: 'my key' },
    { release: 'resolute', disk: 16_384, timeLimit: 720 },
  ];
  for (const asked of good) assert.equal(ec2Options(asked).diagnostics, [], JSON.stringify(asked));
});

test('a release by its number or its name', () => {
  const releases = ['22.04', 'noble', 'focal', undefined].map((release) => commonFlags({ release }).release);
  assert.equal(releases, ['jammy', 'noble', 'focal', undefined]);
  const debian = [undefined, '12', 'trixie'].map(
    (release) => commonFlags({ distro: 'debian', release }).release,
  );
  assert.equal(debian, ['trixie', 'bookworm', 'trixie']);
});

test('tags are KEY=VALUE, and not those that are ours', () => {
  const wrong = (...tags: string[]) => ec2Options({ tags }).diagnostics.length;
  assert.equal([wrong('a=b'), wrong('a='), wrong('a=b', 'c=d=e')], [0, 0, 0]);
  assert.equal([wrong('a'), wrong('=b'), wrong('aws:x=1'), wrong('gen-cloudinit:run=1')], [1, 1, 1, 1]);
});

test("Canonical's account is another one in each partition of AWS", async () => {
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

test('every mistake is told, by the flag', () => {
  const { diagnostics } = ec2Options({
    region: 'Frankfurt',
    profile: 'a b',
    instanceType: 'small',
    release: 'focal' as never,
    image: 'noble',
    subnet: 'vpc-12345678',
    keyPair: '',
    disk: 7.5,
    timeLimit: 5,
  });
  assert.equal(
    diagnostics.map(({ path }) => path),
    ['region', 'profile', 'instance-type', 'release', 'image', 'subnet', 'key-pair', 'disk', 'time-limit'],
  );
  assert.equal(
    diagnostics.filter(({ severity, code }) => severity !== 'error' || code !== 'wrong-value'),
    [],
  );
});

test('what the command loads at its start does not hold the AWS SDK', () => {
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
