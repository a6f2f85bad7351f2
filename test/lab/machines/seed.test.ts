import { gzipSync } from 'node:zlib';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seedFiles } from '../../../src/machines/qemu/seed';
import { labSeed, type SeedSpec } from './seed';

const test = suite('lab seed');

const attachment = { netns: 'world', bridge: 'br0', address: '192.0.2.11' };
const spec = { instanceId: 'i-1', hostname: 'a', userData: '', attachment, match: { name: 'eth0' } };
const files = (seed: SeedSpec) => seedFiles(labSeed(seed));
const yaml = (seed: SeedSpec, name: string): unknown =>
  load(Buffer.from(files(seed).get(name) as Uint8Array).toString());

test('user-data is handed over byte for byte, compressed or not', () => {
  const bytes = gzipSync('#cloud-config\n{}\n');
  for (const userData of [bytes, '#cloud-config\nü']) {
    assert.equal(files({ ...spec, userData }).get('user-data'), Buffer.from(userData));
  }
});

test('a machine has a name, and its gateway is also its name server by default', () => {
  assert.equal(yaml(spec, 'meta-data'), { 'instance-id': 'i-1', 'local-hostname': 'a' });
  assert.equal(yaml(spec, 'network-config'), {
    version: 2,
    ethernets: {
      eth0: {
        addresses: ['192.0.2.11/24'],
        routes: [{ to: '0.0.0.0/0', via: '192.0.2.1' }],
        nameservers: { addresses: ['192.0.2.1'] },
      },
    },
  });
});

test('an interface is found by its hardware address, with IPv6 and a name server of its own', () => {
  const wide = { ...attachment, address6: '2001:db8::11/64', gateway6: '2001:db8::1', dns: ['192.0.2.53'] };
  const match = { mac: '52:54:00:00:00:01' };
  assert.equal(yaml({ ...spec, attachment: wide, match }, 'network-config'), {
    version: 2,
    ethernets: {
      lan: {
        match: { macaddress: '52:54:00:00:00:01' },
        addresses: ['192.0.2.11/24', '2001:db8::11/64'],
        routes: [
          { to: '0.0.0.0/0', via: '192.0.2.1' },
          { to: '::/0', via: '2001:db8::1' },
        ],
        nameservers: { addresses: ['192.0.2.53'] },
      },
    },
  });
});

test.run();
