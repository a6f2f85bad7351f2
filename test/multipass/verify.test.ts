// `gen-cloudinit verify multipass` as a user runs it, against the multipass of the tests: refusals, Ctrl-C, a machine
// that accepts no login. The lab tests a healthy server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFlags } from '../../src/config/flags';
import type { Launch } from '../../src/machines/machine';
import { launchMultipass } from '../../src/machines/multipass/launch';
import { MULTIPASS_FLAGS } from '../../src/machines/multipass/multipass-flags';
import { readExpectations } from '../../src/verify/expectations';
import { Display } from '../../src/verify/progress-line';
import { verifyReport } from '../../src/verify/report';
import { runVerify, type VerifyOptions } from '../../src/verify/run';
import { verifySchema } from '../../src/verify/schema';
import { FakeMultipass } from '../support/multipass/fake';
import { generated, run } from '../support/run';

const test = suite<{ fake: FakeMultipass; dir: string; path: string | undefined }>('verify multipass');
test.before.each((context) => {
  context.fake = new FakeMultipass();
  context.dir = mkdtempSync(join(tmpdir(), 'verify-'));
  context.path = process.env.PATH;
  Object.assign(process.env, context.fake.environment);
});
test.after.each(({ fake, dir, path }) => {
  process.env.PATH = path;
  delete process.env.FAKE_MULTIPASS;
  fake.remove();
  rmSync(dir, { recursive: true, force: true });
});

const NAME = 'gc-verify-test';
const DOMAIN = ['--domain', 'matrix.test'];

test('a wrong request: exit 2, without a call to multipass', ({ fake, dir }) => {
  const file = join(dir, 'user-data.yaml');
  writeFileSync(file, generated(...DOMAIN));
  const foreign = join(dir, 'foreign.yaml');
  writeFileSync(foreign, '#cloud-config\nruncmd: [true]\n');
  for (const [args, words] of [
    [[], 'error: --domain is required'],
    [['--domain', 'a b'], 'error: --domain has an invalid value'],
    [[...DOMAIN, '--memory', 'much'], 'error: --memory has an invalid value'],
    [[...DOMAIN, '--name', 'a_b'], 'error: --name has an invalid value'],
    [[...DOMAIN, '--time-limit', 'soon'], 'error: --time-limit has an invalid value'],
    [
      [...DOMAIN, '--save-to', join(file, 'x')],
      `error: --save-to names a directory that cannot be written: ${file} is not a directory`,
    ],
    [[...DOMAIN, '--frob', 'x'], 'frob is not an option'],
    [[...DOMAIN, '--format', 'gzip'], 'error: the document is in a form that multipass cannot read'],
    [[...DOMAIN, '--region', 'eu-central-1'], 'region is not an option'],
    [[file, ...DOMAIN], 'and a document cannot both be given'],
    [[file, foreign], 'unexpected argument'],
    [[foreign], "cannot be verified: /etc/gen-cloudinit.env is not in it: it is not one of gen-cloudinit's"],
    [[join(dir, 'nothing.yaml')], 'cannot be read'],
  ] as const) {
    const { code, stdout, stderr } = run(['verify', 'multipass', ...args]);
    assert.is(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, words);
    assert.is(stdout, '');
  }
  assert.match(run(['verify']).stderr, 'verify needs one of multipass, qemu, ec2');
  assert.equal(fake.calls(), []);
});

test('the world failed: exit 1, in one sentence', ({ fake }) => {
  fake.behave({ daemon: 'down' });
  const { code, stdout, stderr } = run(['verify', 'multipass', ...DOMAIN]);
  assert.is(code, 1);
  assert.is(stdout, '');
  assert.match(stderr, 'gen-cloudinit: multipass does not answer: its daemon is not running');
});

