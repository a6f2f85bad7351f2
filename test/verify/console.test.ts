// A machine that shows only its console, such as one on EC2 without an open port: the basis of its verdict.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Machine } from '../../src/machines/machine';
import { readExpectations } from '../../src/verify/expectations';
import { Display } from '../../src/verify/progress-line';
import { verifyReport } from '../../src/verify/report';
import { runVerify } from '../../src/verify/run';
import { verifySchema } from '../../src/verify/schema';
import { generated, run } from '../support/run';

const test = suite('verify: the console alone');
const SAVED = mkdtempSync(join(tmpdir(), 'verify-'));
test.after(() => rmSync(SAVED, { recursive: true, force: true }));

/** A console that grows by one line per query. */
async function verified(lines: readonly string[], more: Partial<Machine> = {}, saveTo = SAVED) {
  const document = Buffer.from(generated('--domain', 'matrix.test'));
  const expectations = readExpectations(document);
  if ('problem' in expectations) throw new Error(expectations.problem);
  let looks = 0;
  let removed = 0;
  const machine: Machine = {
    kind: 'ec2',
    name: 'i-0123456789abcdef0',
    async console() {
      looks++;
      return lines.slice(0, looks).join('\n');
    },
    howTo: { enter: 'see', remove: 'sweep' },
    async destroy() {
      removed++;
    },
    ...more,
  };
  const settings = { keep: false, keepOnFailure: false, within: 3000, saveTo, every: 10 };
  const display = new Display({ write: () => undefined }, false);
  const { signal } = new AbortController();
  const around = { signal, announce: () => undefined };
  const report = await runVerify(document, expectations, async () => machine, settings, display, around);
  assert.ok(new Ajv().validate(verifySchema(), report));
  if (!more.destroy) assert.is(removed, 1);
  return report;
}

test('ready: it holds, as far as the console tells; the rest is reported as not judged', async () => {
  const report = await verified([
    'cloud-init[1]: gen-cloudinit: installing Docker',
    'cloud-init[1]: gen-cloudinit: ready: https://matrix.test/',
    '',
  ]);
  assert.is(report.verdict, 'ok');
  assert.is(report.machine.access, 'console');
  assert.equal(
    report.points.map(({ group, status, required }) => `${group} ${status} ${required}`),
    [
      'first boot ok true',
      'cloud-init not judged false',
      'files not judged false',
      'containers not judged false',
      'from outside not judged false',
      'clean-up ok true',
    ],
  );
  const text = verifyReport(report);
  assert.match(text, 'OK, as far as its console tells: matrix.test on ec2');
  assert.match(text, '2 ok, 0 failed, 4 not judged');
});

test('failed, and silent until the time limit', async () => {
  const failed = await verified([
    'gen-cloudinit: failed: pulling postgres:15-alpine: there is no such image',
    '',
  ]);
  assert.is(failed.verdict, 'failed');
  assert.is(failed.points[0]?.seen, 'failed: pulling postgres:15-alpine: there is no such image');
  assert.is(failed.saved.length, 1);
  const silent = await verified(['Linux version 6.8.0']);
  assert.is(silent.verdict, 'failed');
  assert.is(silent.points[0]?.seen, 'the time limit came first');
});

test("QEMU's serial log stays also when all is well", async () => {
  const lines = ['Linux version 6.8.0', 'gen-cloudinit: ready: x', ''];
  const report = await verified(lines, { kind: 'qemu', name: 'gci-1' });
  assert.is(report.verdict, 'ok');
  assert.equal(report.saved, [join(SAVED, 'gci-1', 'console.log')]);
  assert.equal((await verified(lines)).saved, []);
});

test('a machine that ends before its time is a finding', async () => {
  const gone = async () => {
    throw new Error('instance i-0123456789abcdef0 is terminated: Server.SpotInstanceTermination');
  };
  const report = await verified([], { console: gone });
  assert.is(report.verdict, 'failed');
  assert.match(report.points[0]?.seen ?? '', 'is terminated');
});

test('a machine that could not be removed: it fails, and the command that removes it is printed in full', async () => {
  const destroy = async () => {
    throw new Error(`sg-1 is still held${' by this and that'.repeat(30)}`);
  };
  const report = await verified(['gen-cloudinit: ready: x', ''], { destroy });
  assert.is(report.verdict, 'failed');
  assert.match(report.points.at(-1)?.seen ?? '', /^sg-1 is still held by .*\.\.\.$/);
  assert.equal(report.notes, ['What is left has to be removed: sweep']);
  assert.match(verifyReport(report), '\nnote: What is left has to be removed: sweep\n');
});

test('logs that cannot be saved give a note and do not change the verdict', async () => {
  const file = join(SAVED, 'a file');
  writeFileSync(file, '');
  const report = await verified(['gen-cloudinit: failed: no network', ''], {}, file);
  assert.is(report.points[0]?.seen, 'failed: no network');
  assert.equal(report.saved, []);
  assert.match(report.notes[0] ?? '', /^Not all logs could be saved: ENOTDIR/);
});

test('requested open ports that cannot be reached fail', async () => {
  const report = await verified(['gen-cloudinit: ready: x', ''], { unreachable: 'no public address' });
  const point = report.points.find(({ group }) => group === 'from outside');
  assert.equal([point?.status, point?.required, point?.seen], ['not judged', true, 'no public address']);
  assert.is(report.verdict, 'failed');
});

test("open ports, no way in, and Let's Encrypt was to sign: the points that need TLS are required and not judged", async () => {
  // Nothing listens on the discard port, which no machine of the tests uses.
  const reach = () => ({ host: '127.0.0.1', port: 9 });
  const report = await verified(['gen-cloudinit: ready: https://matrix.test/', ''], { reach });
  assert.is(report.machine.access, 'console and outside');
  assert.is(report.verdict, 'failed');
  const blind = report.points.filter(({ status, required }) => status === 'not judged' && required);
  assert.is(blind.length, 9);
  assert.ok(report.notes.some((note) => /Nothing that needs TLS could be judged/.test(note)));
});

test('the schema is printed, and is one', () => {
  const { code, stdout } = run(['schema', 'verify']);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout), verifySchema());
  assert.ok(new Ajv({ strict: true }).compile(verifySchema()));
  assert.is(run(['schema', 'nothing']).code, 2);
});

test.run();
