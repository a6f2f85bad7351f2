import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from './support/run';

/** Completion in the shells themselves. */
const test = suite('completion', { folder: '' });

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'completion-'));
  symlinkSync(resolve('dist/cli.js'), join(context.folder, 'gen-cloudinit'));
  writeFileSync(join(context.folder, 'user-data.yaml'), '');
});

test.after(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** Each shell's completions for the words; the last word is incomplete. */
const ASK: Readonly<Record<string, (words: readonly string[]) => string[]>> = {
  bash: (words) => [
    'bash',
    '--norc',
    '-c',
    `. ./script; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _gen_cloudinit; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // The completion system calls the function with these variables; compadd receives its candidates.
  zsh: (words) => [
    'zsh',
    '-f',
    '-c',
    `compdef() { }; _files() { print FILES }; compadd() { print -l -- "\${@:2}" }; . ./script; words=(${words.join(' ')}); CURRENT=${words.length}; _gen_cloudinit`,
  ],
  fish: (words) => [
    'fish',
    '--no-config',
    '-c',
    `source ./script; complete -C '${words.join(' ').replaceAll("''", '')}'`,
  ],
};

for (const [shell, ask] of Object.entries(ASK)) {
  test(`${shell}: verbs, flags, values and file names`, ({ folder }) => {
    writeFileSync(join(folder, 'script'), run(['completion', shell]).stdout);
    const completed = (...words: string[]) => {
      const [program = '', ...args] = ask(['gen-cloudinit', ...words]);
      const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder };
      const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', env });
      assert.is(status, 0, `${words.join(' ')}: ${stderr}`);
      return stdout.split('\n').map((line) => line.split('\t')[0]);
    };
    assert.ok(completed('che').includes('check'));
    assert.ok(completed('verify', "''").includes('qemu'));
    assert.ok(completed('verify', 'ec2', '--inst').includes('--instance-type'));
    assert.ok(completed('--tls', 'st').includes('staging'));
    assert.ok(completed('check', '--provider', 'hetz').includes('hetzner'));
    const files = completed('check', 'user');
    assert.ok(
      shell === 'bash'
        ? files.join('') === ''
        : files.some((name) => /^(?:FILES|user-data\.yaml)$/.test(name ?? '')),
    );
  });
}

test('without a shell that is known the mistake names them', () => {
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli.js', 'completion'], {
    encoding: 'utf8',
    env: { SHELL: '/bin/csh' },
  });
  assert.is(status, 2);
  assert.match(stderr, 'completion bash|zsh|fish');
});

test.run();
