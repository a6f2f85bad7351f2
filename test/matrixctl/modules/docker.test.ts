import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { BASE, LIB, type Sandbox } from '../support/sandbox';

/** Docker Engine: already on the server, or installed from Docker's repository. */
const test = suiteOf('docker');

const KEY = '/etc/apt/keyrings/gen-cloudinit-docker.asc';
const LIST = '/etc/apt/sources.list.d/gen-cloudinit-docker.list';
const DAEMON = '/etc/docker/daemon.json';
const TEXT = 'the public key\n';
const SUM = createHash('sha256').update(TEXT).digest('hex');
const APT = '-q -o DPkg::Lock::Timeout=600';
const OWN = `${APT} -o Dir::Etc::SourceList=* -o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=false -o APT::Update::Error-Mode=any update`;
const INSTALL = `${APT} -fy --no-install-recommends install curl docker-ce`;

/** A server that has Docker. */
function working(server: Sandbox): void {
  server.answer('docker', { 'compose version': 'echo v2', info: 'echo Server' });
  server.answer('curl', { '-V': 'echo curl 8' });
}

/** A server on which the script installs Docker. */
function fresh(server: Sandbox): void {
  working(server);
  server.put(`${LIB}/installing`, '');
  server.set({ DAEMON_JSON: '{"log-driver": "local"}', DOCKER_APT_SHA256: SUM });
  server.put('/etc/os-release', 'VERSION_CODENAME=noble\n');
  server.put(KEY, TEXT);
  server.directory('/etc/apt/sources.list.d');
  server.answer('dpkg', { '--configure -a': ':' });
  server.answer('apt-get', { [OWN]: ':', [INSTALL]: ':', [`${APT} update`]: ':', indextargets: ':' });
}
/** Adds apt's downloader, which checks the checksum itself. */
function downloader(server: Sandbox, lines: string): void {
  server.put(
    '/usr/lib/apt/apt-helper',
    `#!/bin/sh\necho "apt-helper $*" >>${server.at('/calls')}\n${lines}\n`,
    0o755,
  );
}
const LINE = `deb [signed-by=${KEY}] https://docker.example.org noble stable\n`;
const apt = (calls: readonly string[]) => calls.filter((call) => /^(?:apt|dpkg)/.test(call));

test('a server that has Docker keeps it', (server) => {
  working(server);
  const { code, stdout, calls } = server.call('install_docker docker-ce');
  assert.equal([code, stdout], [0, 'gen-cloudinit: Docker is there already\n']);
  assert.equal(calls, ['docker compose version', 'curl -V', 'docker info']);
});

test("Docker comes from Docker's repository, with the settings of the document", (server) => {
  fresh(server);
  const { code, calls } = server.call('install_docker docker-ce');
  assert.is(code, 0);
  assert.is(server.read(`${LIB}/facts/phase`), 'installing\n');
  assert.is(server.read(DAEMON), '{"log-driver": "local"}\n');
  assert.is(server.read(LIST), LINE);
  assert.equal(apt(calls), [
    'apt-get indextargets',
    'dpkg --configure -a',
    `apt-get ${OWN.replace('*', LIST)}`,
    `apt-get ${INSTALL}`,
  ]);
  assert.not(server.has(`${LIB}/installing`));
});

test("the owner's daemon.json stays", (server) => {
  fresh(server);
  server.put(DAEMON, '{}\n');
  server.call('install_docker docker-ce');
  assert.is(server.read(DAEMON), '{}\n');
});

test('packages of the distribution that are missing: its lists are fetched too, and failures of other lists do not stop it', (server) => {
  fresh(server);
  server.sequence('install', '100', '0');
  server.answer('apt-get', {
    [INSTALL]: 'exit "$(next install)"',
    [`${APT} update`]: 'echo "E: The repository of another is not signed"; exit 100',
  });
  const { code, stdout, calls } = server.call('install_docker docker-ce');
  assert.is(code, 0, stdout);
  assert.equal(apt(calls).slice(-3), [`apt-get ${INSTALL}`, `apt-get ${APT} update`, `apt-get ${INSTALL}`]);
});

test('an installation that fails is repeated, and its mark stays for the next boot', (server) => {
  fresh(server);
  server.answer('dpkg', { '--configure -a': 'echo E: dpkg was interrupted; exit 1' });
  const { code, stderr } = server.call('SECONDS=1790\ninstall_docker docker-ce');
  assert.is(code, 1);
  assert.match(stderr, /failed: installing Docker: E: dpkg was interrupted\n$/);
  assert.ok(server.has(`${LIB}/installing`));
});

