import { gunzipSync } from 'node:zlib';
import { load } from 'js-yaml';
import * as assert from 'uvu/assert';
import { type BakeConfig, bakeDocument } from '../../src/bake/image-document';
import { resolve } from '../../src/config/resolve';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** The bake's document, for the oldest cloud-init that is supported and the newest, and for the shell. */
const test = suiteWith('bake', ['root:bookworm', 'root:sid']);
const ROOTS: readonly Root[] = ['bookworm', 'sid'];

const { deployment } = resolve({
  domain: 'matrix.example.org',
  'registry-mirror': 'https://mirror.example.org',
});
if (!deployment) throw new Error('the options are wrong');
const text = bakeDocument(deployment);
const config = load(text) as BakeConfig;

let stage: Stage;
test.before(async () => {
  stage = await Stage.open(...ROOTS);
});
test.after(() => stage?.close());

for (const root of ROOTS) {
  test(`${root}: cloud-init calls the document valid, without a deprecation`, () => {
    stage.write(root, '/root/bake.yaml', text);
    const { code, stdout, stderr } = stage.run(root, ['cloud-init', 'schema', '-c', '/root/bake.yaml']);
    if (root === 'bookworm') {
      // Its schema cannot express "not even the default user" yet; the module itself can (cloudinit/distros/ug_util.py).
      assert.match(stderr, /^Cloud config schema errors: users: \[\] is too short$/m);
      assert.is(stderr.match(/schema errors:/g)?.length, 1);
      return;
    }
    assert.is(code, 0, stdout + stderr);
    assert.match(stdout, /^Valid (?:cloud-config|schema)/m);
    assert.is(stderr, '');
  });
}

test('its script and its runcmd pass shellcheck', () => {
  const packed = config.write_files.find(({ path }) => path.endsWith('/bake'))?.content ?? '';
  stage.write('sid', '/root/bake', gunzipSync(Buffer.from(packed, 'base64')));
  stage.write('sid', '/root/runcmd', `#!/bin/sh\n${config.runcmd.join('\n')}\n`);
  for (const path of ['/root/bake', '/root/runcmd']) {
    const { code, stdout, stderr } = stage.run('sid', ['shellcheck', '--severity=style', path]);
    assert.is(code, 0, `${path}\n${stdout}${stderr}`);
  }
});

test('systemd accepts its unit', () => {
  const unit = config.write_files.find(({ path }) => path.endsWith('.service'));
  const path = '/run/systemd/system/gen-cloudinit-bake.service';
  assert.is(unit?.path, path);
  stage.write('sid', path, unit?.content ?? '');
  const { stderr, stdout } = stage.run('sid', ['systemd-analyze', 'verify', '--man=no', path]);
  assert.not.match(stdout + stderr, /gen-cloudinit-bake/);
});

test.run();
