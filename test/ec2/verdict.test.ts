// The verdict of a verify on EC2 that fails: time limit, lost instance, failed clean-up.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import Ajv from 'ajv';
import * as assert from 'uvu/assert';
import { EC2_DEFAULTS, type Ec2Options } from '../../src/machines/ec2/ec2-flags';
import { launchEc2 } from '../../src/machines/ec2/launch';
import type { Launch, Machine } from '../../src/machines/machine';
import { readExpectations } from '../../src/verify/expectations';
import { Display } from '../../src/verify/progress-line';
import type { Report } from '../../src/verify/report';
import { runVerify, type VerifyOptions } from '../../src/verify/run';
import { verifySchema } from '../../src/verify/schema';
import { start } from '../support/ec2/command';
import type { Rule } from '../support/ec2/gate';
import { ec2Suite, FAST } from '../support/ec2/world';
import { forEc2 } from '../support/run';

const REGION = 'us-east-1';
const test = ec2Suite('verdicts on EC2', REGION);
const VERIFY = ['verify', 'ec2', '--domain', 'matrix.example.org', '--yes'];
const DENIED = 'is not authorized to perform: ec2:TerminateInstances on resource: x';
const document = forEc2('--domain', 'matrix.example.org', '--tls', 'local-ca');

/** One run in this process, for limits that the command does not accept. @param meanwhile runs once the machine exists */
async function verified(
  more: Partial<VerifyOptions> = {},
  options: Partial<Ec2Options> = {},
  meanwhile: (machine: Machine) => Promise<unknown> = async () => undefined,
): Promise<{ report: Report; machine: Machine; text: (name: string) => string }> {
  const subject = readExpectations(document);
  if ('problem' in subject) throw new Error(subject.problem);
  const saveTo = mkdtempSync(join(tmpdir(), 'verify-'));
  const settings = { keep: false, keepOnFailure: false, within: 60_000, saveTo, every: 100, ...more };
  const display = new Display({ write: () => undefined }, false);
  const around = { signal: new AbortController().signal, announce: () => undefined };
  let machine: Machine | undefined;
  const launch: Launch = async (...given) => {
    machine = await launchEc2({ ...EC2_DEFAULTS, yes: true, ...options }, { pace: FAST })(...given);
    await meanwhile(machine);
    return machine;
  };
  try {
    const report = await runVerify(document, subject, launch, settings, display, around);
    const saved = new Map(report.saved.map((path) => [path.split('/').at(-1), readFileSync(path, 'utf8')]));
    assert.ok(new Ajv().validate(verifySchema(), JSON.parse(JSON.stringify(report))));
    return { report, machine: machine as Machine, text: (name) => saved.get(name) ?? '' };
  } finally {
    rmSync(saveTo, { recursive: true });
  }
}

test('a document that says nothing until the time limit: a verdict, its console, and the machine if asked', async ({
  gate,
  left,
}) => {
  gate.ec2.console = ['[    0.0] Linux\r\n'];
  const { report, machine, text } = await verified({ within: 30_000, keepOnFailure: true });
  assert.is(report.points[0]?.seen, 'the time limit came first');
  assert.is(report.verdict, 'failed');
  assert.is(text('console.log'), '[    0.0] Linux\r\n');
  assert.is(report.machine.kept?.remove, machine.howTo.remove);
  assert.is((await left()).length, 3);
  await machine.destroy();
});

test('a launch that takes longer than the time limit ends, and leaves nothing', async ({ gate }) => {
  gate.ec2.looks.pending = 1_000_000;
  const error = await verified({ within: 4_000 }).then(
    () => new Error('a verdict'),
    (thrown: Error) => thrown,
  );
  assert.is(error.message, 'no machine within 0 minutes (--time-limit)');
});

test('Ctrl-C during the launch, and a clean-up that fails: the command reports what is left', async ({
  gate,
  left,
  region,
}) => {
  gate.ec2.looks.pending = 1_000_000;
  gate.refuse('TerminateInstances', 'UnauthorizedOperation', DENIED, { times: 9 });
  const verify = start({ gate, region }, VERIFY);
  await verify.said(/instance i-\w+ is starting/);
  verify.kill('SIGINT');
  const { code, stderr } = await verify.end;
  assert.is(code, 130);
  assert.match(
    stderr,
    /gen-cloudinit: interrupted\nnot everything could be removed, and it may cost money:\n {2}i-\w+: /,
  );
  const [, command = ''] = /\nto remove it: gen-cloudinit (sweep ec2 .*)\n$/.exec(stderr) ?? [];
  assert.is((await left()).length, 3);
  gate.reset();
  const swept = await start({ gate, region }, command.split(' ')).end;
  assert.is(swept.code, 0, swept.stderr);
});

test('an instance that ends unexpectedly: why, and its console up to then', async ({ gate, ec2 }) => {
  gate.ec2.console = ['[    0.0] Linux\r\n'];
  const terminate = (machine: Machine) =>
    ec2.send(new TerminateInstancesCommand({ InstanceIds: [machine.name] }));
  const { report, text } = await verified({}, {}, terminate);
  assert.match(report.points[0]?.seen ?? '', /^i-\w+ is terminated/);
  assert.is(text('console.log'), '[    0.0] Linux\r\n');
});

test('a failed clean-up: the command that removes the rest is printed in full', async ({ gate, left }) => {
  gate.refuse('TerminateInstances', 'UnauthorizedOperation', DENIED, { times: 9 });
  const { report, machine } = await verified();
  assert.is(report.verdict, 'failed');
  assert.match(
    report.points.at(-1)?.seen ?? '',
    /^not everything could be removed, and it may cost money: i-/,
  );
  const { remove } = machine.howTo;
  assert.match(remove, /^gen-cloudinit sweep ec2 .* --yes$/);
  assert.is(report.notes.at(-1), `What is left has to be removed: ${remove}`);
  assert.is((await left()).length, 3);
  gate.reset();
  await machine.destroy();
});

test('--open without a public address fails', async ({ gate }) => {
  const hide: Rule = async (pass) => {
    const answer = await pass();
    return { ...answer, body: answer.body.replace(/<ipAddress>[^<]*<\/ipAddress>/g, '') };
  };
  gate.on('DescribeInstances', hide, { times: 1_000_000 });
  const { report } = await verified({}, { open: true });
  assert.is(report.verdict, 'failed');
  assert.equal(
    report.points.filter(({ status, required }) => status !== 'ok' && required).map(({ seen }) => seen),
    ['--open needs a public address, and the instance has none: choose another --subnet'],
  );
});

test.run();
