// A run of the lab: one world, one vantage point outside, and the servers that the scenarios request.
import { join } from 'node:path';
import { type Generated, generate } from './document';
import { bootTimeline } from './machines/boot-timeline';
import { onMaking } from './machines/cache';
import type { Registry } from './machines/cleanup';
import { ensureImage } from './machines/image';
import { type Machine, waitForCloudInit } from './machines/machine';
import { createNspawn, type NspawnImage, type NspawnMachine } from './machines/nspawn';
import type { Profile } from './machines/profiles';
import { createQemu } from './machines/qemu';
import { ensureRoot, type Root } from './machines/roots';
import type { Place } from './place';
import type { Server, ServerSpec } from './server';
import { type SharedServer, servers } from './servers';
import { Vantage } from './vantage';
import { explain } from './verdict';
import { serve } from './web-server';
import { folderOf } from './world/runs';
import { startWorld, type World } from './world/world';

export type MachineKind = 'nspawn' | 'qemu';

/** How a run is made. */
export interface LabOptions {
  readonly registry: Registry;
  readonly kind: MachineKind;
  /** The published image that the machines represent. */
  readonly profile: Profile;
  /** Folder for the results that stay after the run: report, consoles, screenshots. */
  readonly out: string;
  /** Whether servers keep running after their last scenario. */
  readonly keep: boolean;
  /** Receives one line of progress. */
  readonly progress: (line: string) => void;
}

/**
 * Factor on every time limit. The limits are those of an idle machine: a busy one may take three times as long, and emulated
 * processors are some ten times slower, although not all of the time is spent computing.
 */
const patience = { nspawn: 3, qemu: 6 } as const;

export class Lab {
  private readonly shared = new Map<SharedServer, Promise<Server>>();
  private readonly made: Machine[] = [];
  private readonly endings: (() => Promise<void>)[] = [];
  private known: Record<string, string> | undefined;

  private constructor(
    readonly options: LabOptions,
    readonly world: World,
    /** The root that its machines start from. */
    readonly root: Root,
    readonly outside: Vantage,
  ) {}

