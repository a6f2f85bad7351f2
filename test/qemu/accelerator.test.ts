import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkAccelerator } from '../../src/machines/qemu/accelerator';

const test = suite('proof of an accelerator');

const kernel = '[    0.000000] Linux version 6.12.48 (debian-kernel@lists.debian.org)\n';
const running = { gone: async () => undefined, state: async () => 'running' };
const signal = new AbortController().signal;
const judged = (
  text: string,
  process: Parameters<typeof checkAccelerator>[0] = running,
): Promise<string | undefined> => checkAccelerator(process, async () => text, signal);

test('programs that run prove it', async () => {
  assert.is(
    await judged(`${kernel}[    9.1] cloud-init[334]: Cloud-init v. 25.1.4 running 'init-local'\n`),
    undefined,
  );
  assert.is(await judged(`${kernel}\r\nUbuntu 24.04 LTS matrix ttyS0\r\n\r\nmatrix login: `), undefined);
});

test('a kernel that crashes is reported with its message', async () => {
  const broken = `${kernel}[    2.1] traps: init[1] trap invalid opcode ip:7f0\n[    2.2] Kernel panic - not syncing\n`;
  assert.is(await judged(broken), 'the kernel broke: [    2.1] traps: init[1] trap invalid opcode ip:7f0');
});

test('so is a machine that restarts repeatedly, that QEMU gives up, or that is gone', async () => {
  assert.is(await judged(kernel + kernel), 'the machine started over and over');
  const lost = { ...running, state: async () => 'internal-error' };
  assert.is(await judged(kernel, lost), 'QEMU gave up: internal-error');
  const gone = { ...running, gone: async () => 'QEMU has ended with exit code 1: KVM: Permission denied' };
  assert.is(await judged('', gone), 'QEMU has ended with exit code 1: KVM: Permission denied');
});

test('Ctrl-C ends the watch', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('interrupted')), 100);
  const end = await checkAccelerator(running, async () => kernel, controller.signal).catch(
    (error: Error) => error,
  );
  assert.is((end as Error).name, 'Stopped');
});

test.run();
