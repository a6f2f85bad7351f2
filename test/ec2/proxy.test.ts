// The real command and EC2 with a proxy: through the proxy, past it, refused by it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { connect } from '../../src/machines/ec2/client';
import { start } from '../support/ec2/command';
import { ec2Suite, FAST, type World } from '../support/ec2/world';
import { openProxy, openTlsBefore, type TestProxy } from '../support/proxy';

const REGION = 'eu-west-3';
const EC2 = `ec2.${REGION}.amazonaws.com`;
const STS = `sts.${REGION}.amazonaws.com`;
const test = ec2Suite('EC2 behind a proxy', REGION);
const SWEEP = ['sweep', 'ec2', '--region', REGION, '--json'];

type Environment = Record<string, string | undefined>;

/** A sweep at EC2's real address, which the proxy redirects to the gate, by TLS. */
async function behind(
  world: World,
  refusal: string | undefined,
  environment: (proxy: TestProxy, certificate: string) => Environment,
) {
  const tls = await openTlsBefore(world.gate.url, [EC2, STS]);
  const proxy = await openProxy(tls.port, refusal);
  const more = {
    AWS_ENDPOINT_URL_EC2: undefined,
    NODE_EXTRA_CA_CERTS: tls.certificate,
    ...environment(proxy, tls.certificate),
  };
  try {
    const ended = await start(world, SWEEP, more).end;
    return { ...ended, proxy, hosts: tls.asked };
  } finally {
    await proxy.close();
    await tls.close();
  }
}

test('the request arrives through the proxy, in small letters, in capitals, with a password', async (world) => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) {
    const through = await behind(world, undefined, ({ url }) => ({
      [name]: url.replace('http://', 'http://me:s3cret%21@'),
    }));
    assert.is(through.code, 0, through.stderr);
    assert.equal([...new Set(through.proxy.asked)], [`CONNECT ${EC2}:443`]);
    assert.is(through.proxy.credentials[0], `Basic ${Buffer.from('me:s3cret!').toString('base64')}`);
    assert.ok(world.gate.log.some(({ region }) => region === REGION));
    assert.not.match(through.stderr, /warning|s3cret/i);
  }
});

test('an address without a scheme is a proxy by plain HTTP, as for curl', async (world) => {
  const { code, stderr, proxy } = await behind(world, undefined, ({ url }) => ({
    HTTPS_PROXY: url.replace('http://', ''),
  }));
  assert.is(code, 0, stderr);
  assert.equal([...new Set(proxy.asked)], [`CONNECT ${EC2}:443`]);
});

test('an unknown CA: the hint names the variable that works, and it works', async (world) => {
  const trial = (name: string) =>
    behind(world, undefined, ({ url }, file) => ({
      HTTPS_PROXY: url,
      NODE_EXTRA_CA_CERTS: undefined,
      [name]: file,
    }));
  const unread = await trial('AWS_CA_BUNDLE');
  assert.is(unread.code, 1);
  assert.match(
    unread.stderr,
    /certificate of EC2's address is not trusted: .*set NODE_EXTRA_CA_CERTS to the file with its CA/,
  );
  const read = await trial('NODE_EXTRA_CA_CERTS');
  assert.is(read.code, 0, read.stderr);
});

test('the credentials of a role come through the proxy too', async (world) => {
  const folder = mkdtempSync(join(tmpdir(), 'aws-'));
  const config = join(folder, 'config');
  const [base, role] = ['aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example', 'deploy'];
  writeFileSync(
    config,
    `[profile base]\n${base}\n[profile ${role}]\nregion = ${REGION}\nsource_profile = base\nrole_arn = arn:aws:iam::123456789012:role/${role}\n`,
  );
  try {
    const { code, stderr, proxy } = await behind(world, undefined, ({ url }) => ({
      HTTPS_PROXY: url,
      AWS_CONFIG_FILE: config,
      AWS_PROFILE: role,
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
    }));
    assert.is(code, 0, stderr);
    assert.equal([...new Set(proxy.asked)], [`CONNECT ${STS}:443`, `CONNECT ${EC2}:443`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an endpoint by plain HTTP goes through HTTP_PROXY, body and all', async (world) => {
  const { code, stderr, proxy } = await behind(world, undefined, ({ url }) => ({
    AWS_ENDPOINT_URL_EC2: world.gate.url,
    HTTP_PROXY: url,
  }));
  assert.is(code, 0, stderr);
  assert.equal([...new Set(proxy.asked)], [`POST ${world.gate.url}/`]);
  assert.ok(world.gate.log.length > 0);
});

test('NO_PROXY goes around it', async (world) => {
  for (const name of ['NO_PROXY', 'no_proxy']) {
    world.gate.log.length = 0;
    const { code, stderr, proxy } = await behind(world, undefined, ({ url }) => ({
      AWS_ENDPOINT_URL_EC2: world.gate.url,
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
      [name]: 'example.org,127.0.0.1',
    }));
    assert.is(code, 0, stderr);
    assert.equal(proxy.asked, []);
    assert.ok(world.gate.log.length > 0);
  }
});

test('a refusal by a proxy is reported once, with the next step', async (world) => {
  for (const [status, words] of [
    [
      '407 Proxy Authentication Required',
      /does not connect to ec2\.eu-west-3\.amazonaws\.com:443 \(407 Proxy Authentication Required\): put the proxy's NAME:PASSWORD@ before the host in HTTPS_PROXY/,
    ],
    ['403 Forbidden', /\(403 Forbidden\): have the proxy allow this address, or add its host to NO_PROXY/],
    ['502 Bad Gateway', /\(502 Bad Gateway\): check the address and the proxy's own network/],
  ] as const) {
    const { code, stderr, proxy } = await behind(world, status, ({ url }) => ({ HTTPS_PROXY: url }));
    assert.is(code, 1, stderr);
    assert.match(stderr, words);
    assert.match(stderr, `the proxy ${proxy.url} `);
    assert.equal(proxy.asked, [`CONNECT ${EC2}:443`]);
  }
  const unreachable = await behind(world, undefined, () => ({ HTTPS_PROXY: 'http://127.0.0.1:9' }));
  assert.is(unreachable.code, 1);
  assert.match(
    unreachable.stderr,
    /the proxy http:\/\/127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\): check HTTPS_PROXY/,
  );
  const socks = await behind(world, undefined, () => ({ https_proxy: 'socks5://me:s3cret@127.0.0.1:9' }));
  assert.is(socks.code, 1);
  assert.match(
    socks.stderr,
    /https_proxy does not hold the address of an HTTP proxy: set it to http:\/\/HOST:PORT/,
  );
  assert.not.match(socks.stderr, 's3cret');
});

test('a silent proxy does not block the command', async () => {
  const proxy = await openProxy(9, 'silence');
  const saved = { ...process.env };
  delete process.env.AWS_ENDPOINT_URL_EC2;
  process.env.HTTPS_PROXY = proxy.url;
  try {
    const ec2 = await connect({}, { ...FAST, request: 100 });
    const thrown = await ec2.call('DescribeVpcs', {}).then(() => 'nothing was thrown', String);
    assert.match(thrown, /EC2 in eu-west-3 cannot be reached/);
    ec2.close();
  } finally {
    process.env = saved;
    await proxy.close();
  }
});

test.run();
