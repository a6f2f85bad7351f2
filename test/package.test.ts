import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** The package as npm would publish it, installed into an empty folder without a registry. */
const test = suite('package', { folder: '', size: 0, files: [] as string[] });

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

test.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'package-'));
  // Scripts would rebuild dist/ while other tests use it.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', context.folder];
  const told = JSON.parse(
    execFileSync('npm', pack, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const [packed] = Object.values(told as Record<string, Packed>);
  assert.ok(packed);
  context.size = packed.size;
  context.files = packed.files.map(({ path }) => path);
  writeFileSync(join(context.folder, 'package.json'), '{"private": true}\n');
  const install = ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`];
  execFileSync('npm', install, { cwd: context.folder, stdio: 'ignore' });
});

test.after(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function run(folder: string, ...args: string[]) {
  const program = join(folder, 'node_modules/.bin/gen-cloudinit');
  const env = { PATH: process.env.PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

test('it is one package, small, with what runs and nothing else', ({ folder, size, files }) => {
  const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.equal(installed, ['gen-cloudinit']);
  assert.ok(size < 2_000_000, `${size} bytes`);
  const others = files.filter((path) => !/^dist\/(?!test\/)/.test(path));
  assert.equal(others.sort(), ['LICENSE', 'README.md', 'package.json']);
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.is(dependencies, undefined);
});

test('every verb runs', ({ folder }) => {
  const document = run(folder, '--domain', 'matrix.test', '--tls', 'local-ca', '--output', 'user-data.yaml');
  assert.is(document.status, 0, document.stderr);
  for (const [args, status] of [
    [['check', 'user-data.yaml'], 0],
    [['show', 'user-data.yaml'], 0],
    [['extract', 'user-data.yaml', 'files'], 0],
    [['explain', 'owner-numeric'], 0],
    [['page', '--output', 'page.html'], 0],
    [['schema'], 0],
    [['schema', 'verify'], 0],
    [['--domain', 'matrix.test', '--provider', 'hetzner', '--output', 'small'], 0],
    [['completion', 'bash'], 0],
    [['verify', 'multipass', '--domain', 'a b'], 2],
    [['verify', 'qemu', '--domain', 'matrix.test', '--image', '/nonexistent.qcow2'], 1],
    [['verify', 'ec2', 'user-data.yaml', '--region', 'x'], 2],
    [['bake', 'qemu', '--output', 'user-data.yaml'], 2],
    [['bake', 'ec2', '--region', 'x'], 2],
    [['bake', 'list', '--region', 'x'], 2],
    [['bake', 'remove'], 2],
    [['sweep', 'ec2', '--region', 'x'], 2],
  ] as const) {
    const { status: code, stdout, stderr } = run(folder, ...args);
    assert.is(code, status, `${args.join(' ')}: ${stdout}${stderr}`);
    assert.not.match(stderr, /Cannot find|\n\s+at /, args.join(' '));
  }
  const same = run(folder, '--domain', 'matrix.test', '--tls', 'local-ca').stdout;
  assert.is(same, readFileSync(resolve(folder, 'user-data.yaml'), 'utf8'));
});

test.run();
