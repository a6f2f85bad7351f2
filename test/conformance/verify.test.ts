import * as assert from 'uvu/assert';
import type { Check } from '../../src/verify/check';
import { type Expectations, readExpectations } from '../../src/verify/expectations';
import { judgeCloudInit } from '../../src/verify/inside/cloud-init';
import { judgeContainers } from '../../src/verify/inside/containers';
import { judgeFiles } from '../../src/verify/inside/files';
import { judgeHealth, judgeState } from '../../src/verify/inside/state';
import type { Enterable } from '../../src/verify/shell';
import { documentOf } from './support/documents';
import { land, landing } from './support/landing';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** The probes of `verify` in a root in which real cloud-init, old or new, has written the document's files. */
const test = suiteWith('verify inside', ['root:bookworm', 'root:sid']);

function machineIn(stage: Stage, root: Root): Enterable {
  return {
    kind: 'qemu',
    name: root,
    console: async () => '',
    async exec(script) {
      const { code, stdout, stderr } = stage.run(root, ['sh', '-s'], { input: script });
      return { code: code ?? -1, stdout, stderr };
    },
    howTo: { enter: '', remove: '' },
    destroy: async () => undefined,
  };
}

async function inside(
  root: Root,
  userData: string,
  then: (machine: Enterable, subject: Expectations, sh: (script: string) => void) => Promise<void>,
): Promise<void> {
  const subject = readExpectations(Buffer.from(userData));
  if ('problem' in subject) throw new Error(subject.problem);
  const stage = await Stage.open(root);
  try {
    land(stage, root, userData);
    stage.must(root, ['/usr/local/sbin/matrixctl', 'boot', 'files']);
    landing(stage, root);
    await then(machineIn(stage, root), subject, (script) => stage.must(root, ['sh', '-ec', script]));
  } finally {
    await stage.close();
  }
}

const failed = (points: readonly Check[]) =>
  points.filter(({ status }) => status !== 'ok').map(({ name, seen }) => `${name}: ${seen}`);

for (const root of ['bookworm', 'sid'] as const) {
  test(`${root}: cloud-init reports no error, and every file is as in the document`, async () => {
    const { text } = documentOf('default');
    await inside(root, text, async (machine, subject) => {
      assert.equal(failed(await judgeCloudInit(machine)), []);
      const files = await judgeFiles(machine, subject);
      assert.equal(failed(files), []);
      assert.is(files.length, subject.files.length);
    });
  });

  test(`${root}: an encoding that cloud-init does not know degrades the boot, and is not an error`, async () => {
    const more = 'write_files:\n- {path: /tmp/x, encoding: rot13, content: x}\n';
    await inside(root, documentOf('default').text.replace('write_files:\n', more), async (machine) => {
      const seen = failed(await judgeCloudInit(machine));
      assert.is(seen.length, 1, seen.join('\n'));
      assert.match(seen[0] ?? '', /^not degraded by warnings: .*encoding/i);
    });
  });
}

test('it reports each file that differs from the document, and no other', async () => {
  const { text, baseDir, domain } = documentOf('default');
  await inside('sid', text, async (machine, subject, sh) => {
    const site = `/data/nginx/user_conf.d/${domain}.conf`;
    sh(`echo >>${baseDir}/schemas/README; chmod 0640 /data/nginx/nginx-certbot.env
      chown root ${baseDir}/files/homeserver.yaml; rm /etc/gen-cloudinit.env
      mv ${site} /tmp/site; ln -s /tmp/site ${site}`);
    const seen = failed(await judgeFiles(machine, subject)).sort();
    const expected = [
      /^\/data\/matrix\/files\/homeserver\.yaml: root:991 0644 sha256/,
      /^\/data\/matrix\/schemas\/README: root:root 0644 sha256/,
      /^\/data\/nginx\/nginx-certbot\.env: root:root 0640 sha256/,
      /^\/data\/nginx\/user_conf\.d\/.*: root:root 0777 sha256 .*, a symbolic link$/,
      /^\/etc\/gen-cloudinit\.env: no such file$/,
    ];
    assert.is(seen.length, expected.length, seen.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(seen[index] ?? '', pattern);
  });
});

test('a server on which nothing was started: each point reports it', async () => {
  await inside('sid', documentOf('default').text, async (machine, subject) => {
    assert.match(failed(await judgeState(machine, subject))[0] ?? '', /^state file: cat: .*No such file/);
    assert.match(failed(await judgeHealth(machine))[0] ?? '', /8008\/health: (?:000|nothing)/);
    const { signal } = new AbortController();
    assert.equal(failed(await judgeContainers(machine, subject, signal)), [
      'db: no container matrix-db-1',
      'synapse: no container matrix-synapse-1',
      'element: no container matrix-element-1',
      'nginx: no container nginx-nginx-1',
    ]);
  });
});

test.run();
