// `verify` on a QEMU machine that boots nothing: the verdict, and the files that stay. The lab tests a real first boot.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Launch } from '../../src/machines/machine';
import { launchQemu } from '../../src/machines/qemu/launch';
import { QEMU_DEFAULTS } from '../../src/machines/qemu/qemu-flags';
import { readExpectations } from '../../src/verify/expectations';
import { Display } from '../../src/verify/progress-line';
import type { Report } from '../../src/verify/report';
import { runVerify, type VerifyOptions } from '../../src/verify/run';
import { generated } from '../support/run';
import { writeSerialDisk } from '../support/serial-disk';

const test = suite('verify on a machine of QEMU');
const folder = mkdtempSync(join(tmpdir(), 'verify-qemu-'));
const PATH = process.env.PATH as string;
test.after.each(() => {
  process.env.PATH = PATH;
});
test.after(() => rmSync(folder, { recursive: true }));

const image = join(folder, 'disk.img');
writeSerialDisk(image);

/** One line per query of the machine. */
const looks = join(folder, 'looks');

/** A stand-in for ssh: the shared connection, a connection test, the query of the first boot, any other script. */
function machineSays(otherwise: string): void {
  const bin = mkdtempSync(join(folder, 'bin-'));
  const script = `#!/bin/sh
case "$*" in *' -N'*) exec sleep 600;; *' true') exit 0;; esac
script=$(cat)
case $script in *result.json*) echo ended;; *'docker '*) exit 255;; *) echo >>${looks}; ${otherwise};; esac\n`;
  writeFileSync(join(bin, 'ssh'), script);
  chmodSync(join(bin, 'ssh'), 0o755);
  process.env.PATH = `${bin}:${PATH}`;
}

async function verified(more: Partial<VerifyOptions>, timeLimit: number): Promise<Report> {
  const document = Buffer.from(generated('--domain', 'matrix.test', '--tls', 'local-ca'));
  const expectations = readExpectations(document);
  if ('problem' in expectations) throw new Error(expectations.problem);
  const options = { ...QEMU_DEFAULTS, image, accelerator: 'tcg', memory: 64, disk: 1, timeLimit } as const;
  const launch: Launch = launchQemu(options, { cache: mkdtempSync(join(folder, 'cache-')) });
  const saveTo = mkdtempSync(join(folder, 'saved-'));
  const settings = { keep: false, keepOnFailure: false, within: 60_000, saveTo, every: 200, ...more };
  const display = new Display({ write: () => undefined }, false);
  const around = { signal: new AbortController().signal, announce: () => undefined };
  return runVerify(document, expectations, launch, settings, display, around);
}

test('a time limit that passes during the checks fails no point', async () => {
  // Each query is slow, so that the limit passes during one of them.
  machineSays('sleep 3');
  const report = await verified({ within: 8_000 }, 60);
  assert.is(report.points[0]?.status, 'ok', report.points[0]?.seen);
  // Three of them take longer than the limit.
  assert.ok(readFileSync(looks, 'utf8').length >= 3);
  const groups = (name: string) => report.points.filter(({ group }) => group === name);
  // Every check ran: each point reports its own empty answer.
  assert.not.ok(
    report.points.some(({ seen }) => /abort|time-?out|limit/i.test(seen)),
    JSON.stringify(report),
  );
  assert.ok(groups('files').length > 5, JSON.stringify(groups('files')));
});

test('verify does not wait for a machine that has ended, and its serial log stays', async () => {
  const report = await verified({ within: 300_000 }, 0.1);
  assert.match(report.points[0]?.seen ?? '', /^gci-\S+ has ended unexpectedly: QEMU has ended/);
  const log = report.saved.find((path) => path.endsWith('/console.log')) ?? '';
  assert.is(readFileSync(log, 'utf8'), 'Debian boots\r\n');
});

test.run();
