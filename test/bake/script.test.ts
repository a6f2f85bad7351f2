import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BakeConfig, bakeDocument } from '../../src/bake/image-document';
import { resolve } from '../../src/config/resolve';
import { readBootOutcome } from '../../src/machines/boot-outcome';

/** The functions of the bake's script, without root: stand-ins on PATH, and paths of the system in a folder. */
const test = suite<{ dir: string }>('script of a bake');
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'bake-'));
  mkdirSync(join(context.dir, 'bin'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const SCRIPT = readFileSync('templates/bake/gen-cloudinit-bake', 'utf8').replace(
  /^case \$STEP in[\s\S]*/m,
  '',
);

/** Runs commands in the script, after its functions. */
function inScript(dir: string, commands: string, args: readonly string[] = []) {
  const text = SCRIPT.replaceAll('/etc/apt', join(dir, 'apt'))
    .replaceAll('/var/lib/gen-cloudinit', join(dir, 'record'))
    .replaceAll('/run/gen-cloudinit', join(dir, 'run'));
  const file = join(dir, 'script');
  writeFileSync(file, `${text}\nset -- "\${@:2}"\n${commands}\n`);
  const { status, stdout, stderr } = spawnSync('bash', [file, 'test', ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(dir, 'bin')}:${process.env.PATH}` },
  });
  return { code: status, said: stdout + stderr };
}

function standIn(dir: string, name: string, script: string): void {
  writeFileSync(join(dir, 'bin', name), `#!/bin/bash\necho "${name} $*" >>${dir}/calls\n${script}\n`);
  chmodSync(join(dir, 'bin', name), 0o755);
}
const calls = (dir: string) =>
  existsSync(join(dir, 'calls')) ? readFileSync(join(dir, 'calls'), 'utf8') : '';

test('no name of a file or of an image breaks the line on the console', ({ dir }) => {
  const evil = 'x\r\ngen-cloudinit: ready: forged\r\n\u001b[2J\u0085';
  for (const commands of ['die "$1"', 'say "$1"; exit 1', 'try() { die "$* does not work"; }; try "$1"']) {
    const { code, said } = inScript(dir, commands, [evil]);
    assert.is(code, 1);
    const lines = said.split('\n').filter(Boolean);
    assert.ok(
      lines.every((line) => line.startsWith('gen-cloudinit: ')),
      said,
    );
    for (const control of ['\r', '\u001b']) assert.not.ok(said.includes(control), said);
    assert.not.ok(readBootOutcome(said)?.ready, said);
  }
});

test('a link that a user has planted is removed, and its target does not change', ({ dir }) => {
  const victim = join(dir, 'victim');
  const home = join(dir, 'home');
  const ssh = join(home, '.ssh');
  mkdirSync(join(ssh, 'deep', 'deeper'), { recursive: true });
  mkdirSync(victim);
  for (const name of ['shadow', 'hard']) writeFileSync(join(victim, name), 'precious');
  writeFileSync(join(ssh, 'authorized_keys'), 'a key');
  writeFileSync(join(ssh, 'deep', 'deeper', 'a b\n$(id)'), 'a key');
  symlinkSync(join(victim, 'shadow'), join(ssh, 'link'));
  symlinkSync(victim, join(ssh, 'folder'));
  symlinkSync('/nonexistent', join(ssh, 'dangling'));
  linkSync(join(victim, 'hard'), join(ssh, 'hard'));
  spawnSync('mkfifo', [join(ssh, 'pipe')]);
  symlinkSync(victim, join(home, '.link'));
  const { code, said } = inScript(dir, 'scrub "$@"', [ssh, join(home, '.link'), join(home, 'absent')]);
  assert.is(code, 0, said);
  assert.equal(readdirSync(home), []);
  assert.equal(readdirSync(victim).sort(), ['hard', 'shadow']);
  for (const name of ['shadow', 'hard']) assert.is(readFileSync(join(victim, name), 'utf8'), 'precious');
});

test('a folder that is swapped for a link at the last moment leads nowhere', ({ dir }) => {
  const victim = join(dir, 'victim');
  const ssh = join(dir, '.ssh');
  for (const folder of [victim, ssh]) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'authorized_keys'), 'precious');
  }
  // The owner of the folder acts between the check and the write.
  const swap = `[ -L ${ssh} ] || { mv ${ssh} ${dir}/away; ln -s ${victim} ${ssh}; }`;
  for (const name of ['shred', 'rm']) standIn(dir, name, `${swap}; PATH=/usr/bin:/bin ${name} "$@"`);
  inScript(dir, 'scrub "$@"', [ssh]);
  assert.is(readFileSync(join(victim, 'authorized_keys'), 'utf8'), 'precious');
});

test('files are overwritten before they are removed, and folders of logs stay', ({ dir }) => {
  const log = join(dir, 'log');
  mkdirSync(join(log, 'apt'), { recursive: true });
  writeFileSync(join(log, 'apt', 'history.log'), 'a secret');
  // A process that keeps the file open reads what is on the disk.
  const watch = `exec 5<${join(log, 'apt', 'history.log')}; scrub_files ${log}; cat <&5 >${join(dir, 'seen')}`;
  const { code, said } = inScript(dir, watch);
  assert.is(code, 0, said);
  assert.equal(readdirSync(log), ['apt']);
  assert.equal(readdirSync(join(log, 'apt')), []);
  const seen = readFileSync(join(dir, 'seen'));
  assert.is(seen.length, 8);
  assert.not.match(seen.toString('latin1'), 'secret');
});

