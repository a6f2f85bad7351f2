// The third-party programs of the world: docker-registry, pebble and its DNS server, from Debian sid.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache';
import { debField, downloadDebs } from './debian';
import { gateway, gateway6, metadata } from './netns';
import type { LabPki } from './pki';
import { inNetns, run, type Service, startService } from './process';

const packages = ['docker-registry', 'pebble'] as const;

/** Folder of the programs (they are Go, and need nothing but the C library) and their versions. */
export async function serverPrograms(): Promise<{ bin: string; versions: Record<string, string> }> {
  const folder = await cached('servers', ['sid', packages], async (partial) => {
    const versions: Record<string, string> = {};
    await mkdir(join(partial, 'debs'));
    for (const deb of await downloadDebs('sid', packages, join(partial, 'debs'), false)) {
      versions[await debField(deb, 'Package')] = await debField(deb, 'Version');
      await run(['dpkg-deb', '--extract', deb, partial]);
    }
    await run(['rm', '-rf', join(partial, 'debs')]);
    await writeFile(join(partial, 'versions.json'), JSON.stringify(versions));
  });
  const versions = JSON.parse(await readFile(join(folder, 'versions.json'), 'utf8')) as Record<
    string,
    string
  >;
  return { bin: join(folder, 'usr/bin'), versions };
}

/** Where a server runs and writes. */
export interface Place {
  readonly netns: string;
  /** Folder of its configuration. */
  readonly folder: string;
  readonly logs: string;
  readonly bin: string;
}

const start = (
  place: Place,
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Service =>
  startService(name, inNetns(place.netns, [join(place.bin, name), ...args]), {
    log: join(place.logs, `${name}.log`),
    env,
  });

/** Address of the registry behind the fault proxy. */
export const registryBackend = { host: '127.0.0.1', port: 5001 };

/** Starts docker-registry on a storage folder, read-only. */
export async function startRegistry(place: Place, storage: string): Promise<Service> {
  const file = join(place.folder, 'registry.yml');
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, maintenance: { readonly: { enabled: true } } },
    http: { addr: `${registryBackend.host}:${registryBackend.port}` },
  };
  await writeFile(file, JSON.stringify(config)); // JSON is YAML
  // The gateway's default trace exporter would try to reach a collector.
  return start(place, 'docker-registry', ['serve', file], { OTEL_TRACES_EXPORTER: 'none' });
}

/** challtestsrv's management, in the world only. */
export const dnsManagement = 'http://127.0.0.1:8055';

/** Starts the DNS server. Names without a record have an empty answer, at once. */
export function startDns(place: Place): Service {
  const off = ['-doh', '', '-http01', '', '-https01', '', '-tlsalpn01', ''];
  const listen = `${gateway}:53,[${gateway6}]:53`;
  const management = dnsManagement.replace('http://', '');
  const args = [
    '-dnsserver',
    listen,
    '-management',
    management,
    '-defaultIPv4',
    '',
    '-defaultIPv6',
    '',
    ...off,
  ];
  return start(place, 'pebble-challtestsrv', args);
}

/** Starts the stand-in for a provider's metadata service, which answers every client. */
export function startMetadata(place: Place): Service {
  const program = `require('node:http').createServer((_, answer) => answer.end('metadata')).listen(80, '${metadata}')`;
  const argv = inNetns(place.netns, [process.execPath, '-e', program]);
  return startService('metadata', argv, { log: join(place.logs, 'metadata.log') });
}

/** Pebble's directory, and its management interface, which publishes the issuing roots. */
export const acmeUrl = `https://${gateway}:14000/dir`;
export const acmeManagement = `https://${gateway}:15000`;

/**
 * Starts pebble. It validates on port 80 of the addresses that the lab's DNS gives, and repeats that for each order
 * (reusing an authorization would hide a later failure), and signs for 90 days.
 */
export async function startPebble(place: Place, pki: LabPki): Promise<Service> {
  const file = join(place.folder, 'pebble.json');
  const pebble = {
    listenAddress: ':14000',
    managementListenAddress: `${gateway}:15000`,
    certificate: pki.certificate,
    privateKey: pki.key,
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    retryAfter: { authz: 1, order: 1 },
    // Pebble publishes only RSA keys, and the lab signs with the intermediate's key (test/lab/web-server.ts).
    keyAlgorithm: 'rsa',
    profiles: { default: { description: 'default', validityPeriod: 7_776_000 } },
  };
  await writeFile(file, JSON.stringify({ pebble }));
  const env = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' };
  return start(place, 'pebble', ['-config', file, '-dnsserver', `${gateway}:53`], env);
}
