import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { generated } from './support/documents';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/**
 * How the first boot installs Docker: real apt of the oldest and the newest system, a signed repository instead of
 * Docker's, and next to it the sources that images contain. The older system verifies by gpgv, the newer by sqv; neither has gpg.
 */
const test = suiteWith('apt', ['root:bookworm', 'root:sid']);
const SCRIPT = '/usr/local/sbin/matrixctl';
// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own field
const STATUS = '${Status}';
const KEY = '/etc/apt/keyrings/gen-cloudinit-docker.asc';
const LIST = '/etc/apt/sources.list.d/gen-cloudinit-docker.list';
const REPOSITORY = '/srv/docker';
const HOST = 'http://127.0.0.1:8000';
const URL = `${HOST}/docker`;

const work = mkdtempSync(join(tmpdir(), 'gen-cloudinit-apt-'));
test.after(() => rmSync(work, { recursive: true, force: true }));

function host(argv: readonly string[], input?: string): string {
  const [program = '', ...rest] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, rest, { input, encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`${argv.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** A key pair of OpenPGP by name. */
function keyPair(name: string): { readonly home: string; readonly armour: string } {
  const home = join(work, name);
  mkdirSync(home, { mode: 0o700 });
  const gpg = ['gpg', '--homedir', home, '--batch', '--quiet', '--no-tty'];
  host([
    ...gpg,
    '--passphrase',
    '',
    '--quick-generate-key',
    `${name}@example.org`,
    'ed25519',
    'sign',
    'never',
  ]);
  return { home, armour: host([...gpg, '--armor', '--export']) };
}

function packageOf(name: string, depends = ''): { readonly path: string; readonly entry: string } {
  const tree = join(work, `${name}.tree`);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  chmodSync(join(tree, 'DEBIAN'), 0o755);
  const control = [
    `Package: ${name}`,
    'Version: 1.0',
    'Architecture: amd64',
    'Maintainer: tests <tests@example.org>',
    ...(depends ? [`Depends: ${depends}`] : []),
    'Description: stands for a package',
  ];
  writeFileSync(join(tree, 'DEBIAN/control'), `${control.join('\n')}\n`);
  const path = join(work, `${name}.deb`);
  host(['dpkg-deb', '--root-owner-group', '--build', tree, path]);
  const bytes = readFileSync(path);
  const sum = createHash('sha256').update(bytes).digest('hex');
  return {
    path,
    entry: [...control, `Filename: pool/${name}.deb`, `Size: ${bytes.length}`, `SHA256: ${sum}`, ''].join(
      '\n',
    ),
  };
}

let docker: ReturnType<typeof keyPair>;
let other: ReturnType<typeof keyPair>;
test.before(() => {
  docker = keyPair('docker');
  other = keyPair('other');
});

/** Puts a repository into a root: its packages, signed with a key, and Docker's way of handing out that key. */
function publish(
  stage: Stage,
  root: Root,
  at: string,
  { home, armour }: ReturnType<typeof keyPair>,
  packages: readonly ReturnType<typeof packageOf>[],
): void {
  const codename = stage.must(root, ['sh', '-c', '. /etc/os-release; echo $VERSION_CODENAME']).trim();
  const index = packages.map(({ entry }) => entry).join('\n');
  const sum = createHash('sha256').update(index).digest('hex');
  const release = [
    'Origin: Docker',
    'Label: Docker CE',
    `Suite: ${codename}`,
    `Codename: ${codename}`,
    'Architectures: amd64',
    'Components: stable',
    `Date: ${new Date().toUTCString()}`,
    'SHA256:',
    ` ${sum} ${Buffer.byteLength(index)} stable/binary-amd64/Packages`,
    '',
  ].join('\n');
  const signed = host(
    ['gpg', '--homedir', home, '--batch', '--no-tty', '--clearsign', '--digest-algo', 'SHA512'],
    release,
  );
  stage.write(root, `${at}/dists/${codename}/InRelease`, signed);
  stage.write(root, `${at}/dists/${codename}/stable/binary-amd64/Packages`, index);
  stage.write(root, `${at}/gpg`, armour);
  for (const { path } of packages)
    stage.write(root, `${at}/pool/${path.slice(path.lastIndexOf('/') + 1)}`, readFileSync(path));
}

/** A server where a document has landed whose repository is a directory of the server's, and what its functions print. */
async function server(
  root: Root,
  then: (stage: Stage, call: (lines: string) => { code: number | null; out: string }) => void,
): Promise<void> {
  const stage = await Stage.open(root);
  try {
    const key = join(work, 'document.asc');
    writeFileSync(key, docker.armour);
    const args = ['--domain', 'matrix.example.org', '--docker-apt-key', key];
    for (const { path, content } of generated({ name: 'apt', args }).files)
      stage.write(root, path, content.replace(/^DOCKER_APT_URL=.*$/m, `DOCKER_APT_URL=${URL}`), 0o755);
    stage.write(root, KEY, docker.armour);
    // As in the images: without gpg, and without the index of an archive.
    stage.must(root, ['rm', '-rf', '/usr/bin/gpg', '/var/lib/apt/lists', '/etc/apt/sources.list']);
    stage.write(root, '/etc/apt/apt.conf.d/99stage', 'Acquire::Retries "0";\nAPT::Sandbox::User "root";\n');
    stage.must(root, ['mkdir', '-p', '/srv']);
    stage.start(root, ['python3', '-m', 'http.server', '8000', '--bind', '127.0.0.1', '--directory', '/srv']);
    const isUp =
      'for i in {1..200}; do : 2>/dev/null </dev/tcp/127.0.0.1/8000 && exit; sleep 0.1; done; exit 1';
    stage.must(root, ['/bin/bash', '-c', isUp]);
    then(stage, (lines) => {
      const { code, stdout, stderr } = stage.run(root, [
        '/bin/bash',
        '-c',
        `set -- help\n. ${SCRIPT} >/dev/null\n${lines}`,
      ]);
      return { code, out: stdout + stderr };
    });
  } finally {
    await stage.close();
  }
}

const candidate = (stage: Stage, root: Root) =>
  /Candidate: (\S+)/.exec(stage.must(root, ['apt-cache', 'policy', 'docker-ce']))?.[1];

for (const root of ['bookworm', 'sid'] as const) {
  test(`${root}: the repository is trusted without gpg, and neither a source that does not answer nor one that is not signed matters`, async () => {
    await server(root, (stage, call) => {
      publish(stage, root, REPOSITORY, docker, [packageOf('docker-ce')]);
      publish(stage, root, '/srv/foreign', other, [packageOf('agent')]);
      stage.write(
        root,
        '/etc/apt/sources.list.d/cloud-agent.list',
        'deb https://127.0.0.1:9/agent stable main\n',
      );
      stage.write(root, '/etc/apt/sources.list.d/foreign.list', 'deb file:/srv/foreign stable stable\n');
      const { code, out } = call(
        'curl() { :; }\napt_packages() { apt_get -y install "$@"; }\napt_install docker-ce',
      );
      assert.is(code, 0, out);
      assert.is(stage.must(root, ['dpkg-query', '-Wf', STATUS, 'docker-ce']), 'install ok installed');
      assert.not.match(out, /127\.0\.0\.1:9/, 'the other sources were not asked');
      assert.match(
        stage.must(root, ['cat', LIST]),
        new RegExp(`^deb \\[signed-by=${KEY}\\] ${URL} \\w+ stable\\n$`),
      );
    });
  });

  test(`${root}: it recreates a damaged key and a damaged list, and refuses another key`, async () => {
    await server(root, (stage, call) => {
      publish(stage, root, REPOSITORY, docker, [packageOf('docker-ce')]);
      stage.write(root, LIST, `deb [signed-by=/dev/null] ${URL} x stable`);
      for (const damaged of ['', docker.armour.slice(0, 200), other.armour]) {
        stage.write(root, KEY, damaged);
        const { code, out } = call('add_docker_repository && fetch_docker_lists');
        assert.is(code, 0, out);
        assert.is(stage.must(root, ['cat', KEY]), docker.armour);
        assert.is(candidate(stage, root), '1.0');
      }
      stage.must(root, ['rm', KEY]);
      stage.write(root, `${REPOSITORY}/gpg`, other.armour);
      const { code, out } = call("sleep() { exit 9; }\nretry 'installing Docker' add_docker_repository");
      assert.is(code, 1, out);
      assert.match(out, /failed: installing Docker: the key at \S+ is not the one that the document names/);
      assert.is(stage.run(root, ['test', '-e', KEY]).code, 1, 'the other key was not kept');
    });
  });

  test(`${root}: a repository that another key has signed is refused at once, and distinguished from a foreign one`, async () => {
    await server(root, (stage, call) => {
      publish(stage, root, REPOSITORY, other, [packageOf('docker-ce')]);
      stage.write(root, `${REPOSITORY}/gpg`, docker.armour);
      const { code, out } = call("sleep() { exit 9; }\nretry 'installing Docker' apt_install docker-ce");
      assert.is(code, 1, out);
      assert.match(out, /failed: installing Docker: the repository is not signed with the document's key/);
    });
  });

  test(`${root}: the distribution's lists are fetched only when a dependency of Docker is missing`, async () => {
    await server(root, (stage, call) => {
      publish(stage, root, REPOSITORY, docker, [packageOf('docker-ce', 'needed-by-docker')]);
      publish(stage, root, '/srv/archive', other, [packageOf('needed-by-docker')]);
      const codename = stage.must(root, ['sh', '-c', '. /etc/os-release; echo $VERSION_CODENAME']).trim();
      stage.write(root, '/etc/apt/archive.asc', other.armour);
      stage.write(
        root,
        '/etc/apt/sources.list',
        `deb [signed-by=/etc/apt/archive.asc] file:/srv/archive ${codename} stable\n`,
      );
      stage.write(root, '/etc/apt/sources.list.d/gone.list', 'deb https://127.0.0.1:9/gone stable main\n');
      const { code, out } = call(
        'curl() { :; }\napt_packages() { apt_get -y install "$@"; }\napt_install docker-ce',
      );
      assert.is(code, 0, out);
      assert.is(stage.must(root, ['dpkg-query', '-Wf', STATUS, 'needed-by-docker']), 'install ok installed');
    });
  });

  test(`${root}: a document without matrixctl fetches it by its checksum, and refuses another file`, async () => {
    const args = ['--domain', 'matrix.example.org', '--provider', 'ec2'];
    const { runcmd } = generated({ name: 'script', args: [...args, '--script-url', `${HOST}/matrixctl`] });
    const fetching = runcmd.find((line) => line.includes('/matrixctl.new')) ?? '';
    await server(root, (stage) => {
      const whole = stage.must(root, ['cat', SCRIPT]);
      const first = () => stage.run(root, ['/bin/sh', '-c', `set -eu\nsleep() { :; }\n${fetching}`]);
      // Left by an image or an earlier document.
      stage.write(root, SCRIPT, '#!/bin/sh\nexit 0\n', 0o755);
      stage.write(root, '/srv/matrixctl', `${whole}# changed`);
      const refused = first();
      assert.is(refused.code, 1, refused.stderr);
      assert.match(refused.stdout, /^gen-cloudinit: failed: http\S+ does not answer with matrixctl/m);
      assert.is(
        stage.must(root, ['ls', '/usr/local/sbin']).trim(),
        'matrixctl',
        'the other file was not kept',
      );
      stage.write(root, '/srv/matrixctl', whole);
      const taken = first();
      assert.is(taken.code, 0, taken.stdout + taken.stderr);
      assert.is(stage.must(root, ['cat', SCRIPT]), whole);
      assert.match(stage.must(root, [SCRIPT, 'help']), 'restore FILE-OR-URL');
    });
  });
}

test.run();
