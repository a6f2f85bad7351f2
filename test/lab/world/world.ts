// The offline world around the lab's machines: a network of its own with an apt repository, a registry, DNS and an
// ACME authority. It has no access to the internet, and does not touch the machine's own network.
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AptGuest, aptRepository, aptUrl } from './apt-repository';
import { cacheRoot } from './cache';
import { Cleanup } from './cleanup';
import type { LabRequest, LabResponse } from './client';
import type { Fault } from './faults';
import { buildImages, fillRegistry } from './image-build';
import { type Inside, startInside } from './inside-process';
import type { DoorName, Recorded } from './messages';
import {
  type Attachment,
  type AttachOptions,
  attachNetns,
  bridge,
  createWorldNetns,
  deleteNetns,
  gateway,
  gateway6,
  metadata,
  named,
  worldName,
} from './netns';
import { labPki } from './pki';
import { type Service, until } from './process';
import { createRun, netnsOf, sweepRuns } from './runs';
import * as servers from './servers';

/** Addresses of a name in the lab's DNS. */
export interface Addresses {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
}

export interface WorldOptions {
  /** Names the run, its folder and its namespace: lower-case letters and digits, at most 8; the pid if absent. */
  readonly runId?: string;
  /** The kinds of guests, each with an apt repository under its codename. */
  readonly guests: readonly AptGuest[];
  /** Debian packages that each distribution's archive offers besides those that Docker needs. */
  readonly extraPackages?: readonly string[];
  /** Names that the DNS answers from the start; alpha.test is 10.91.0.11 and beta.test 10.91.0.12 if absent. */
  readonly names?: Readonly<Record<string, Addresses>>;
}

export interface World {
  readonly netns: string;
  readonly bridge: string;
  readonly gateway: string;
  readonly aptUrl: string;
  /** File of the armoured key that signs the repositories; also at AptUrl/gpg. */
  readonly aptKeyFile: string;
  readonly registryUrl: string;
  readonly acmeUrl: string;
  /** PEM file that pebble's own listener verifies against; not what it issues. */
  readonly acmeCaFile: string;
  /** Folder of the servers' logs; it stays when the world stops. */
  readonly logs: string;
  /** PEM of the root that pebble issues under, new for each world. */
  issuingRoots(): Promise<string>;
  readonly dns: {
    /** Replaces the name's addresses; an omitted family has none. */
    set(name: string, addresses: Addresses): Promise<void>;
    /** Forgets the name: its answers are empty. */
    clear(name: string): Promise<void>;
    /** Makes the name's answers SERVFAIL, or ends that. */
    servfail(name: string, on: boolean): Promise<void>;
  };
  readonly apt: { faults: { set(fault: Fault): Promise<void> }; requests(): Promise<Recorded[]> };
  readonly registry: { faults: { set(fault: Fault): Promise<void> }; requests(): Promise<Recorded[]> };
  /** One HTTP(S) request from inside the world, as a client on the internet would make it. */
  fetch(request: LabRequest): Promise<LabResponse>;
  /** Joins a network namespace to the world; see netns.ts. */
  attach(netns: string, options?: AttachOptions): Promise<Attachment>;
  /** Versions of Docker's packages by suite, of the programs in the images, and of the servers. */
  versions(): Promise<Record<string, string>>;
  /** Ends everything, also links of namespaces that joined. A second call does nothing. */
  stop(): Promise<void>;
}

const defaultNames: Readonly<Record<string, Addresses>> = {
  'alpha.test': { a: ['10.91.0.11'] },
  'beta.test': { a: ['10.91.0.12'] },
};

/** The DNS server's management (letsencrypt/challtestsrv): names end in a dot there. */
function dnsOf(inside: Inside): World['dns'] {
  const post = async (path: string, name: string, more: Record<string, unknown> = {}) => {
    const body = JSON.stringify({ host: `${name.toLowerCase()}.`, ...more });
    const request = { url: `${servers.dnsManagement}/${path}`, method: 'POST', body };
    const answer = (await inside.call({ what: 'fetch', request })) as LabResponse;
    if (answer.status !== 200) throw new Error(`DNS ${path} ${name}: ${answer.status} ${answer.body}`);
  };
  const clear = async (name: string) => {
    await post('clear-a', name);
    await post('clear-aaaa', name);
  };
  return {
    clear,
    async set(name, { a = [], aaaa = [] }) {
      await clear(name);
      if (a.length > 0) await post('add-a', name, { addresses: a });
      if (aaaa.length > 0) await post('add-aaaa', name, { addresses: aaaa });
    },
    servfail: (name, on) => post(on ? 'set-servfail' : 'clear-servfail', name),
  };
}

