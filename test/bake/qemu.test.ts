import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BakedDisk, bakeQemu } from '../../src/bake/qemu';
import { resolve } from '../../src/config/resolve';
import { QEMU_DEFAULTS } from '../../src/machines/qemu/qemu-flags';
import { pause } from '../../src/system/wait';
import { run } from '../support/run';

/**
 * The complete path from a base image to a baked one, with a real QEMU, its power button, qemu-img and the audit. Instead of
 * a system, the disk has a boot sector that prints the messages of a bake and powers off when the button is pressed, and
 * after it a file system as a bake leaves it. The lab bakes with a real system.
 */
const test = suite('bake qemu');

const MIB = 1 << 20;
const folder = mkdtempSync(join(tmpdir(), 'gen-cloudinit-bake-'));
const cache = join(folder, 'cache');
const image = join(folder, 'base.raw');
const output = join(folder, 'matrix.qcow2');
test.after.each(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});
test.after(() => rmSync(folder, { recursive: true }));

const digest = `sha256:${'5'.repeat(64)}`;
const holds = { generator: '0.1.0', docker: '28.5.2', images: { 'postgres:15-alpine': digest } };
const READY = `gen-cloudinit: image: ${JSON.stringify(holds)}\r\ngen-cloudinit: ready: an image\r\n`;
const good = {
  'usr/bin/docker': 'program',
  'etc/docker/daemon.json': '{}\n',
  'etc/hostname': 'localhost\n',
  'etc/machine-id': '',
  'var/lib/gen-cloudinit/image.json': '{}\n',
};

// xor ax,ax; mov ds,ax; mov si,text; mov dx,3f8h; next: lodsb; test al,al; jz on; out dx,al; jmp next;
// on: the power button is let through (PM1 enable, 602h), its bit awaited (PM1 status, 600h), S5 entered (PM1 control, 604h).
const CODE = [
  0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x2c, 0x7c, 0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8,
  0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef, 0xba, 0x00, 0x06, 0xed, 0xf6, 0xc4, 0x01, 0x74, 0xfa, 0xba, 0x04,
  0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd,
];

/** Makes the base image. @param planted a text in a block that belongs to no file */
function base(says: string, files: Readonly<Record<string, string>>, planted = ''): void {
  const tree = join(folder, 'tree');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  writeFileSync(image, '');
  truncateSync(image, 40 * MIB);
  const argv = ['-q', '-F', '-t', 'ext4', '-E', `offset=${MIB}`, '-d', tree, image, '32m'];
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const { status, stderr, error } = spawnSync('mke2fs', argv, { encoding: 'utf8', env });
  if (error || status !== 0) throw new Error(`mke2fs: ${error?.message ?? stderr}`);
  const sector = Buffer.alloc(512);
  sector.set(CODE);
  sector.write(says, CODE.length, 'latin1');
  sector.writeUInt8(0x83, 446 + 4);
  sector.writeUInt32LE(MIB / 512, 446 + 8);
  sector.writeUInt32LE((32 * MIB) / 512, 446 + 12);
  sector.writeUInt16LE(0xaa55, 510);
  const disk = openSync(image, 'r+');
  writeSync(disk, sector, 0, 512, 0);
  writeSync(disk, Buffer.from(planted), 0, planted.length, 30 * MIB + 11);
}

const { deployment } = resolve({ domain: 'image.invalid' });
if (!deployment) throw new Error('the options are wrong');
const recipe = deployment;

function bake(
  domain?: string,
  signal = new AbortController().signal,
  progress: (line: string) => void = () => undefined,
): Promise<BakedDisk> {
  const options = {
    ...QEMU_DEFAULTS,
    image,
    memory: 128,
    cpus: 1,
    disk: 1,
    timeLimit: 5,
    accelerator: 'tcg' as const,
  };
  const more = { domain, surroundings: { cache } };
  return bakeQemu(recipe, options, output, { progress }, signal, more);
}
const refusal = (domain?: string) =>
  bake(domain).then(
    () => 'an image',
    (error: Error) => error.message,
  );
/** The files that a bake leaves, without those that existed before it. */
const left = () =>
  readdirSync(folder)
    .filter((name) => !['base.raw', 'tree', 'cache'].includes(name))
    .sort();
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

test('an image, its checksum and its description; no machine is left', async () => {
  base(READY, good);
  const baked = await bake('matrix.example.org');
  assert.equal(left(), ['matrix.qcow2', 'matrix.qcow2.json', 'matrix.qcow2.sha256']);
  assert.is(baked.sha256, sha256(output));
  assert.equal(baked.base, { file: image, sha256: sha256(image) });
  assert.equal(baked.holds, holds);
  assert.is(baked.disk, 1024 * MIB);
  assert.equal(JSON.parse(readFileSync(`${output}.json`, 'utf8')), baked);
  const check = spawnSync('sha256sum', ['--check', 'matrix.qcow2.sha256'], { cwd: folder, encoding: 'utf8' });
  assert.is(check.stdout, 'matrix.qcow2: OK\n');
  const info = JSON.parse(
    spawnSync('qemu-img', ['info', '--output=json', output], { encoding: 'utf8' }).stdout,
  );
  assert.is(info.format, 'qcow2');
  assert.is(info['backing-filename'], undefined);
  assert.equal(readdirSync(join(cache, 'machines')), []);
});

