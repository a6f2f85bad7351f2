import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RawValues, readFlags } from '../../src/config/flags';
import { candidates } from '../../src/machines/qemu/accelerator';
import {
  QEMU_DEFAULTS,
  QEMU_FLAGS,
  type QemuOptions,
  qemuWarnings,
  releaseNumber,
} from '../../src/machines/qemu/qemu-flags';

const test = suite('options of QEMU');

const read = (given: RawValues) => readFlags(QEMU_FLAGS, given);

test('valid values pass', () => {
  const good: RawValues[] = [
    { release: '22.04' },
    { release: 'noble' },
    { release: '28.10', 'image-server': 'http://127.0.0.1:8000' },
    { image: 'a, b.qcow2', memory: '2048', cpus: '1', disk: '8', 'time-limit': '1440' },
    { accelerator: 'tcg' },
    { 'image-server': 'https://a.test:8443/ubuntu/' },
  ];
  for (const given of good) assert.equal(read(given).diagnostics, [], JSON.stringify(given));
});

test('an image server without TLS gets a warning, unless it is on this computer or not used', () => {
  const codes = (more: Partial<QemuOptions>) =>
    qemuWarnings({ ...QEMU_DEFAULTS, ...more }).map(
      ({ severity, code, path }) => `${severity} ${code} ${path}`,
    );
  assert.equal(codes({ imageServer: 'http://mirror.example.org' }), ['warning plain-http image-server']);
  assert.equal(codes({ imageServer: 'http://127.0.0.1.example.org/' }), ['warning plain-http image-server']);
  assert.equal(codes({ imageServer: 'http://localhost:8000/' }), []);
  assert.equal(codes({ imageServer: 'http://mirror.example.org', image: 'a.qcow2' }), []);
});

test('every mistake is reported, by its flag', () => {
  const { diagnostics } = read({
    image: '',
    release: '24.4',
    'image-server': 'cloud-images.ubuntu.com',
    memory: '1024',
    cpus: '0',
    disk: '7.5',
    accelerator: 'xen',
    'time-limit': '0',
  });
  assert.equal(
    diagnostics.map(({ path }) => path),
    ['image', 'release', 'image-server', 'memory', 'cpus', 'disk', 'accelerator', 'time-limit'],
  );
});

test('an image server has no user, query or fragment, and none is repeated', () => {
  for (const server of ['https://u:SECRET@a.test', 'https://a.test/?k=SECRET', 'https://a.test/#SECRET']) {
    const { diagnostics } = read({ 'image-server': server });
    assert.is(diagnostics[0]?.severity, 'error');
    assert.not.match(JSON.stringify(diagnostics), 'SECRET');
  }
});

test('a codename is a release', () => {
  assert.is(releaseNumber('noble'), '24.04');
  assert.is(releaseNumber('24.04'), '24.04');
  assert.is(releaseNumber('constructor'), 'constructor');
});

test('the accelerators to try, and why', async () => {
  const tried = async (...of: Parameters<typeof candidates>) => {
    const { accelerators, reason } = await candidates(...of);
    return `${accelerators.map(({ name }) => name).join(', then ')}: ${reason}`;
  };
  assert.is(await tried('tcg'), 'TCG: requested by --accelerator tcg');
  assert.is(await tried('kvm'), 'KVM: requested by --accelerator kvm');
  assert.is(await tried('auto', '/dev/null', 'linux', 'x64'), 'KVM, then TCG: /dev/null can be opened');
  assert.is(await tried('auto', '/nowhere', 'linux', 'x64'), 'TCG: there is no /nowhere');
  assert.match(await tried('auto', '/dev/null', 'linux', 'arm64'), /^TCG: .* arm64$/);
  assert.is(await tried('auto', '/nowhere', 'darwin', 'x64'), 'HVF, then TCG: macOS has it');
  assert.match(await tried('auto', '/nowhere', 'freebsd', 'x64'), /^TCG: .*freebsd$/);
});

test.run();