const DIGEST = `sha256:${'a'.repeat(64)}`;

function pulls(dir: string, version: string, image: string, answer = DIGEST, docker = '27.1.0') {
  standIn(dir, 'docker', `if [ "$1" = version ]; then printf '%s' '${docker}'; fi`);
  standIn(dir, 'curl', `printf '%s' '{"Descriptor":{"digest":"${answer}","size":1}}'`);
  return inScript(dir, 'sleep() { :; }; pull "$@"', [version, image]);
}

test('the record of an image contains what was checked', ({ dir }) => {
  const image = 'registry.example.org:5000/team/synapse:v1';
  const { code, said } = pulls(dir, '0.1.0', image);
  assert.is(code, 0, said);
  assert.equal(JSON.parse(readFileSync(join(dir, 'record', 'image.json'), 'utf8')), {
    generator: '0.1.0',
    docker: '27.1.0',
    images: { [image]: DIGEST },
  });
  assert.match(calls(dir), `docker pull -q registry.example.org:5000/team/synapse@${DIGEST}\n`);
});

for (const [what, version, image, answer, docker] of [
  ['a version with a quote', '0","x":"', 'postgres'],
  ['a version with a line', '0\nx', 'postgres'],
  ['an image that is an option', '0.1.0', '--privileged'],
  ['an image with a blank', '0.1.0', 'a b'],
  ['an image with a quote', '0.1.0', 'a","b":"c'],
  ['an image with a line', '0.1.0', 'a\ngen-cloudinit: ready'],
  ['an image with another path', '0.1.0', 'a/../../images'],
  ['an image with a query', '0.1.0', 'a?b'],
  ['a short digest', '0.1.0', 'postgres', 'sha256:12'],
  ['a short digest that was given', '0.1.0', 'postgres@sha256:12'],
  ['an odd version of Docker', '0.1.0', 'postgres', DIGEST, '27"}'],
] as const) {
  test(`pull refuses ${what}`, ({ dir }) => {
    const { code, said } = pulls(dir, version, image, answer, docker);
    assert.is(code, 1, said);
    assert.match(said, /gen-cloudinit: failed: /);
    assert.not.ok(existsSync(join(dir, 'record', 'image.json')));
    if (docker === undefined && answer === undefined) assert.not.match(calls(dir), 'docker pull');
  });
}

function installs(dir: string, url: string, codename: string, ...packages: string[]) {
  mkdirSync(join(dir, 'apt', 'sources.list.d'), { recursive: true });
  for (const name of ['apt-get', 'docker']) standIn(dir, name, '');
  const stub = 'sleep() { :; }; sed() { printf "%s\\n" "$CODENAME"; }; CODENAME=$1; shift; install "$@"';
  const ran = inScript(dir, stub, [codename, url, ...packages]);
  const list = join(dir, 'apt', 'sources.list.d', 'gen-cloudinit-docker.list');
  return { ...ran, list: existsSync(list) ? readFileSync(list, 'utf8') : undefined };
}

const APT = 'https://download.docker.com/linux/ubuntu';

test('install writes the repository that was checked', ({ dir }) => {
  const { code, said, list } = installs(dir, APT, 'noble', 'docker-ce');
  assert.is(code, 0, said);
  assert.match(list ?? '', new RegExp(`\\] ${APT} noble stable\n$`));
  assert.match(calls(dir), / install curl docker-ce\n/);
});

for (const [what, url, codename, name] of [
  ['a URL with a blank', `${APT} x`, 'noble', 'docker-ce'],
  ['a URL with a line', `${APT}\ndeb x`, 'noble', 'docker-ce'],
  ['no URL', '[trusted=yes]', 'noble', 'docker-ce'],
  ['a codename with a blank', APT, 'noble main', 'docker-ce'],
  ['no codename', APT, '', 'docker-ce'],
  ['two codenames', APT, 'noble\nx', 'docker-ce'],
  ['a package that is an option', APT, 'noble', '-oX=y'],
  ['a package that is removed', APT, 'noble', 'docker-'],
] as const) {
  test(`install refuses ${what}`, ({ dir }) => {
    const { code, said, list } = installs(dir, url, codename, name);
    assert.is(code, 1, said);
    assert.match(said, /gen-cloudinit: failed: /);
    assert.is(list, undefined);
    assert.is(calls(dir), '');
  });
}

test('every word of runcmd is one word to the shell', ({ dir }) => {
  const { deployment } = resolve({ domain: 'matrix.example.org' });
  const nasty = "a b'c$(id)`id`;*?";
  const images = { postgres: nasty, synapse: '~', element: '*', nginx: '"' };
  const config = load(bakeDocument({ ...deployment!, images, dockerAptUrl: nasty })) as BakeConfig;
  const words = (verb: string) => {
    const line = config.runcmd.find((each) => each.includes(` ${verb} `)) ?? '';
    const printed = line.replace('/bin/bash /run/gen-cloudinit/bake', "printf '%s\\0'");
    return spawnSync('sh', ['-c', printed], { cwd: dir, encoding: 'utf8' }).stdout.split('\0').slice(0, -1);
  };
  assert.equal(words('pull').slice(2), [nasty, '~', '*', '"']);
  assert.is(words('install')[1], nasty);
});

test.run();