test('a host key in the image: no image', async () => {
  base(READY, { ...good, 'etc/ssh/ssh_host_rsa_key': '-----BEGIN OPENSSH PRIVATE KEY-----\n' });
  assert.match(
    await refusal(),
    /^the image would hold an SSH host key \(\/etc\/ssh\/ssh_host_rsa_key\); a private key/,
  );
  assert.equal(left(), []);
  assert.equal(readdirSync(join(cache, 'machines')), []);
});

test('the domain in a free block: no image', async () => {
  base(READY, good, 'once for matrix.example.org');
  assert.is(
    await refusal('matrix.example.org'),
    `the image would hold the domain (byte ${30 * MIB + 20} of the disk)`,
  );
  assert.equal(left(), []);
});

test('user data in a free block: no image', async () => {
  base(READY, good, '#cloud-config\n# gen-cloudinit bake 0.1.0: ...');
  assert.match(await refusal(), /^the image would hold user data \(byte \d+ of the disk\)$/);
});

test("the machine's message is the reason why there is no image", async () => {
  base('gen-cloudinit: failed: the image would hold a private key: /opt/left\r\n', good);
  assert.match(await refusal(), /^the bake failed: the image would hold a private key: \/opt\/left\n/);
  assert.equal(left(), []);
  assert.equal(readdirSync(join(cache, 'machines')), []);
});

test('Ctrl-C while the machine works leaves nothing', async () => {
  base('gen-cloudinit: pulling postgres:15-alpine\r\n', good);
  const ctrlC = new AbortController();
  const baking = bake(undefined, ctrlC.signal).catch((error: Error) => error);
  const machines = join(cache, 'machines');
  const begun = () =>
    existsSync(machines) && readdirSync(machines).some((name) => existsSync(join(machines, name, 'group')));
  for (let turn = 0; turn < 600 && !begun(); turn += 1) await pause(50);
  assert.ok(begun());
  ctrlC.abort();
  assert.is(((await baking) as Error).name, 'Stopped');
  assert.equal(left(), []);
  assert.equal(readdirSync(machines), []);
});

for (const step of ['powering the machine off', 'compressing the disk', 'auditing the image from outside']) {
  test(`Ctrl-C while it is ${step} leaves nothing`, async () => {
    base(READY, good);
    const ctrlC = new AbortController();
    const baking = bake(undefined, ctrlC.signal, (line) => {
      if (line === step) setTimeout(() => ctrlC.abort(new Error('interrupted')), 20);
    });
    const error = (await baking.catch((one: Error) => one)) as Error;
    assert.equal([error.name, error.message], ['Stopped', 'interrupted']);
    assert.equal(left(), []);
    assert.equal(readdirSync(join(cache, 'machines')), []);
  });
}

test('the command: a second Ctrl-C ends at once, and prints what removes the rest', async () => {
  base('gen-cloudinit: pulling postgres:15-alpine\r\n', good);
  const flags = ['--image', image, '--output', output, '--accelerator', 'tcg', '--disk', '8'];
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  const child = spawn(process.execPath, ['dist/cli.js', 'bake', 'qemu', ...flags], { env });
  const ended = once(child, 'exit');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  for (let turn = 0; turn < 1200 && !stderr.includes('pulling postgres'); turn += 1) await pause(50);
  writeFileSync(`${output}.partial`, 'half');
  // Both signals at once: nothing can be removed between them.
  child.kill('SIGINT');
  child.kill('SIGTERM');
  await ended;
  assert.match(stderr, 'again to quit without cleanup\nnot everything is removed yet; remove it with:\n');
  const command = stderr.slice(stderr.indexOf('remove it with:\n') + 16);
  const { status, stderr: complaint } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  assert.is(status, 0, complaint);
  assert.equal(left(), []);
  assert.equal(readdirSync(join(cache, 'gen-cloudinit/machines')), []);
});

test('the command reports a wrong request before it starts a machine', () => {
  writeFileSync(output, 'precious');
  for (const [flags, words] of [
    [
      ['--output', join(folder, 'nowhere/x.qcow2')],
      '--output cannot be written: there is no such file or directory',
    ],
    [['--output', join(image, 'x.qcow2')], '--output cannot be written: '],
    [['--output', output], '--output is there already'],
    [['--time-limit', '2', '--output', join(folder, 'x.qcow2')], '--time-limit has an invalid value'],
  ] as const) {
    const { code, stderr } = run(['bake', 'qemu', ...flags]);
    assert.is(code, 2, stderr);
    assert.match(stderr, `error: ${words}`);
  }
  assert.equal(left(), ['matrix.qcow2']);
});

test('an existing file stays, and no machine starts', async () => {
  writeFileSync(output, 'precious');
  assert.is(await refusal(), `${output} is there already`);
  assert.is(readFileSync(output, 'utf8'), 'precious');
  assert.not(existsSync(cache));
});

test.run();
