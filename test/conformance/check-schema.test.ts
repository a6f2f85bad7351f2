import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { rootShape } from '../../src/cloudinit/lint/schema/generate.mjs';
import { CLOUD_CONFIG } from '../../src/cloudinit/lint/schema/shape';
import { check } from '../../src/commands/check-document';
import { COMBINATIONS, generated } from './support/documents';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** `check` with the real cloud-init, the oldest supported one and the newest, found on PATH as a user's would be. */
const test = suiteWith('check and cloud-init', ['root:bookworm', 'root:sid']);
const ROOTS: readonly Root[] = ['bookworm', 'sid'];
const PATH = process.env.PATH;

let stage: Stage;
let bin = '';
test.before(async () => {
  stage = await Stage.open(...ROOTS);
  bin = mkdtempSync(join(tmpdir(), 'cloud-init-'));
});
test.after(async () => {
  process.env.PATH = PATH;
  rmSync(bin, { recursive: true, force: true });
  await stage?.close();
});

/** Puts a `cloud-init` first on PATH that copies the file into the root and runs the cloud-init of that root. */
function use(root: Root): void {
  const pid = /^\/proc\/(\d+)\//.exec(stage.path(root, '/'))?.[1];
  const enter = `nsenter -t ${pid} --mount --net --pid chroot /mnt/${root}`;
  const inside = 'umask 077; cat >/root/asked; exec cloud-init schema -c /root/asked';
  writeFileSync(join(bin, 'cloud-init'), `#!/bin/sh\nexec ${enter} sh -c '${inside}' <"$3"\n`);
  chmodSync(join(bin, 'cloud-init'), 0o755);
  process.env.PATH = `${bin}:${PATH}`;
}

const bytes = (body: string) => new TextEncoder().encode(`#cloud-config\n${body}`);
const schemaFindings = async (given: Uint8Array) =>
  (await check(given)).filter(({ code }) => code === 'cloud-init-schema');

for (const root of ROOTS) {
  test(`${root}: our documents are valid, reported only after a wrong one was refused`, async () => {
    use(root);
    const [first] = COMBINATIONS;
    assert.ok(first);
    assert.equal(await schemaFindings(new TextEncoder().encode(generated(first).text)), []);
  });

  test(`${root}: its words come back with severity and line`, async () => {
    use(root);
    const found = await schemaFindings(
      bytes('apt_update: true\nwrite_files:\n  - path: /a\n    permissions: 0644\nruncmd:\n  - [sleep, 5]\n'),
    );
    const lines = found.map(({ severity, line }) => `${severity} ${line}`);
    assert.ok(lines.includes('warning 2'), lines.join());
    assert.ok(lines.includes('error 5'), lines.join());
    assert.ok(lines.includes('error 7'), lines.join());
  });
}

test('the table of keys is that of the newest schema', () => {
  const script =
    "import cloudinit, os; print(open(os.path.dirname(cloudinit.__file__) + '/config/schemas/schema-cloud-config-v1.json').read())";
  const schema = JSON.parse(stage.must('sid', ['python3', '-c', script]));
  const plain = (shape: unknown) =>
    JSON.parse(JSON.stringify(shape, (name, value) => (name === 'since' ? undefined : value)));
  assert.equal(plain(CLOUD_CONFIG.keys), plain(rootShape(schema).keys));
});

test.run();
