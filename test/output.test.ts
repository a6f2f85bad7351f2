import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generated, run } from './support/run';

/** Writes the output to every kind of destination, existing or not, and with every kind of failure. */
const output = suite<{ dir: string }>('output');
output.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'gen-cloudinit-'));
});
output.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const ASKED = ['--domain', 'matrix.example.org', '--tls', 'local-ca'];

/** Runs the command in a shell, for its redirections. */
function shell(line: string, ...args: string[]) {
  const words = ['-c', line, 'bash', process.execPath, 'dist/cli.js', ...args];
  const { status, stdout, stderr } = spawnSync('bash', words, { encoding: 'utf8', timeout: 60_000 });
  return { code: status, stdout, stderr };
}

output('a link is followed, and the stricter mode applies to its target', ({ dir }) => {
  const [file, link] = [join(dir, 'file'), join(dir, 'link')];
  writeFileSync(file, 'old', { mode: 0o600 });
  symlinkSync('file', link);
  assert.is(run([...ASKED, '--output', link]).code, 0);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.is(readFileSync(file, 'utf8'), generated(...ASKED));
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.equal(readdirSync(dir).sort(), ['file', 'link']);
});

output('a link to a file that does not exist yet stays, and the file is made', ({ dir }) => {
  const link = join(dir, 'link');
  symlinkSync('file', link);
  assert.is(run([...ASKED, '--output', link]).code, 0);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.is(readFileSync(join(dir, 'file'), 'utf8'), generated(...ASKED));
});

output('a message quotes a very long name in part', ({ dir }) => {
  const { code, stderr } = run([...ASKED, '--output', join(dir, 'x'.repeat(3000))]);
  assert.is(code, 1);
  assert.match(stderr, 'the name is too long');
  assert.ok(stderr.split('\n').every((line) => line.length < 400));
});

output('a password closes a file that was open to everyone', ({ dir }) => {
  const file = join(dir, 'file');
  writeFileSync(file, 'old', { mode: 0o644 });
  assert.is(run([...ASKED, '--db-password', 'synapse', '--output', file]).code, 0);
  assert.is(statSync(file).mode & 0o777, 0o600);
});

output('a pipe receives the output and stays a pipe', ({ dir }) => {
  const pipe = join(dir, 'pipe');
  const line = `mkfifo '${pipe}'; "$@" & cat '${pipe}'; wait $!`;
  const { code, stdout } = shell(line, ...ASKED, '--output', pipe);
  assert.is(code, 0);
  assert.is(stdout, generated(...ASKED));
  assert.ok(statSync(pipe).isFIFO());
});

output('a device receives the output and stays a device', ({ dir }) => {
  // A link, so that a mistake replaces the link and not the machine's device.
  const link = join(dir, 'full');
  symlinkSync('/dev/full', link);
  const { code, stderr } = run([...ASKED, '--output', link]);
  assert.is(code, 1);
  assert.match(stderr, /^gen-cloudinit: \S+ cannot be written: the disk is full/m);
  assert.ok(statSync(link).isCharacterDevice());
});

output('a directory is refused', ({ dir }) => {
  const { code, stdout, stderr } = run([...ASKED, '--output', dir]);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, 'is a directory; --output takes the name of a file');
  assert.equal(readdirSync(dir), []);
});

output('a hyphen is standard output and standard input', () => {
  const made = run(['--config', '-', '--output', '-', '--quiet'], 'domain: matrix.example.org\n');
  assert.is(made.code, 0, made.stderr);
  assert.is(made.stdout, generated('--domain', 'matrix.example.org'));
});

output('the output of a config file counts from that file', ({ dir }) => {
  writeFileSync(join(dir, 'matrix.yaml'), 'domain: matrix.example.org\noutput: user-data.yaml\n');
  assert.is(run(['--config', join(dir, 'matrix.yaml')]).code, 0);
  assert.is(readFileSync(join(dir, 'user-data.yaml'), 'utf8'), generated('--domain', 'matrix.example.org'));
});

for (const verb of [ASKED, ['schema'], ['show', 'out/default.yaml'], ['check', 'out/default.yaml']]) {
  output(`a full disk behind ${verb[0]} is one line and exit code 1`, () => {
    const { code, stderr } = shell('"$@" >/dev/full', ...verb);
    assert.is(code, 1);
    assert.match(stderr, /^gen-cloudinit: standard output cannot be written: the disk is full\n$/);
  });
}

output('a reader that goes away is not a failure, on either side', () => {
  assert.is(shell('set -o pipefail; "$@" 2>/dev/null | head -1', ...ASKED).code, 0);
  assert.is(shell('set -o pipefail; "$@" 2>&1 >/dev/null | true', ...ASKED).code, 0);
});

output('on a full disk nothing is left behind', ({ dir }) => {
  const file = join(dir, 'no', 'such', 'directory');
  assert.is(run([...ASKED, '--output', file]).code, 1);
  assert.not(existsSync(join(dir, 'no')));
  // A file-size limit simulates a full disk: the write starts and cannot complete.
  const cut = shell(`trap '' XFSZ; ulimit -f 4; "$@"`, ...ASKED, '--output', join(dir, 'cut'));
  assert.is(cut.code, 1, cut.stderr);
  assert.equal(readdirSync(dir), []);
});

output('a disk that fills up in the middle of standard output is an error', ({ dir }) => {
  // A limit on the size of files does what a full disk does: the first write is cut short, the next one fails.
  for (const verb of [['--domain', 'matrix.example.org'], ['schema']]) {
    const { code, stderr } = shell(`trap '' XFSZ; ulimit -f 4; "$@" >'${join(dir, 'out')}'`, ...verb);
    assert.is(code, 1, `${verb.join(' ')}: ${stderr}`);
    assert.match(stderr, /^gen-cloudinit: standard output cannot be written: the file is too large$/m);
  }
});

output('--config reads a limited number of bytes', ({ dir }) => {
  const large = join(dir, 'large.yaml');
  writeFileSync(large, `# ${'x'.repeat(2 ** 20)}\ndomain: matrix.example.org\n`);
  for (const [option, file] of [
    ['--config', large],
    ['--config', '/dev/zero'],
    ['--docker-apt-key', '/dev/zero'],
  ] as const) {
    const { code, stdout, stderr } = run(['--domain', 'matrix.example.org', option, file]);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(
      stderr,
      `error: ${option} names a file that cannot be read: it is larger than 1048576 bytes`,
    );
  }
  writeFileSync(large, Buffer.from([0xff, 0xfe, 0x64, 0x00]));
  assert.match(run(['--config', large]).stderr, 'it is not UTF-8 text');
});

output.run();
