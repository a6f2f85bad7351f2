import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidates } from '../../src/machines/qemu/accelerator';
import { QEMU_DEFAULTS, type QemuOptions, qemuOptions, releaseNumber } from '../../src/machines/qemu/options';

const test = suite('options of QEMU');

test('nothing given means the defaults', () => {
  assert.equal(qemuOptions({}), { options: QEMU_DEFAULTS, diagnostics: [] });
  assert.equal(qemuOptions({ image: undefined, disk: undefined }).options, QEMU_DEFAULTS);
});

test('what can be had is taken', () => {
  const good: Partial<QemuOptions>[] = [
    { release: '22.04' },
    { release: 'noble' },
    { release: '28.10', imageServer: 'http://127.0.0.1:8000' },
    { image: 'a, b.qcow2', memory: 2048, cpus: 1, disk: 8, timeLimit: 1440 },
    { accelerator: 'tcg' },
  ];
  for (const asked of good) assert.equal(qemuOptions(asked).diagnostics, [], JSON.stringify(asked));
});

test('a server of images without TLS is warned about, unless it is on this computer or not asked', () => {
  const codes = (asked: Partial<QemuOptions>) =>
    qemuOptions(asked).diagnostics.map(({ severity, code, path }) => `${severity} ${code} ${path}`);
  assert.equal(codes({ imageServer: 'http://mirror.example.org' }), ['warning plain-http image-server']);
  assert.equal(codes({ imageServer: 'http://127.0.0.1.example.org/' }), ['warning plain-http image-server']);
  assert.equal(codes({ imageServer: 'http://localhost:8000/' }), []);
  assert.equal(codes({ imageServer: 'http://mirror.example.org', image: 'a.qcow2' }), []);
});

test('every mistake is told, by the flag', () => {
  const { diagnostics } = qemuOptions({
    image: '',
    release: '24.4',
    imageServer: 'cloud-images.ubuntu.com',
    memory: 1024,
    cpus: 0,
    disk: 7.5,
    accelerator: 'xen' as never,
    timeLimit: 1,
  });
  assert.equal(
    diagnostics.map(({ path }) => path),
    ['image', 'release', 'image-server', 'memory', 'cpus', 'disk', 'accelerator', 'time-limit'],
  );
});

test('a server of images has no user, query or fragment, and none is repeated', () => {
  for (const imageServer of [
    'https://u:SECRET@a.test',
    'https://a.test/?k=SECRET',
    'https://a.test/#SECRET',
  ]) {
    const { diagnostics } = qemuOptions({ imageServer });
    assert.is(diagnostics[0]?.severity, 'error');
    assert.not.match(JSON.stringify(diagnostics), 'SECRET');
  }
  assert.equal(qemuOptions({ imageServer: 'https://a.test:8443/ubuntu/' }).diagnostics, []);
});

test('a codename is a release', () => {
  assert.is(releaseNumber('noble'), '24.04');
  assert.is(releaseNumber('24.04'), '24.04');
  assert.is(releaseNumber('constructor'), 'constructor');
});

test('what is tried, and why', async () => {
  const tried = async (...of: Parameters<typeof candidates>) => {
    const { accelerators, reason } = await candidates(...of);
    return `${accelerators.map(({ name }) => name).join(', then ')}: ${reason}`;
  };
  assert.is(await tried('tcg'), 'TCG: asked for with --accelerator tcg');
  assert.is(await tried('kvm'), 'KVM: asked for with --accelerator kvm');
  assert.is(await tried('auto', '/dev/null', 'linux', 'x64'), 'KVM, then TCG: /dev/null can be opened');
  assert.is(await tried('auto', '/nowhere', 'linux', 'x64'), 'TCG: there is no /nowhere');
  assert.match(await tried('auto', '/dev/null', 'linux', 'arm64'), /^TCG: .* arm64$/);
  assert.is(await tried('auto', '/nowhere', 'darwin', 'x64'), 'HVF, then TCG: macOS has it');
  assert.match(await tried('auto', '/nowhere', 'freebsd', 'x64'), /^TCG: .*freebsd$/);
});

test.run();
