import { lchownSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { APT_KEY } from '../../src/server/files';
import {
  COMBINATIONS,
  command,
  type Document,
  documentOf,
  generated,
  nameOfLength,
  RUNGS,
  SSH_KEYS,
} from './support/documents';
import { entryAt, INSTANCE, land, landing, RUNCMD, tree } from './support/landing';
import { reemittedText } from './support/multipass';
import { permissionTable, SYNAPSE, secretTable } from './support/overview';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** Real cloud-init writes the document's files into a throw-away root; then the server's script sets owners and secrets. */
const test = suiteWith('landing', ['root:bookworm', 'root:sid']);
const SCRIPT = '/usr/local/sbin/matrixctl';
const FILES = [SCRIPT, 'boot', 'files'];

async function landed(root: Root, userData: string | Uint8Array, then: (stage: Stage) => void) {
  const stage = await Stage.open(root);
  try {
    land(stage, root, userData);
    then(stage);
  } finally {
    await stage.close();
  }
}

const read = (stage: Stage, root: Root, path: string) => readFileSync(stage.path(root, path), 'utf8');

/** The random secrets that the servers of all these tests have generated. */
const secrets: string[] = [];

function collectSecrets(stage: Stage, root: Root, document: Document): void {
  for (const path of Object.keys(secretTable(document))) {
    if (path.startsWith(`${document.baseDir}/files/`) && !path.endsWith('/pgpass')) {
      secrets.push(read(stage, root, path).trim());
    }
  }
}

function assertTables(stage: Stage, root: Root, document: Document): void {
  for (const [path, expected] of Object.entries({ ...permissionTable(document), ...secretTable(document) })) {
    assert.equal(entryAt(stage, root, path), expected, path);
  }
  // "Recursive": everything else in Synapse's directory also belongs to Synapse, and every directory can be entered.
  for (const [path, entry] of tree(stage, root, `${document.baseDir}/files`)) {
    assert.match(entry, new RegExp(`^(?:directory ${SYNAPSE} 0755|file ${SYNAPSE} 0[0-7]{3}) `), path);
  }
}

for (const root of ['bookworm', 'sid'] as const) {
  test(`${root}: cloud-init accepts every part of the default document without a warning`, async () => {
    const document = documentOf('default');
    await landed(root, document.text, (stage) => {
      const { status, warnings } = landing(stage, root);
      assert.equal(warnings, []);
      assert.is(status.status, 'done');
      assert.equal(status.errors, []);
      assert.equal(status.recoverable_errors ?? {}, {});
      for (const { path, content, permissions } of document.files) {
        assert.is(read(stage, root, path), content, path);
        const mode = permissions?.replace('0o', '0');
        assert.equal(entryAt(stage, root, path), { kind: 'file', owner: '0:0', mode }, path);
      }
      assert.is(read(stage, root, RUNCMD), `#!/bin/sh\n${document.runcmd.join('\n')}\n`);
      assert.is(entryAt(stage, root, RUNCMD)?.mode, '0700');

      stage.must(root, FILES);
      assertTables(stage, root, document);
      collectSecrets(stage, root, document);
    });
  });
}

for (const [name, given] of [
  ['base-dir', undefined],
  ['db-password', 'synapse'],
  ['unusual', '~/%s=+@_-.'],
] as const) {
  test(`${name}: owners, modes and secrets`, async () => {
    const document = documentOf(name);
    await landed('sid', document.text, (stage) => {
      stage.must('sid', ['/bin/sh', '-c', `umask 077; ${FILES.join(' ')}`]);
      assertTables(stage, 'sid', document);
      collectSecrets(stage, 'sid', document);
      const password = read(stage, 'sid', `${document.baseDir}/db-password`).trim();
      if (given === undefined) assert.match(password, /^[A-Za-z0-9_-]{43}$/);
      else assert.is(password, given);
      const pgpass = read(stage, 'sid', `${document.baseDir}/files/pgpass`).trim();
      assert.is(pgpass, `db:5432:synapse:synapse:${password}`);
    });
  });
}

test('time zone, keys and settings of the server', async () => {
  const document = documentOf('server');
  await landed('sid', document.text, (stage) => {
    assert.equal(landing(stage, 'sid').warnings, []);
    assert.is(readlinkSync(stage.path('sid', '/etc/localtime')), '/usr/share/zoneinfo/Europe/Berlin');
    const keys = read(stage, 'sid', '/home/debian/.ssh/authorized_keys');
    for (const key of SSH_KEYS) assert.ok(keys.split('\n').includes(key), key);
    const settings =
      '. /etc/gen-cloudinit.env; printf "%s\\n" "$ADMIN_USER" "$HEALTH_TIMEOUT" "$DAEMON_JSON"';
    const [admin, timeout, daemon] = stage.must('sid', ['/bin/sh', '-c', settings]).split('\n');
    assert.is(admin, 'alice');
    assert.is(timeout, '120');
    assert.equal(JSON.parse(daemon ?? ''), { 'registry-mirrors': ['https://mirror.example.org'] });
  });
});

test('rewritten by multipass, it arrives like the plain document, without a warning', async () => {
  const document = documentOf('default');
  await landed('sid', reemittedText(document.text), (stage) => {
    const { status, warnings } = landing(stage, 'sid');
    assert.equal(warnings, []);
    assert.equal(status.recoverable_errors ?? {}, {});
    for (const { path, content } of document.files) assert.is(read(stage, 'sid', path), content, path);
    stage.must('sid', FILES);
    assertTables(stage, 'sid', document);
  });
});

/** The file that the server fetches or lacks, by the form of the document. */
const MISSING: Readonly<Record<string, string>> = {
  'key-fetched': APT_KEY,
  'script-fetched': SCRIPT,
  core: APT_KEY,
};

for (const { name, args } of RUNGS) {
  const missing = MISSING[name];
  for (const root of ['bookworm', 'sid'] as const) {
    test(`${root}: a document of the rung ${name} lands as the default one does`, async () => {
      const { stdout, stderr } = command(...args);
      assert.match(stderr, ` (${name}: `);
      await landed(root, stdout, (stage) => {
        assert.equal(landing(stage, root).warnings, []);
        for (const { path, content } of documentOf('default').files) {
          if (path === missing) assert.is(entryAt(stage, root, path), undefined, path);
          else if (name === 'core' && path === SCRIPT)
            assert.match(read(stage, root, path), 'install_docker');
          else assert.is(read(stage, root, path), content, path);
        }
        if (missing !== SCRIPT) stage.must(root, FILES);
      });
    });
  }
}

test('a second run replaces nothing, nor does the first boot of another instance, nor a power cut', async () => {
  const document = documentOf('default');
  const everything = (stage: Stage) =>
    new Map(
      ['/data', '/root/nginx', '/usr/share/element-web'].flatMap((top) => [...tree(stage, 'sid', top)]),
    );
  await landed('sid', document.text, (stage) => {
    stage.must('sid', FILES);
    // Files of a running Synapse have to survive as well.
    stage.write('sid', `${document.baseDir}/files/media_store/local_content/a/photo`, 'photo', 0o640, 991);
    stage.must('sid', ['chown', '-R', SYNAPSE, `${document.baseDir}/files/media_store`]);
    const before = everything(stage);
    assert.ok(before.size > 15, `${before.size} entries`);

    stage.must('sid', FILES);
    assert.equal(everything(stage), before);

    land(stage, 'sid', document.text, 'i-another');
    assert.is(read(stage, 'sid', INSTANCE).trim(), 'i-another');
    stage.must('sid', FILES);
    assert.equal(everything(stage), before);

    // A power cut in the middle of the first boot: complete files stay, incomplete ones are created again.
    const data = `${document.baseDir}/files`;
    stage.write('sid', `${data}/form_secret`, '', 0o600, 991);
    stage.write('sid', `${document.baseDir}/new`, 'half', 0o644);
    stage.must('sid', FILES);
    assert.match(read(stage, 'sid', `${data}/form_secret`).trim(), /^[A-Za-z0-9_-]{43}$/);
    assertTables(stage, 'sid', document);
    const after = everything(stage);
    for (const [path, entry] of before)
      if (!path.endsWith('/form_secret')) assert.is(after.get(path), entry, path);
  });
});

test('a first boot that cannot continue stops, reports the reason, and ends with an error', async () => {
  const document = documentOf('default');
  await landed('sid', document.text, (stage) => {
    // This root contains Docker, but its daemon does not run.
    const { code, stdout, stderr } = stage.run('sid', [RUNCMD]);
    assert.is.not(code, 0);
    assert.match(stdout + stderr, /Docker does not work/);
    assert.not.match(stdout + stderr, /ready: /);
    assert.is(entryAt(stage, 'sid', `${document.baseDir}/db-password`), undefined, 'no later step was run');
  });
});

test('after a power cut cloud-init repeats all of it, until the first boot has set its marker', async () => {
  const document = documentOf('default');
  await landed('sid', document.text, (stage) => {
    // Files that were not yet on the disk are empty after the cut, but cloud-init's marks exist.
    stage.must('sid', ['truncate', '-s', '0', RUNCMD, SCRIPT, '/etc/gen-cloudinit.env']);
    land(stage, 'sid', document.text);
    for (const { path, content } of document.files) assert.is(read(stage, 'sid', path), content, path);
    assert.is(read(stage, 'sid', RUNCMD), `#!/bin/sh\n${document.runcmd.join('\n')}\n`);

    stage.must('sid', ['touch', '/var/lib/gen-cloudinit/ready']);
    const owned = `${document.baseDir}/element-config.json`;
    stage.write('sid', owned, '{}');
    land(stage, 'sid', document.text);
    assert.is(read(stage, 'sid', owned), '{}', 'what is done stays done');
    // A new instance id, as after a restart on Google Cloud: for cloud-init this is another server.
    land(stage, 'sid', document.text, 'i-another');
    assert.is(read(stage, 'sid', INSTANCE).trim(), 'i-another');
    assert.is(
      read(stage, 'sid', owned),
      '{}',
      "another instance's first boot changes no file of its owner's",
    );
  });
});

for (const root of ['bookworm', 'sid'] as const) {
  test(`${root}: a link that Synapse's user plants does not redirect a write of root's`, async () => {
    const document = documentOf('default');
    const shadow = 'root:!:20000::::::\n';
    const victim = { kind: 'file', owner: '0:0', mode: '0640' };
    await landed(root, document.text, (stage) => {
      stage.must(root, FILES);
      stage.write(root, '/etc/shadow', shadow, 0o640);
      const planted = `${document.baseDir}/files/homeserver.yaml`;
      const plant = () => {
        rmSync(stage.path(root, planted));
        symlinkSync('/etc/shadow', stage.path(root, planted));
        lchownSync(stage.path(root, planted), 991, 991);
      };
      const unharmed = (when: string) => {
        assert.is(read(stage, root, '/etc/shadow'), shadow, when);
        assert.equal(entryAt(stage, root, '/etc/shadow'), victim, when);
      };
      plant();
      land(stage, root, document.text);
      unharmed('a first boot that goes on');
      stage.must(root, FILES);
      unharmed('owners and modes');
      assertTables(stage, root, document);

      plant();
      stage.must(root, ['touch', '/var/lib/gen-cloudinit/ready']);
      land(stage, root, document.text, 'i-another');
      assert.is(read(stage, root, INSTANCE).trim(), 'i-another');
      unharmed('another instance');
    });
  });
}

test("no document writes below Synapse's directory, where a link could be planted", () => {
  for (const { name, files, baseDir } of COMBINATIONS.map(generated))
    for (const { path } of files)
      assert.not.ok(`${path}/`.startsWith(`${baseDir}/files/`), `${path} of ${name}`);
});

test("a document that contradicts the server's permanent identity stops before it writes anything", async () => {
  const [first, second] = [documentOf('default'), documentOf('server-name')];
  await landed('sid', first.text, (stage) => {
    const identity = `${first.serverName}:${first.baseDir}`;
    stage.write('sid', '/var/lib/gen-cloudinit/server', `${identity}\n`);
    const before = tree(stage, 'sid', '/data');
    assert.throws(
      () => land(stage, 'sid', second.text, 'i-another'),
      (error: Error) => error.message.includes(`gen-cloudinit: failed: this server is ${identity}`),
    );
    stage.must('sid', ['cloud-init', 'modules', '--mode=config']);
    assert.equal(tree(stage, 'sid', '/data'), before);
    assert.is(entryAt(stage, 'sid', RUNCMD.replace('i-stage', 'i-another')), undefined);

    // The server's own document continues, as that of a further instance.
    stage.write('sid', `${first.baseDir}/element-config.json`, '{}');
    land(stage, 'sid', first.text, 'i-third');
    assert.equal(tree(stage, 'sid', '/data'), before);
    assert.ok(entryAt(stage, 'sid', RUNCMD.replace('i-stage', 'i-third')));
  });
});

test('the longest names that are accepted can be files', async () => {
  for (const option of ['--domain', '--server-name']) {
    const made = (length: number) => {
      const others = option === '--domain' ? [] : ['--domain', 'matrix.example.org'];
      return command(...others, option, nameOfLength(length));
    };
    let [accepted, refused] = [100, 254];
    while (refused - accepted > 1) {
      const middle = Math.floor((accepted + refused) / 2);
      if (made(middle).code === 0) accepted = middle;
      else refused = middle;
    }
    assert.ok(accepted > 200, `${accepted} characters`);
    await landed('sid', made(accepted).stdout, (stage) => {
      assert.equal(landing(stage, 'sid').warnings, [], `${option} of ${accepted} characters`);
      stage.must('sid', FILES);
    });
  }
});

test('no two servers have a secret in common, and none is in the document', () => {
  assert.ok(secrets.length >= 12, `${secrets.length} secrets were made by the tests before`);
  assert.is(new Set(secrets).size, secrets.length);
  for (const secret of secrets) assert.not.ok(documentOf('default').text.includes(secret));
});

test.run();
