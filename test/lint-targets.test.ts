import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../src/cloudinit/lint/lint';
import { isOlder, TARGET_NAMES } from '../src/cloudinit/lint/targets';
import { run } from './support/run';

/** What --target and --strict change. */
const test = suite('lint: targets and strict');

const found = (body: string, options: { target?: string; strict?: boolean } = {}) =>
  lint(new TextEncoder().encode(`#cloud-config\n${body}`), options)
    .filter(({ code }) => code !== 'size')
    .map(({ severity, code, line }) => `${severity} ${code} ${line}`);

test('releases are compared by their numbers', () => {
  assert.ok(isOlder('22.4', '23.1') && isOlder('24.1', '24.2'));
  assert.not.ok(isOlder('24.1', '24.1') || isOlder('25.1', '24.4'));
});

test('a key is too new for a release, and known to a later one and without a target', () => {
  const body = 'ubuntu_pro: {token: a}\nwrite_files:\n- path: /a\n  source: {uri: "https://example.org"}\n';
  assert.equal(found(body, { target: 'debian-12' }), ['error key-too-new 2', 'error key-too-new 5']);
  assert.equal(found(body, { target: 'cloud-init-24.2' }), ['error key-too-new 5']);
  assert.equal(found(body, { target: 'debian-13' }), []);
  assert.equal(found(body), []);
});

test('packages of snap came with 23.4', () => {
  const body = 'packages: [git, {snap: [lxd]}]\n';
  assert.equal(found(body, { target: 'cloud-init-22.4' }), ['error key-too-new 2']);
  assert.equal(found(body, { target: 'cloud-init-23.4' }), []);
});

test('a key is not deprecated yet, or removed later', () => {
  assert.equal(found('ubuntu_advantage: {token: a}\n', { target: 'debian-12' }), []);
  assert.equal(found('ubuntu_advantage: {token: a}\n'), ['warning deprecated-key 2']);
  assert.equal(found('rpi: {enable_rpi_connect: true}\n', { target: 'cloud-init-25.3' }), []);
});

test('old names of time zones are missing on some images', () => {
  const body = 'timezone: US/Eastern\n';
  assert.equal(found(body, { target: 'debian-12' }), []);
  assert.equal(found(body, { target: 'ubuntu-24.04' }), ['error timezone-legacy 2']);
  assert.equal(found(body), ['warning timezone-legacy 2']);
});

test('special bits are kept by a newer cloud-init', () => {
  const body = "write_files: [{path: /a, permissions: '2755'}]\n";
  assert.equal(found(body, { target: 'debian-13' }), ['warning permissions-special 2']);
  assert.equal(found(body, { target: 'ubuntu-26.04' }), []);
});

test('advice is for strict, and multipass for its target', () => {
  const body = "runcmd: [ls, ls]\nfinal_message: 'yes'\n";
  assert.equal(found(body), []);
  assert.equal(found(body, { strict: true }), ['warning runcmd-no-set-e 2']);
  assert.equal(found(body, { target: 'multipass' }), ['info multipass-type 3']);
});

test('the command: a warning fails with --strict only, and a wrong target is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'targets-'));
  try {
    const file = join(folder, 'user-data.yaml');
    writeFileSync(file, '#cloud-config\nruncmd: [ls, ls]\n');
    assert.is(run(['check', file]).code, 0);
    assert.is(run(['check', '--strict', file]).code, 1);
    assert.match(run(['check', '--strict', file]).stdout, /runcmd-no-set-e/);
    const { code, stderr } = run(['check', '--target', 'debian-1', file]);
    assert.is(code, 2);
    assert.match(stderr, /debian-12/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('every target is in the page of the rules', () => {
  const page = readFileSync('src/cloudinit/lint/README.md', 'utf8');
  for (const name of TARGET_NAMES.filter((each) => !each.startsWith('cloud-init-')))
    assert.ok(page.includes(`\`${name}\``), name);
});

test.run();
