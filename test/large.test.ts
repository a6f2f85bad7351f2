import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** Inputs on which a quadratic search never finishes: the command reads each to its end. */
const large = suite('large inputs');
const SIZE = 400_000;
/** Linear reading takes a second or two; quadratic reading takes minutes to hours. Counts processor time only. */
const SECONDS = 60;

const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-'));
large.after(() => rmSync(directory, { recursive: true, force: true }));

const filled = (piece: string, size = SIZE) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);

function ends(...args: string[]): { readonly code: number; readonly said: string } {
  const { status, signal, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `ulimit -t ${SECONDS} && exec "$@"`, 'sh', process.execPath, 'dist/cli.js', ...args],
    { encoding: 'utf8', maxBuffer: 256 << 20 },
  );
  assert.is(signal, null, `${args.join(' ')} does not end`);
  assert.not.match(stderr, 'call stack');
  return { code: status ?? -1, said: stdout + stderr };
}

const PIECES = ['\n', ' ', '[', '- ', '/', '"', '&a ', '\n#'];

for (const piece of PIECES) {
  large(`${JSON.stringify(piece)} over and over, as --config`, () => {
    const config = join(directory, 'config.yaml');
    writeFileSync(config, filled(piece));
    assert.is(
      ends('--config', config, '--domain', 'matrix.test', '--quiet', '--output', '/dev/null').code < 3,
      true,
    );
  });
  large(`${JSON.stringify(piece)} over and over, in a document`, () => {
    const file = join(directory, 'user-data.yaml');
    const text = filled(piece);
    const content = JSON.stringify(`#!/bin/sh\n${text}`);
    writeFileSync(
      file,
      `#cloud-config\nruncmd:\n- ${JSON.stringify(text)}\nwrite_files:\n- path: /a\n  content: ${content}\n`,
    );
    for (const verb of ['check', 'show']) assert.ok(ends(verb, file).code < 2, verb);
    assert.is(ends('extract', file, join(directory, 'files'), '--force').code, 0);
    writeFileSync(file, `#cloud-config\n${text}`);
    assert.ok(ends('check', file).code < 2);
  });
}

large('a path of 100,000 parts is refused by its length', () => {
  const file = join(directory, 'parts.yaml');
  writeFileSync(file, `#cloud-config\nwrite_files:\n- path: /${filled('a/', 200_000)}b\n  content: x\n`);
  const { code, said } = ends('extract', file, join(directory, 'parts'));
  assert.is(code, 1);
  assert.match(said, 'its path is too long');
});

large.run();