/** Starts everything in order; each step registers its undo with `cleanup`. */
async function build(options: WorldOptions, runId: string, cleanup: Cleanup): Promise<Omit<World, 'stop'>> {
  const netns = netnsOf(runId);
  const pki = await labPki();
  const lab = { acmeUrl: servers.acmeUrl, rootsUrl: `${named(aptUrl)}/pebble-roots.pem`, caFile: pki.ca };
  // In parallel, because building the missing parts is half download and half work of one processor.
  const [{ bin, versions: programs }, repositories, built] = await Promise.all([
    servers.serverPrograms(),
    Promise.all(options.guests.map((guest) => aptRepository(guest, options.extraPackages))),
    buildImages(lab),
  ]);
  const versions: Record<string, string> = { ...programs };
  const apt: Record<string, string> = {};
  let aptKeyFile = '';
  for (const [index, { codename }] of options.guests.entries()) {
    const repository = repositories[index]!;
    apt[codename] = repository.root;
    aptKeyFile = repository.keyFile;
    for (const [name, version] of Object.entries(repository.versions))
      versions[`${codename}/${name}`] = version;
  }

  await sweepRuns();
  const folder = await createRun(runId);
  cleanup.add(`folder ${folder}`, () => rm(folder, { recursive: true, force: true }));
  const logs = join(cacheRoot, 'logs', runId);
  await rm(logs, { recursive: true, force: true });
  await mkdir(logs, { recursive: true });
  const storage = join(folder, 'registry');
  Object.assign(versions, await fillRegistry(storage, built));

  cleanup.add(`namespace ${netns}`, () => deleteNetns(netns));
  const atExit = () => spawnSync('ip', ['netns', 'delete', netns]);
  process.once('exit', atExit);
  cleanup.add('exit handler', () => process.off('exit', atExit));
  await createWorldNetns(netns);
  const place = { netns, folder, logs, bin };
  const started: Service[] = [];
  const keep = (service: Service) => {
    cleanup.add(service.name, () => service.stop());
    started.push(service);
  };
  keep(servers.startDns(place));
  keep(await servers.startRegistry(place, storage));
  keep(await servers.startPebble(place, pki));
  keep(servers.startMetadata(place));
  const labCa = await readFile(pki.ca, 'utf8');
  const settings = { apt, registry: servers.registryBackend, acmeManagement: servers.acmeManagement, labCa };
  const inside = await startInside(netns, folder, logs, settings);
  cleanup.add('inside', () => inside.service.stop());

  const fetch = (request: LabRequest) => inside.call({ what: 'fetch', request }) as Promise<LabResponse>;
  const door = (name: DoorName) => ({
    faults: { set: (fault: Fault) => inside.call({ what: 'faults', door: name, fault }) as Promise<void> },
    requests: () => inside.call({ what: 'requests', door: name }) as Promise<Recorded[]>,
  });
  const dns = dnsOf(inside);
  const registryUrl = `http://${gateway}:5000`;
  const names = { [worldName]: { a: [gateway], aaaa: [gateway6] }, ...(options.names ?? defaultNames) };
  await until('DNS', 60, () => Promise.all(Object.entries(names).map(([n, a]) => dns.set(n, a))), started);
  await until('registry', 60, () => fetch({ url: `${registryUrl}/v2/` }).then(expectOk), started);
  await until('pebble', 60, () => fetch({ url: servers.acmeUrl, ca: labCa }).then(expectOk), started);
  await until('metadata', 60, () => fetch({ url: `http://${metadata}/` }).then(expectOk), started);

  let ports = 0;
  return {
    netns,
    bridge,
    gateway,
    aptUrl,
    aptKeyFile,
    registryUrl,
    acmeUrl: servers.acmeUrl,
    acmeCaFile: pki.ca,
    logs,
    dns,
    fetch,
    apt: door('apt'),
    registry: door('registry'),
    issuingRoots: () => inside.call({ what: 'roots' }) as Promise<string>,
    attach: (peer, options) => attachNetns(netns, peer, `port${++ports}`, options),
    versions: async () => versions,
  };
}

function expectOk({ status, body }: LabResponse): void {
  if (status !== 200) throw new Error(`${status} ${body}`);
}

/**
 * Starts a world. The first start builds its parts, which takes some minutes and needs the Debian mirror; later starts take
 * seconds.
 * Needs root, and Debian's iproute2, util-linux, mmdebstrap, gnupg, openssl, zstd, dpkg and apt.
 * @throws if a part does not start, after ending and removing the parts that did.
 */
export async function startWorld(options: WorldOptions): Promise<World> {
  const runId = options.runId ?? process.pid.toString(36);
  if (!/^[a-z0-9]{1,8}$/.test(runId))
    throw new Error(`run id ${runId}: 1 to 8 lower-case letters and digits`);
  const cleanup = new Cleanup();
  try {
    return { ...(await build(options, runId, cleanup)), stop: () => cleanup.run() };
  } catch (error) {
    await cleanup.run().catch((second) => {
      throw new AggregateError([error, second], `${(error as Error).message}; ${(second as Error).message}`);
    });
    throw error;
  }
}
