import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** The command on the oldest supported release of Node.js, on the newest, and on those between. */
const test = suite('releases of Node.js');

const FOLDER = '.cache/tools/node';
const releases = existsSync(FOLDER) ? readdirSync(FOLDER).sort() : [];

test('the releases are there', () => {
  assert.ok(releases.length >= 4, `${FOLDER} is missing: test/tools makes it`);
});

for (const release of releases) {
  test(`${release}: the same bytes, and no warning`, () => {
    const run = (program: string, ...args: string[]) =>
      spawnSync(program, ['dist/cli.js', ...args], { encoding: 'buffer' });
    const node = resolve(FOLDER, release);
    for (const args of [
      ['--config', 'test/examples/default.yaml', '--quiet'],
      ['--config', 'test/examples/rung-key-fetched.yaml', '--quiet'],
      ['check', 'out/default.yaml', '--json'],
      ['show', 'out/default.yaml', '--json'],
      ['explain'],
      ['schema', 'verify'],
      ['verify', 'multipass', '--domain', 'a b'],
      ['sweep', 'ec2', '--region', 'x'],
    ]) {
      const [here, there] = [run(process.execPath, ...args), run(node, ...args)];
      assert.is(there.status, here.status, `${args.join(' ')}: ${there.stderr}`);
      assert.is(there.stderr.toString(), here.stderr.toString(), args.join(' '));
      assert.ok(there.stdout.equals(here.stdout), args.join(' '));
    }
  });
}

test.run();
