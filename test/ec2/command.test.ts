// The real command as a process: verify, bake and sweep, from the command line to the resources that stay on EC2.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { ran, start } from '../support/ec2/command';
import { ec2Suite } from '../support/ec2/world';
import { forEc2 } from '../support/run';

const REGION = 'eu-south-1';
const test = ec2Suite('the command on EC2', REGION);
const VERIFY = ['verify', 'ec2', '--domain', 'matrix.example.org', '--yes'];
const BAKE = ['bake', 'ec2', '--name', 'matrix', '--yes'];
const READY = 'x\r\n[   61.5] cloud-init[812]: gen-cloudinit: ready: https://matrix.example.org/\r\n';

test('verify: the console says ready, nothing is left', async (world) => {
  world.gate.ec2.console = [READY];
  const { code, stdout, stderr } = await ran(world, [...VERIFY, '--json']);
  assert.is(code, 0, stderr);
  const report = JSON.parse(stdout) as { verdict: string; machine: { kind: string } };
  assert.equal([report.verdict, report.machine.kind], ['ok', 'ec2']);
  for (const words of [
    /one t3\.small \(2 CPUs, 2 GiB, x86_64\) in eu-south-1/,
    /costs money/,
    /security group sg-/,
    /instance i-\w+ is running/,
    /everything of this run is removed/,
  ]) {
    assert.match(stderr, words);
  }
  const [asked] = world.gate.calls('RunInstances');
  const sent = Buffer.from(asked!.params.get('UserData') ?? '', 'base64');
  // With the dead man's switch the default document is over EC2's limit, so it travels as gzip.
  const data = (sent[0] === 0x1f ? gunzipSync(sent) : sent).toString();
  const made = gunzipSync(forEc2('--domain', 'matrix.example.org', '--tls', 'local-ca')).toString();
  assert.ok(data.includes(made), 'the document, byte for byte');
  assert.match(data, /systemctl poweroff/);
});

