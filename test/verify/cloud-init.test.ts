// Real output of old and new versions of cloud-init: an error and a degraded boot differ.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cloudInitPoints } from '../../src/verify/inside/cloud-init';

const test = suite('verify: cloud-init status');

const fails = (status: object | string, warnings = '') =>
  cloudInitPoints(typeof status === 'string' ? status : JSON.stringify(status, null, 2), warnings)
    .filter((point) => point.status !== 'ok')
    .map(({ name, seen }) => `${name}: ${seen}`);

/** As 26.2 prints it, without the stages. */
const modern = {
  boot_status_code: 'enabled-by-generator',
  datasource: 'nocloud',
  detail: 'DataSourceNoCloud [seed=/var/lib/cloud/seed/nocloud]',
  errors: [] as string[],
  extended_status: 'done',
  init: { errors: [], recoverable_errors: {}, start: 1, finished: 2 },
  last_update: 'Thu, 01 Jan 1970 00:00:00 +0000',
  recoverable_errors: {} as Record<string, string[]>,
  stage: null,
  status: 'done',
};

/** As 22.4.2 of Debian 12 prints it, which does not report warnings. */
const old = {
  boot_status_code: 'unknown',
  datasource: '',
  detail: '',
  errors: [],
  last_update: '',
  status: 'done',
};

test('done', () => {
  assert.equal(fails(modern), []);
  assert.equal(fails(old), []);
});

test('a module failed: 23.4 and newer say so in errors, and the status is error', () => {
  const errors = ["('runcmd', RuntimeError('Runparts: 1 failures'))"];
  assert.equal(
    fails({ ...modern, errors, extended_status: 'error - done', status: 'error', detail: errors[0] }),
    [`status: error - done: ${errors[0]}`, `no module failed: ${errors[0]}`],
  );
  assert.equal(fails({ ...old, errors, status: 'error' }), [
    'status: error',
    `no module failed: ${errors[0]}`,
  ]);
});

test('degraded: everything was applied, and a warning names the problem', () => {
  const recoverable_errors = { WARNING: ['cloud-config failed schema validation!'] };
  assert.equal(fails({ ...modern, recoverable_errors, extended_status: 'degraded done' }), [
    'not degraded by warnings: WARNING: cloud-config failed schema validation!',
  ]);
});

test('a deprecated key degrades the boot, fails nothing and is reported', () => {
  const degraded = {
    ...modern,
    recoverable_errors: { DEPRECATED: ['ssh_key is deprecated'] },
    extended_status: 'degraded done',
  };
  assert.equal(fails(degraded), []);
  assert.match(
    cloudInitPoints(JSON.stringify(degraded), '').at(-1)?.seen ?? '',
    'deprecated: ssh_key is deprecated',
  );
});

test('an old cloud-init that does not report warnings: its log decides', () => {
  const warning = '2026-01-01 00:00:00,000 - util.py[WARNING]: Failed loading yaml blob';
  assert.equal(fails(old, warning), [`not degraded by warnings: ${warning}`]);
  // A new version counts warnings itself, by level.
  assert.equal(fails(modern, warning), []);
});

test('not done yet, disabled, or no answer', () => {
  assert.equal(fails({ ...modern, status: 'running', extended_status: 'running' }), ['status: running']);
  assert.equal(fails({ ...modern, status: 'disabled', extended_status: 'disabled' }), ['status: disabled']);
  assert.equal(fails('sh: cloud-init: not found'), ['status: sh: cloud-init: not found']);
  assert.equal(fails(''), ['status: no answer']);
});

test.run();
