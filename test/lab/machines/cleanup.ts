// The registry of a run. It records every process, mount, namespace, link, control group and folder before the run creates
// it, and ends each by its id when the run succeeds, fails or is interrupted.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { labCache } from './cache';
import { endCgroup } from './cgroup';
import { startTime } from './processes';
import { pause, run, tryRun } from './run';

/** One thing to end. Its start time distinguishes a process from a later one with the same number. */
export type Resource =
  | { readonly kind: 'process'; readonly pid: number; readonly started: string }
  | { readonly kind: 'cgroup'; readonly path: string }
  | { readonly kind: 'mount'; readonly path: string }
  | { readonly kind: 'netns'; readonly name: string }
  | { readonly kind: 'link'; readonly netns: string; readonly name: string }
  | { readonly kind: 'folder'; readonly path: string };

/** The folder for everything that a run writes and removes at its end. */
export const runFolder = (runid: string): string => join(labCache(), 'runs', runid);

const recordOf = (runid: string): string => join(labCache(), 'runs', `${runid}.json`);

/** A run's record on disk: its owner distinguishes an abandoned run from a running one. */
interface RunRecord {
  readonly owner: { readonly pid: number; readonly started: string | undefined };
  readonly resources: Resource[];
}

/** The resources of one run, in the order of creation; kept on disk for `reclaimAbandoned`. */
export class Registry {
  private resources: Resource[] = [];
  private closed = false;
  private queue: Promise<void> = Promise.resolve();
  private readonly record: string;
  readonly folder: string;

  /** `runid`: 1 to 10 of a-z and 0-9. The names of the run's namespaces and groups begin with `gci-<runid>-`. */
  constructor(readonly runid: string) {
    if (!/^[a-z0-9]{1,10}$/.test(runid)) throw new Error(`run id "${runid}": use 1 to 10 of a-z and 0-9`);
    this.record = recordOf(runid);
    if (existsSync(this.record)) throw new Error(`a run "${runid}" is under way or was not cleaned up`);
    this.folder = runFolder(runid);
    mkdirSync(this.folder, { recursive: true });
    this.add({ kind: 'folder', path: this.folder });
  }

  /** The prefix of every kernel resource that the run names. */
  get prefix(): string {
    return `gci-${this.runid}-`;
  }

  /** Records a resource before it is created. Throws once the run is ending, so that nothing is created late. */
  add(resource: Resource): void {
    if (this.closed) throw new Error(`run ${this.runid} is being ended`);
    this.resources.push(resource);
    this.write();
  }

  /** Records a process that has just started. */
  addProcess(pid: number): void {
    const started = startTime(pid);
    if (started !== undefined) this.add({ kind: 'process', pid, started });
  }

  /**
   * Ends the recorded resources that `which` selects, the newest first, and forgets them. One call runs at a time: when
   * `releaseAll` ends a machine, the machine's own release finds its resources gone.
   */
  release(which: (resource: Resource) => boolean): Promise<void> {
    const turn = this.queue.then(() => this.releaseNow(which));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async releaseNow(which: (resource: Resource) => boolean): Promise<void> {
    const errors: unknown[] = [];
    for (const resource of this.resources.filter(which).reverse()) {
      try {
        await end(resource);
        this.resources = this.resources.filter((other) => other !== resource);
      } catch (error) {
        errors.push(error);
      }
    }
    this.write();
    if (errors.length > 0)
      throw new AggregateError(errors, `not everything of run ${this.runid} could be ended`);
  }

  /** Ends everything; a second call does what the first could not do. */
  async releaseAll(): Promise<void> {
    this.closed = true;
    await this.release(() => true);
  }

  private write(): void {
    if (this.resources.length === 0) {
      rmSync(this.record, { force: true });
      return;
    }
    const owner = { pid: process.pid, started: startTime(process.pid) };
    const record: RunRecord = { owner, resources: this.resources };
    // Another run may read the record, so each write replaces it as a whole.
    writeFileSync(`${this.record}.new`, JSON.stringify(record, null, 1));
    renameSync(`${this.record}.new`, this.record);
  }
}

/**
 * Does `work` with a new registry, and ends everything that it recorded: after success, after failure, on SIGINT, SIGTERM.
 * First it ends what killed runs have left.
 */
export async function withRegistry<T>(runid: string, work: (registry: Registry) => Promise<T>): Promise<T> {
  await reclaimAbandoned();
  const registry = new Registry(runid);
  let interruption: Promise<unknown> | undefined;
  const interrupted = (signal: NodeJS.Signals): void => {
    // A second signal finds no handler and ends the process at once. This one does so after the clean-up.
    for (const name of signals) process.off(name, interrupted);
    interruption = registry
      .releaseAll()
      .catch((error: unknown) => console.error(error))
      .then(() => process.kill(process.pid, signal));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupted);
  try {
    return await work(registry);
  } finally {
    // The work also fails because its machines are gone; the signal takes precedence.
    await interruption;
    await registry.releaseAll();
    for (const name of signals) process.off(name, interrupted);
  }
}

/** Ends what killed runs have left: those whose record names a process that is gone. */
export async function reclaimAbandoned(): Promise<void> {
  const folder = join(labCache(), 'runs');
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.json')) continue;
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { owner, resources } = JSON.parse(text) as RunRecord;
    if (startTime(owner.pid) === owner.started) continue;
    for (const resource of resources.reverse()) await end(resource);
    rmSync(join(folder, name), { force: true });
  }
}

/** Ends one thing; one that was never created or is already gone is not an error. */
async function end(resource: Resource): Promise<void> {
  switch (resource.kind) {
    case 'process':
      return endProcess(resource.pid, resource.started);
    case 'cgroup':
      return endCgroup(resource.path);
    case 'mount': {
      const mounts = await readFile('/proc/self/mounts', 'utf8');
      if (mounts.includes(` ${resource.path} `)) await run(['umount', resource.path]);
      return;
    }
    case 'netns':
      if (existsSync(`/run/netns/${resource.name}`)) await run(['ip', 'netns', 'delete', resource.name]);
      return;
    case 'link':
      // The other end's namespace may have taken the link along, or the whole namespace may be gone.
      await tryRun(['ip', '-n', resource.netns, 'link', 'delete', resource.name]);
      return;
    case 'folder':
      return rm(resource.path, { recursive: true, force: true });
  }
}

async function endProcess(pid: number, started: string): Promise<void> {
  const alive = () => startTime(pid) === started;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!alive()) return;
    process.kill(pid, signal);
    for (let i = 0; i < 60 && alive(); i++) await pause(50);
  }
  if (alive()) throw new Error(`process ${pid} outlived SIGKILL`);
}