  /** Starts the world and the place outside. Call `close` in the end. */
  static async open(options: LabOptions): Promise<Lab> {
    const { registry, kind } = options;
    onMaking(options.progress);
    const { profile } = options;
    const root = ensureRoot({ profile, flavour: kind });
    root.catch(() => undefined); // reported below, where the code awaits it
    const world = await startWorld({ runId: registry.runid, guests: [profile], names: {} });
    try {
      // The world removes its own resources; after an interrupt the registry does.
      registry.add({ kind: 'folder', path: folderOf(registry.runid) });
      registry.add({ kind: 'netns', name: world.netns });
      const outside = await Vantage.open(world, registry, 'outside', 100);
      const lab = new Lab(options, world, await root, outside);
      // A new server first asks matrix.org for the keys of other servers. After an answer without keys it asks those
      // servers themselves at once. If the name had no address, it would try four times, and the request that needs the
      // key might time out meanwhile.
      await serve(lab, 'matrix.org', 31, {});
      return lab;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  get patience(): number {
    return patience[this.options.kind];
  }

  /** Every machine of the run, in the order of creation. */
  get machines(): readonly Machine[] {
    return this.made;
  }

  /** Versions of the programs on the first healthy machine; empty if there was none. */
  get versions(): Readonly<Record<string, string>> {
    return this.known ?? {};
  }

  /** Registers something that must end before the world does. */
  atEnd(ending: () => Promise<void>): void {
    this.endings.push(ending);
  }

  progress(line: string): void {
    this.options.progress(line);
  }

  place(server: Server): Place {
    return { server, outside: this.outside, world: this.world, patience: this.patience };
  }

  /** The options that make the command's document one for this world. */
  documentOptions(spec: ServerSpec): Record<string, string> {
    const { world } = this;
    return {
      domain: spec.domain,
      ...(spec.serverName === undefined ? {} : { 'server-name': spec.serverName }),
      distro: this.options.profile.distro,
      'docker-apt-url': world.aptUrl,
      'docker-apt-key': world.aptKeyFile,
      'registry-mirror': world.registryUrl,
      'acme-url': world.acmeUrl,
      ...spec.options,
    };
  }

  /** Makes a machine, switched off, and names it in the DNS. */
  async machine(spec: ServerSpec, userData: string): Promise<Machine> {
    const { kind } = this.options;
    if (kind === 'nspawn') return this.nspawn(spec, userData);
    const image = await ensureImage(this.root);
    return this.entered(spec, await createQemu({ ...this.machineOptions(spec, userData), image }));
  }

  /** The same at native speed, on request from another machine's disk. */
  async nspawn(spec: ServerSpec, userData: string, image?: NspawnImage): Promise<NspawnMachine> {
    const options = { ...this.machineOptions(spec, userData), root: this.root, ...(image ? { image } : {}) };
    return this.entered(spec, await createNspawn(options));
  }

  private async entered<M extends Machine>(spec: ServerSpec, machine: M): Promise<M> {
    const other = this.made.find(({ address, on }) => on && address === machine.address);
    if (other) throw new Error(`${spec.name} has the address of ${other.name}, ${other.address}`);
    this.made.push(machine);
    const aaaa = machine.address6 === undefined ? [] : [machine.address6];
    await this.world.dns.set(spec.domain, { a: spec.ipv6Only ? [] : [machine.address], aaaa });
    return machine;
  }

  private machineOptions(spec: ServerSpec, userData: string) {
    const { registry, out } = this.options;
    const address = `10.91.0.${spec.host}`;
    const address6 = `fd91::${spec.host}`;
    const attachment = {
      netns: this.world.netns,
      bridge: this.world.bridge,
      address,
      ipv6Only: spec.ipv6Only ?? false,
      address6: `${address6}/64`,
      gateway6: 'fd91::1',
    };
    const consoleFile = join(out, `${spec.name}.console.log`);
    return { registry, name: spec.name, attachment, userData, consoleFile, ...spec.hardware };
  }

  /** Boots a new machine with its document until cloud-init has ended, well or not. */
  async boot(spec: ServerSpec): Promise<Server> {
    const { document: whole, report } = await generate(this.documentOptions(spec));
    const document = spec.edit ? spec.edit(whole) : whole;
    return this.firstBoot(spec, await this.machine(spec, document), { document, report });
  }

  /** Switches a machine on and waits until cloud-init has ended. */
  async firstBoot(spec: ServerSpec, machine: Machine, made: Generated): Promise<Server> {
    const start = performance.now();
    this.progress(`${spec.name}: first boot`);
    await machine.boot();
    const status = await waitForCloudInit(machine, 400_000 * this.patience);
    const seconds = (performance.now() - start) / 1000;
    this.progress(
      `${spec.name}: cloud-init ${status.extended_status || status.status}, ${seconds.toFixed(1)} s`,
    );
    // Emulation is slow, so the report shows where the time went.
    if (machine.kind === 'qemu') {
      for (const { t, event } of bootTimeline(machine.log)) this.progress(`  ${t.toFixed(1)} s ${event}`);
    }
    const { name, domain, serverName = domain } = spec;
    if (status.status === 'done') this.known ??= await versionsInside(machine);
    return { name, domain, serverName, machine, ...made, status, seconds };
  }

  /** A shared server, booted at its first use. */
  server(name: SharedServer): Promise<Server> {
    const known = this.shared.get(name);
    if (known) return known;
    const booting = this.boot(servers[name]);
    this.shared.set(name, booting);
    return booting;
  }

  /** Ends a shared server that no scenario needs any more. */
  async dismiss(name: SharedServer): Promise<void> {
    if (this.options.keep) return;
    const server = await this.shared.get(name)?.catch(() => undefined);
    await server?.machine.destroy();
  }

  /** Ends machines and world. @returns what could not be ended. */
  async close(): Promise<string[]> {
    const failures: string[] = [];
    const attempt = (work: Promise<void>) => work.catch((error: unknown) => failures.push(explain(error)));
    await Promise.all(this.made.map((machine) => attempt(machine.destroy())));
    await Promise.all(this.endings.map((ending) => attempt(ending())));
    await attempt(this.world.stop());
    return failures;
  }
}

/** Names and versions of the programs that a server consists of. */
async function versionsInside(machine: Machine): Promise<Record<string, string>> {
  const script = `
. /etc/os-release; echo "system of the servers|$PRETTY_NAME"
echo "kernel of the servers|$(uname -r)"
echo "systemd|$(systemctl --version | sed -n '1s/.*(//;1s/)//p')"
echo "cloud-init|$(cloud-init --version 2>&1 | sed 's/.* //')"
echo "Docker Engine|$(docker version --format '{{.Server.Version}}')"
echo "Docker Compose|$(docker compose version --short)"`;
  const { stdout } = await machine.exec(script);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('|') as [string, string]),
  );
}
