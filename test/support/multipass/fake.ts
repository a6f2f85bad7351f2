// Puts the stand-in multipass (multipass.mjs) on PATH, with the behaviour that a test sets.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** Times in milliseconds. */
export interface Behaviour {
  /** How `launch` ends once the instance runs; with `taken-meanwhile` another user takes the name. */
  readonly launch?: 'refused' | 'taken-meanwhile' | 'client-timeout' | 'daemon-timeout';
  /** The message of a refusal. */
  readonly complaint?: string;
  /** Until the instance exists, until it runs, and until cloud-init has ended in it. */
  readonly download?: number;
  readonly boot?: number;
  readonly initialization?: number;
  /** How long `launch` waits until the instance runs; 20 seconds if absent. */
  readonly patience?: number;
  /** A state instead of Running. */
  readonly state?: string;
  readonly daemon?: 'down';
  readonly exec?: 'broken';
  /** Unix socket of the process that plays the machine. */
  readonly socket?: string;
}

export interface FakeInstance {
  readonly state: string;
  /** The document as the client got it, and as the instance receives it. */
  readonly document?: string;
  readonly userData?: string;
  readonly startedByExec?: boolean;
  readonly other?: boolean;
}

export class FakeMultipass {
  readonly folder = mkdtempSync(join(tmpdir(), 'fake-multipass-'));
  /** PATH with it in front. */
  readonly path: string;

  constructor(behaviour: Behaviour = {}) {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    symlinkSync(resolve('test/support/multipass/multipass.mjs'), join(bin, 'multipass'));
    this.path = `${bin}${delimiter}${process.env.PATH}`;
    this.behave(behaviour);
  }

  behave(behaviour: Behaviour): void {
    writeFileSync(join(this.folder, 'behaviour.json'), JSON.stringify(behaviour));
  }

  /** Refuses the given number of deletes before one succeeds. */
  beStubborn(times: number): void {
    writeFileSync(join(this.folder, 'stubborn'), String(times));
  }

  /** The environment for child processes and for this process. */
  get environment(): Record<string, string> {
    return { PATH: this.path, FAKE_MULTIPASS: this.folder };
  }

  /** Every call so far, as argv. */
  calls(verb?: string): string[][] {
    const log = join(this.folder, 'log');
    if (!existsSync(log)) return [];
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as string[]).filter(([first]) => !verb || first === verb);
  }

  instance(name: string): FakeInstance | undefined {
    const file = join(this.folder, 'instances', `${name}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as FakeInstance) : undefined;
  }

  /** Creates an instance that exists before the test. */
  put(name: string, instance: FakeInstance): void {
    mkdirSync(join(this.folder, 'instances'), { recursive: true });
    writeFileSync(join(this.folder, 'instances', `${name}.json`), JSON.stringify({ ipv4: [], ...instance }));
  }

  /** Ends processes that still wait: the daemon of an instance, or the client that launched it. */
  remove(): void {
    const pids = join(this.folder, 'pids');
    for (const pid of existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n') : []) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended on its own.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