test('verify --no-dead-man: the user data is the document', async (world) => {
  world.gate.ec2.console = [READY];
  const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-'));
  try {
    const file = join(directory, 'user-data.gz');
    writeFileSync(file, forEc2('--domain', 'matrix.example.org'));
    const { code, stderr } = await ran(world, ['verify', 'ec2', file, '--yes', '--no-dead-man']);
    assert.is(code, 0, stderr);
    const [asked] = world.gate.calls('RunInstances');
    assert.ok(Buffer.from(asked!.params.get('UserData') ?? '', 'base64').equals(readFileSync(file)));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('verify --keep: the machine stays, and the command that it prints removes it', async (world) => {
  world.gate.ec2.console = [READY];
  const { code, stdout, stderr } = await ran(world, [...VERIFY, '--keep']);
  assert.is(code, 0, stderr);
  assert.is((await world.left()).length, 3);
  const [, command = ''] = /remove it: gen-cloudinit (sweep ec2 .*)/.exec(stdout) ?? [];
  const swept = await ran(world, command.split(' '));
  assert.is(swept.code, 0, swept.stderr);
  assert.match(swept.stdout, /^removed:\n {2}eu-south-1 {2}instance {2}i-/);
});

test('verify: a document that fails, with its reason', async (world) => {
  world.gate.ec2.console = ['x\n[ 9.1] cloud-init[1]: gen-cloudinit: failed: no network\r\n'];
  const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-'));
  try {
    const { code, stdout } = await ran(world, [...VERIFY, '--save-to', directory]);
    assert.is(code, 1);
    assert.match(stdout, /no network/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('two runs at once do not see each other', async (world) => {
  world.gate.ec2.console = [''];
  const [one, other] = [start(world, VERIFY), start(world, VERIFY)];
  await Promise.all([one, other].map((run) => run.said(/instance i-\w+ is running/)));
  one.kill('SIGINT');
  assert.is((await one.end).code, 130);
  assert.is((await world.left()).length, 3);
  other.kill('SIGTERM');
  assert.is((await other.end).code, 130);
});

test('bake: the id on standard output, list, remove', async (world) => {
  world.gate.ec2.console = [READY];
  const baked = await ran(world, BAKE);
  assert.is(baked.code, 0, baked.stderr);
  const id = baked.stdout.trim();
  assert.match(id, /^ami-[0-9a-f]+$/);
  assert.not.match(baked.stderr, /warning/);
  assert.ok(baked.stderr.indexOf(`image ${id} is begun`) < baked.stderr.indexOf(`image ${id} is complete`));
  const [asked] = world.gate.calls('RunInstances');
  const data = Buffer.from(asked!.params.get('UserData') ?? '', 'base64').toString();
  assert.match(data, /^#cloud-config\n# gen-cloudinit bake/);
  assert.not.match(data, /systemctl poweroff/);
  assert.is(asked!.params.get('InstanceInitiatedShutdownBehavior'), 'stop');

  const again = await ran(world, BAKE);
  assert.is(again.code, 1);
  assert.match(again.stderr, new RegExp(`an image named matrix in ${REGION} already \\(${id}\\)`));

  const listed = await ran(world, ['bake', 'list']);
  assert.match(listed.stdout, new RegExp(`^${id} {2}available {2}x86_64 {2}20.* {2}matrix\n$`));
  const removed = await ran(world, ['bake', 'remove', 'matrix', '--json']);
  assert.is(removed.code, 0, removed.stderr);
  const { removed: gone } = JSON.parse(removed.stdout) as { removed: { kind: string }[] };
  assert.equal(
    gone.map(({ kind }) => kind),
    ['image', 'snapshot'],
  );
  assert.is((await ran(world, ['bake', 'list', '--json'])).stdout, '[]\n');
});

test('bake: the printed next steps work', async (world) => {
  world.gate.ec2.console = [READY];
  const account = mkdtempSync(join(tmpdir(), 'gen-cloudinit-aws-'));
  const credentials = join(account, 'credentials');
  writeFileSync(credentials, '[work]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n');
  const more = { AWS_SHARED_CREDENTIALS_FILE: credentials };
  try {
    const asked = ['--profile', 'work', '--instance-type', 't4g.small'];
    const baked = await ran(world, [...BAKE, ...asked], more);
    assert.is(baked.code, 0, baked.stderr);
    const [, verify = '', remove = ''] =
      /gen-cloudinit (verify .*)\n.*gen-cloudinit (bake remove .*)/.exec(baked.stderr) ?? [];
    assert.match(verify, ' --profile work ');
    const verified = await ran(world, [...verify.split(' '), '--yes'], more);
    assert.is(verified.code, 0, verified.stderr);
    assert.match(remove, ' --profile work ');
    assert.is((await ran(world, remove.split(' '), more)).code, 0);
  } finally {
    rmSync(account, { recursive: true });
  }
});

test('bake: the image stays even if the machine cannot be removed', async (world) => {
  world.gate.ec2.console = [READY];
  const denied = 'is not authorized to perform: ec2:DeleteSecurityGroup on resource: x';
  world.gate.refuse('DeleteSecurityGroup', 'UnauthorizedOperation', denied, { times: 9 });
  const { code, stdout, stderr } = await ran(world, BAKE);
  assert.is(code, 1);
  assert.match(stdout, /^ami-[0-9a-f]+\n$/);
  world.gate.reset();
  const [, command = ''] = /\nto remove it: gen-cloudinit (.*)/.exec(stderr) ?? [];
  const swept = await ran(world, command.split(' '));
  assert.is(swept.code, 0, swept.stderr);
  assert.match(swept.stdout, /^removed:\n.* security group .*\nkept, baked images/);
  assert.is((await ran(world, ['bake', 'remove', stdout.trim()])).code, 0);
  const alone = await ran(world, ['sweep', 'ec2', '--keep-images']);
  assert.is(alone.code, 2);
  assert.match(alone.stderr, /--keep-images goes with --run only/);
});

test('sweep: lists what kill -9 has left, and removes it', async (world) => {
  world.gate.ec2.console = [''];
  const run = start(world, VERIFY);
  await run.said(/instance i-\w+ is running/);
  run.kill('SIGKILL');
  await run.end;
  const listed = await ran(world, ['sweep', 'ec2']);
  assert.is(listed.code, 0);
  assert.match(listed.stdout, /nothing is left over\n.*--all.*\n {2}eu-south-1 {2}instance {2}i-/);
  const all = await ran(world, ['sweep', 'ec2', '--all', '--json']);
  const { found } = JSON.parse(all.stdout) as { found: unknown[] };
  assert.is(found.length, 3);
  const swept = await ran(world, ['sweep', 'ec2', '--all', '--yes']);
  assert.is(swept.code, 0, swept.stderr);
});

test('sweep: what cannot be removed makes it fail', async (world) => {
  world.gate.ec2.console = [READY];
  await ran(world, [...VERIFY, '--keep']);
  const denied = 'is not authorized to perform: ec2:TerminateInstances on resource: x';
  world.gate.refuse('TerminateInstances', 'UnauthorizedOperation', denied, { times: 9 });
  const { code, stdout } = await ran(world, ['sweep', 'ec2', '--all', '--yes']);
  assert.is(code, 1);
  assert.match(stdout, /NOT removed, and it may cost money:\n.*do not allow ec2:TerminateInstances/);
  world.gate.reset();
  assert.is((await ran(world, ['sweep', 'ec2', '--all', '--yes'])).code, 0);
});

test.run();