for (const [what, program, answer, message] of [
  [
    'Docker Compose',
    'docker',
    { 'compose version': 'exit 1' },
    /failed: Docker Compose 2 is missing: install /,
  ],
  ['Docker', 'docker', { info: 'exit 1' }, /failed: Docker does not work\n$/],
  ['curl', 'curl', { '-V': 'exit 127' }, /failed: Docker does not work\n$/],
] as const)
  test(`without a ${what} that works the first boot stops`, (server) => {
    working(server);
    server.answer(program, answer);
    const { code, stderr } = server.call('install_docker docker-ce');
    assert.is(code, 1);
    assert.match(stderr, message);
  });

for (const [what, content] of [
  ['is missing', undefined],
  ['is damaged', 'other\n'],
] as const)
  test(`a key that ${what} comes from the repository's server`, (server) => {
    fresh(server);
    server.call(`rm $ROOT${KEY}`);
    if (content) server.put(KEY, content);
    downloader(server, `printf 'the public key\\n' >"$3"`);
    const { code, stdout, calls } = server.call(`add_docker_repository; stat -c %a $ROOT${KEY}`);
    assert.equal([code, stdout], [0, '644\n']);
    assert.is(server.read(KEY), TEXT);
    assert.is(calls[0], `apt-helper download-file https://docker.example.org/gpg ${KEY}.new SHA256:${SUM}`);
  });

test('a key with another checksum is not installed', (server) => {
  fresh(server);
  server.put(KEY, 'other\n');
  downloader(server, 'echo "E: Hash Sum mismatch"; exit 100');
  assert.is(server.call('add_docker_repository || echo refused').stdout, 'E: Hash Sum mismatch\nrefused\n');
  assert.is(server.read(KEY), 'other\n');
  assert.not(server.has(LIST));
});

test('an existing entry is not written again; one that cannot be written fails', (server) => {
  fresh(server);
  server.put(LIST, LINE.replace(KEY, server.at(KEY)));
  server.age(LIST, 60);
  assert.is(server.call(`add_docker_repository; find $ROOT${LIST} -mmin +50`).stdout, `${LIST}\n`);
  server.put(LIST, 'deb of another release\n');
  server.answer('sync', { '*/.matrixctl-gen-cloudinit-docker.list.*': 'exit 1' });
  assert.is(server.call('add_docker_repository || echo refused').stdout, 'refused\n');
});

test("another person's entry with another key: ours goes, and all lists are fetched", (server) => {
  fresh(server);
  server.answer('apt-get', { indextargets: 'exit 100' });
  const { code, calls } = server.call('add_docker_repository && fetch_docker_lists');
  assert.is(code, 0);
  assert.not(server.has(LIST));
  assert.is(apt(calls).at(-1), `apt-get ${APT} update`);
});

for (const [engine, major] of [
  ['29.1.0', '29'],
  ['20.10.5+dfsg1', '20'],
  ['dev', '0'],
  ['', '0'],
] as const)
  test(`the major version of Docker Engine '${engine}' is ${major}`, (server) => {
    server.answer('docker', { 'version -f {{.Server.Version}}': `echo '${engine}'` });
    assert.is(server.call('engine_major').stdout, `${major}\n`);
  });

for (const [engine, compose, kept] of [
  ['25.0.3', '2.20.0', true],
  ['29.1.0', 'v5.0.0', true],
  ['24.0.7', '2.20.0', false],
  ['25.0.3', 'v2.19.1', false],
] as const)
  test(`Docker Engine ${engine} and Docker Compose ${compose}: start_interval ${kept ? 'stays' : 'goes'}`, (server) => {
    server.answer('docker', {
      'version -f {{.Server.Version}}': `echo ${engine}`,
      'compose version --short': `echo ${compose}`,
    });
    const files = [`${BASE}/docker-compose.yml`, '/root/nginx/compose.yml'];
    for (const file of files) server.put(file, 'interval: 30s\nstart_interval: 0.2s\n');
    assert.is(server.call('drop_start_interval').code, 0);
    for (const file of files)
      assert.is(server.read(file), kept ? 'interval: 30s\nstart_interval: 0.2s\n' : 'interval: 30s\n');
  });

test.run();