test("multipass' version of the document is the same to a reader of YAML 1.1", async ({ fake }) => {
  fake.behave({ boot: 600_000 });
  const child = spawn(process.execPath, ['dist/cli.js', 'verify', 'multipass', '--name', NAME, ...DOMAIN]);
  while (!fake.instance(NAME)?.userData) await new Promise((resolve) => setTimeout(resolve, 20));
  const { document = '', userData = '' } = fake.instance(NAME) ?? {};
  child.kill('SIGINT');
  await once(child, 'exit');
  assert.not.match(userData, /['"]0o?[0-7]+['"]/);
  assert.equal(load(userData, { schema: YAML11_SCHEMA }), load(document));
});

test('unless the options name the issuer, a CA created on the machine signs; a file is not changed', async ({
  fake,
  dir,
}) => {
  const document = async (args: readonly string[], config?: string) => {
    // The instance never allows a login: the test only checks what it received.
    fake.behave({ boot: 600_000 });
    const command = [process.execPath, 'dist/cli.js', 'verify', 'multipass', '--name', NAME, ...args];
    // A pipe, as from a shell: its text can be read only once.
    const piped = ['bash', '-c', `exec "$@" --config <(echo "$CONFIG")`, 'bash', ...command];
    const [program = '', ...words] = config === undefined ? command : piped;
    const child = spawn(program, words, { env: { ...process.env, CONFIG: config } });
    while (!fake.instance(NAME)?.document && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const given = fake.instance(NAME)?.document;
    child.kill('SIGINT');
    if (child.exitCode === null) await once(child, 'exit');
    return given;
  };
  assert.is(await document(DOMAIN), generated(...DOMAIN, '--tls', 'local-ca'));
  assert.is(await document([...DOMAIN, '--tls', 'staging']), generated(...DOMAIN, '--tls', 'staging'));
  assert.is(await document([], 'domain: matrix.test'), generated(...DOMAIN, '--tls', 'local-ca'));
  const file = join(dir, 'user-data.yaml');
  writeFileSync(file, `${generated(...DOMAIN)}# a comment of one's own\n`);
  assert.is(await document([file]), readFileSync(file, 'utf8'));
});

test('Ctrl-C: exit 130, nothing is left; a second one prints the next command and ends', async ({ fake }) => {
  fake.behave({ boot: 600_000 });
  const start = () => {
    const child = spawn(process.execPath, ['dist/cli.js', 'verify', 'multipass', ...DOMAIN, '--name', NAME]);
    const said = { stderr: '' };
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said.stderr += chunk;
    });
    return { child, said, exit: once(child, 'exit') as Promise<[number | null]> };
  };
  const comes = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const first = start();
  await comes(() => fake.instance(NAME) !== undefined);
  first.child.kill('SIGINT');
  assert.is((await first.exit)[0], 130);
  assert.match(first.said.stderr, 'SIGINT: cleaning up; press Ctrl-C again to quit without cleanup');
  assert.is(fake.instance(NAME), undefined);

  const second = start();
  await comes(() => fake.instance(NAME) !== undefined);
  fake.beStubborn(1000);
  second.child.kill('SIGINT');
  await comes(() => second.said.stderr.includes('removing what was made'));
  second.child.kill('SIGINT');
  assert.is((await second.exit)[0], 130);
  assert.match(second.said.stderr, `remove it with:\nmultipass delete --purge ${NAME}`);
});

/** A run whose machine never accepts a login. @param meanwhile runs once the machine exists */
async function shutOut(
  fake: FakeMultipass,
  dir: string,
  options: Partial<VerifyOptions> = {},
  meanwhile: () => void = () => undefined,
) {
  const document = Buffer.from(generated(...DOMAIN, '--tls', 'local-ca'));
  const expectations = readExpectations(document);
  if ('problem' in expectations) throw new Error(expectations.problem);
  const announced: string[] = [];
  const announce = (command: string) => announced.push(command);
  const { values } = readFlags(MULTIPASS_FLAGS, { 'time-limit': 30 });
  const launchIt = launchMultipass({ ...values, name: NAME, image: '24.04' }, announce);
  const launch: Launch = async (...given) => {
    const machine = await launchIt(...given);
    meanwhile();
    return machine;
  };
  fake.behave({ exec: 'broken', initialization: 600_000 });
  const settings = { keep: false, keepOnFailure: false, within: 30_000, saveTo: dir, every: 500, ...options };
  const display = new Display({ write: () => undefined }, false);
  const { signal } = new AbortController();
  const report = await runVerify(document, expectations, launch, settings, display, { signal, announce });
  return { report, announced };
}

test('a machine without a way in: it fails, nothing is left', async ({ fake, dir }) => {
  const { report, announced } = await shutOut(fake, dir);
  assert.is(report.verdict, 'failed');
  assert.is(report.points[0]?.status, 'failed');
  assert.match(report.points[0]?.seen ?? '', /exec on gc-verify-test failed: .*Connection refused/);
  assert.ok(report.points.every(({ status }) => status !== 'not judged'));
  assert.is(report.points.at(-1)?.name, 'everything is removed');
  assert.is(fake.instance(NAME), undefined);
  // The machine gives no evidence, and the report names no file.
  assert.equal(report.saved, []);
  assert.ok(announced.every((command) => command === `multipass delete --purge ${NAME}`));
  assert.ok(new Ajv().validate(verifySchema(), report));
  assert.match(verifyReport(report), `FAILED: matrix.test on multipass ${NAME}`);
});

test('verify does not wait for a stopped machine', async ({ fake, dir }) => {
  const stop = () => fake.put(NAME, { state: 'Stopped' });
  // Longer than any test may take: waiting for it would never end.
  const { report } = await shutOut(fake, dir, { within: 24 * 3_600_000 }, stop);
  assert.is(report.points[0]?.seen, `the instance ${NAME} is stopped; exec would start it`);
  assert.is(fake.instance(NAME), undefined);
});

test('--keep-on-failure: it stays, and the report says how to enter and to remove it', async ({
  fake,
  dir,
}) => {
  const { report } = await shutOut(fake, dir, { keepOnFailure: true });
  assert.is(fake.instance(NAME)?.state, 'Running');
  assert.equal(report.machine.kept, {
    enter: `multipass shell ${NAME}`,
    remove: `multipass delete --purge ${NAME}`,
  });
  assert.ok(new Ajv().validate(verifySchema(), report));
  assert.match(verifyReport(report), `remove it: multipass delete --purge ${NAME}`);
});

test.run();
