import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { launchQemu } from '../../src/machines/qemu/launch';
import type { QemuMachine } from '../../src/machines/qemu/machine';
import { PORTS } from '../../src/machines/qemu/process';
import { QEMU_DEFAULTS, type QemuOptions } from '../../src/machines/qemu/qemu-flags';
import { pause } from '../../src/system/wait';
import { writeSerialDisk } from '../support/serial-disk';

const test = suite('machines of QEMU');
const folder = mkdtempSync(join(tmpdir(), 'qemu-'));
const PATH = process.env.PATH as string;
test.after.each(() => {
  process.env.PATH = PATH;
});
test.after(() => rmSync(folder, { recursive: true }));

const image = join(folder, 'disk, raw.img');
const sector = writeSerialDisk(image);

const lines: string[] = [];
const events = { progress: (line: string) => void lines.push(line) };
const document = Buffer.from('#cloud-config\n{}\n');

interface Launched {
  readonly cache: string;
  readonly machine: Promise<QemuMachine>;
}

function launch(
  more: Partial<QemuOptions> = {},
  surroundings: { console?: string; kvm?: string; announce?: (remove: string) => void } = {},
  signal = new AbortController().signal,
): Launched {
  const cache = mkdtempSync(join(folder, 'cache-'));
  const options: QemuOptions = { ...QEMU_DEFAULTS, image, accelerator: 'tcg', memory: 64, disk: 1, ...more };
  return { cache, machine: launchQemu(options, { cache, ...surroundings })(document, events, signal) };
}

const failure = (launched: Launched): Promise<Error> =>
  launched.machine.then(
    () => new Error('it was launched'),
    (error: Error) => error,
  );

const machinesIn = (cache: string): string[] =>
  existsSync(join(cache, 'machines')) ? readdirSync(join(cache, 'machines')) : [];

/** Puts a program first on PATH under another name. */
function fake(name: string, script: string): void {
  const bin = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
  process.env.PATH = `${bin}:${PATH}`;
}

async function consoleSays(machine: QemuMachine, words: RegExp): Promise<string> {
  for (let i = 0; i < 600; i += 1) {
    const text = await machine.console();
    if (words.test(text)) return text;
    await pause(100);
  }
  return machine.console();
}

test('a machine boots, is reached, cannot be entered yet, and is removed without a trace', async () => {
  lines.length = 0;
  const kept = join(folder, 'console, kept.log');
  const earliest = Date.now();
  const { cache, machine: launching } = launch({}, { console: kept });
  const machine = await launching;
  assert.equal(lines, [
    'QEMU with emulated processors (TCG), some ten times slower than a server: requested by --accelerator tcg',
  ]);
  assert.is(await consoleSays(machine, /boots/), 'Debian boots\r\n');
  const home = join(cache, 'machines', machine.name);
  assert.equal(readdirSync(home).sort(), [
    'disk.qcow2',
    'group',
    'key',
    'key.pub',
    'qemu.log',
    'qmp',
    'seed.iso',
  ]);
  assert.ok(readFileSync(join(home, 'seed.iso')).includes(document));
  assert.match(machine.howTo.enter, /^ssh -i \S+\/key -p \d+ .* ubuntu@127\.0\.0\.1$/);
  const [, ends] = /^its own watch ends it at (.*) UTC$/.exec(machine.howTo.until ?? '') ?? [];
  // Reported to the minute, counted from a moment during the launch, whose duration varies.
  const minute = (time: number) => Math.floor(time / 60_000);
  const begun = minute(Date.parse(`${ends?.replace(' ', 'T')}Z`)) - QEMU_DEFAULTS.timeLimit;
  assert.ok(minute(earliest) - 1 <= begun && begun <= minute(Date.now()) + 1, machine.howTo.until);

  const here = PORTS.map((port) => machine.reach(port));
  assert.is(new Set(here.map(({ port }) => port)).size, PORTS.length);
  for (const to of here) {
    assert.is(to.host, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      const socket = connect(to, () => resolve(void socket.destroy())).once('error', reject);
    });
  }
  assert.throws(() => machine.reach(25), /port 25 .* is not forwarded/);

  const group = Number(readFileSync(join(home, 'group'), 'utf8'));
  await Promise.all([machine.destroy(), machine.destroy()]);
  await machine.destroy();
  assert.throws(() => process.kill(-group, 0), /ESRCH/);
  assert.equal(machinesIn(cache), []);
  assert.is(readFileSync(kept, 'utf8'), 'Debian boots\r\n');
  assert.ok(readFileSync(image).equals(sector));
});

test("before a login is possible, the error reports the machine's progress; Ctrl-C ends the wait", async () => {
  const controller = new AbortController();
  const machine = await launch({}, {}, controller.signal).machine;
  await consoleSays(machine, /boots/);
  // ssh would wait half a minute for an answer that never arrives.
  fake(
    'ssh',
    'echo "$*" >&2; case $* in *debian@*) echo "Permission denied (publickey)." >&2; esac; exit 255',
  );
  const why = await machine.exec('true').catch((error: Error) => error);
  assert.is((why as Error).message, 'no way in yet: Debian boots');
  fake('ssh', 'exec sleep infinity');
  setTimeout(() => controller.abort(new Error('interrupted')), 300);
  const stopped = await machine.exec('true').catch((error: Error) => error);
  assert.is((stopped as Error).name, 'Stopped');
  await machine.destroy();
});

test('the time limit ends it, and the message says so', async () => {
  const { machine: launching, cache } = launch({ timeLimit: 0.1 });
  const machine = await launching;
  const ended = await (async () => {
    for (let i = 0; i < 600; i += 1) {
      await machine.console();
      await pause(100);
    }
  })().catch((error: Error) => error);
  assert.match((ended as Error).message, /^gci-\S+ has ended unexpectedly: QEMU .*the time limit is over/);
  await machine.destroy();
  assert.equal(machinesIn(cache), []);
});

test('the message of a QEMU that ends at once is reported, and nothing is left', async () => {
  fake('qemu-system-x86_64', 'echo "Could not initialise the display" >&2; exit 3');
  const launched = launch();
  assert.is(
    (await failure(launched)).message,
    'QEMU has ended with exit code 3: Could not initialise the display',
  );
  assert.equal(machinesIn(launched.cache), []);
});

test('broken KVM is reported, and emulation replaces it on a fresh disk', async () => {
  lines.length = 0;
  // A QEMU whose KVM does not work, and which damages the disk before it ends.
  fake(
    'qemu-system-x86_64',
    `case "$*" in *-accel\\ kvm*) : >disk.qcow2; echo "failed to initialize kvm" >&2; exit 1; esac
PATH=\${PATH#*:}; exec qemu-system-x86_64 "$@"`,
  );
  const machine = await launch({ accelerator: 'auto' }, { kvm: '/dev/null' }).machine;
  assert.equal(lines, [
    'QEMU with KVM: /dev/null can be opened',
    'QEMU with emulated processors (TCG), some ten times slower than a server: with KVM QEMU has ended with exit code 1: failed to initialize kvm',
  ]);
  assert.is(machine.accelerator.name, 'TCG');
  assert.is(await consoleSays(machine, /boots/), 'Debian boots\r\n');
  await machine.destroy();
});

test('Ctrl-C before and during the launch leaves nothing', async () => {
  const early = launch({}, {}, AbortSignal.abort(new Error('interrupted')));
  assert.is((await failure(early)).name, 'Stopped');
  const controller = new AbortController();
  fake('ssh-keygen', `exec sleep 60`);
  const late = launch({}, {}, controller.signal);
  setTimeout(() => controller.abort(new Error('interrupted')), 500);
  await failure(late);
  assert.equal([...machinesIn(early.cache), ...machinesIn(late.cache)], []);
});

test('the command that is announced before the launch removes everything that exists', async () => {
  const announced: string[] = [];
  const launched = launch({}, { announce: (remove) => announced.push(remove) });
  const machine = await launched.machine;
  assert.is(announced.length, 1);
  spawnSync('sh', ['-c', announced.join()]);
  for (let i = 0; i < 100 && !(await machine.process.gone()); i += 1) await pause(50);
  assert.is(typeof (await machine.process.gone()), 'string');
  assert.equal(machinesIn(launched.cache), []);
  await machine.destroy();
});

test('a missing program is named with the packages that have it', async () => {
  const bin = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(bin, 'ssh'), '#!/bin/sh\n', { mode: 0o755 });
  process.env.PATH = bin;
  assert.is(
    (await failure(launch())).message,
    'qemu-system-x86_64, qemu-img, ssh-keygen are not on this computer. Debian and Ubuntu: apt-get install qemu-system-x86 qemu-utils openssh-client; Fedora: dnf install qemu-system-x86-core qemu-img openssh; macOS: brew install qemu openssh',
  );
});

test('a file that is not a disk is refused', async () => {
  const page = join(folder, 'page.img');
  writeFileSync(page, '<html>'.repeat(1000));
  assert.match((await failure(launch({ image: page }))).message, /page\.img is not a bootable disk image/);
  assert.match(
    (await failure(launch({ image: '/nowhere' }))).message,
    /^the image \/nowhere cannot be read: ENOENT/,
  );
});

test('folders of ended machines are removed, others are not', async () => {
  const cache = mkdtempSync(join(folder, 'cache-'));
  const make = (name: string) => mkdirSync(join(cache, 'machines', name), { recursive: true });
  make('gci-4194305-abc');
  make(`gci-${process.ppid}-abc`);
  make('mine');
  fake('qemu-system-x86_64', 'exit 1');
  const options: QemuOptions = { ...QEMU_DEFAULTS, image, accelerator: 'tcg' };
  await launchQemu(options, { cache })(document, events, new AbortController().signal).catch(() => undefined);
  assert.equal(machinesIn(cache), [`gci-${process.ppid}-abc`, 'mine'].sort());
});

test.run();
