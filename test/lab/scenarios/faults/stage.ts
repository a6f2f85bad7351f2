// A first boot into which a fault is injected: finds its named moments, and reads the server's own state.
import type { Lab } from '../../lab';
import { type Machine, MachineError } from '../../machines/machine';
import { pause } from '../../machines/run';
import { baseDir, type ServerSpec, sh } from '../../server';
import type { DoorName } from '../../world/messages';

/** The fields of /var/lib/gen-cloudinit/state.json that this file uses. */
export interface State {
  readonly phase: string;
  readonly error: string;
}

const stateFile = '/var/lib/gen-cloudinit/state.json';

/** A line of shell that is true in a phase of the first boot. */
export const inPhase = (phase: string): string => `grep -Eqs '"phase": ?"${phase}"' ${stateFile}`;

/** A line of shell that is true while a process with this text in its command line runs. It does not match itself. */
export const running = (text: string): string =>
  `grep -qs '${text.replace(/^./, '[$&]')}' /proc/[0-9]*/cmdline`;

export class Stage {
  /** When the fault was injected, in seconds on the machine's clock. */
  since = 0;

  constructor(
    readonly lab: Lab,
    readonly spec: ServerSpec,
    readonly machine: Machine,
  ) {}

  /** The addresses by which the world's servers recognize the machine. */
  get addresses(): readonly string[] {
    const { address, address6 } = this.machine;
    return address6 === undefined ? [address] : [address, address6];
  }

  /** Polls a line of shell inside every few milliseconds until it is true. */
  async when(condition: string, seconds = 600): Promise<void> {
    const timeoutMs = seconds * 1000 * this.lab.patience;
    const { code, stderr } = await this.machine.exec(`until ${condition}; do sleep 0.02; done`, {
      timeoutMs,
    });
    if (code !== 0)
      throw new MachineError(this.machine, `the moment did not come: ${condition}: ${code} ${stderr}`);
  }

  /** Waits until one of the world's servers has answered the machine. */
  async asked(door: DoorName, what: RegExp, seconds = 600): Promise<void> {
    const end = Date.now() + seconds * 1000 * this.lab.patience;
    for (;;) {
      const requests = await this.lab.world[door].requests();
      if (requests.some(({ from, method, path }) => this.has(from) && what.test(`${method} ${path}`))) return;
      if (Date.now() > end) throw new MachineError(this.machine, `has not asked ${door} for ${what}`);
      await pause(50);
    }
  }

  /** The number of the machine's requests that one of the world's servers has answered with a given status. */
  async answered(door: DoorName, status: number): Promise<number> {
    const requests = await this.lab.world[door].requests();
    return requests.filter((request) => this.has(request.from) && request.status === status).length;
  }

  /** Waits for a console line after the fault. @returns the line, or undefined after the time limit. */
  async says(line: RegExp, seconds: number): Promise<string | undefined> {
    const end = Date.now() + seconds * 1000 * this.lab.patience;
    for (;;) {
      const found = this.machine.log.find(line, this.since);
      if (found || Date.now() > end) return found?.text;
      await pause(250);
    }
  }

  /** The server's state file; the phase is '' while there is none. */
  async state(): Promise<State> {
    const { code, stdout } = await this.machine.exec(['cat', stateFile]);
    if (code !== 0 || stdout === '') return { phase: '', error: '' };
    const { phase, error } = JSON.parse(stdout) as State;
    return { phase, error: error.trim() };
  }

  /** Blocks the first writer of a file by a named pipe in its place. `release` removes the pipe unread. */
  async hold(path: string): Promise<{ release(): Promise<void> }> {
    await sh(this, `mkdir -p "$(dirname ${path})" && mkfifo ${path}`);
    return { release: async () => void (await sh(this, `rm ${path}`)) };
  }

  /** Blocks a program at its start while a line of shell is true, by a script of the same name earlier in PATH. */
  async holdProgram(name: string, condition: string): Promise<{ release(): Promise<void> }> {
    const path = `/usr/local/sbin/${name}`;
    const script = `#!/bin/sh\nwhile ${condition}; do sleep 0.1; done\nexec /usr/bin/${name} "$@"`;
    await sh(this, `install -m 755 /dev/stdin ${path} <<'END'\n${script}\nEND`);
    return { release: async () => void (await sh(this, `rm ${path}`)) };
  }

  /** Cuts the power, and switches the machine on again. */
  async powerCycle(): Promise<void> {
    await this.machine.powerCut();
    this.since = this.machine.log.now;
    await this.machine.boot();
  }

  /** Checksums of the secrets that are there now, by path. */
  async secrets(): Promise<ReadonlyMap<string, string>> {
    const files = `${baseDir}/db-password ${baseDir}/files/ /root/matrix-admin-password`;
    const found = `find ${files} -maxdepth 1 -type f -size +0 -perm 600 ! -name '*.new' 2>/dev/null`;
    const sums = await sh(this, `${found} | xargs -r sha256sum`);
    return new Map(
      sums
        .split('\n')
        .filter(Boolean)
        .map((line) => [line.slice(66), line.slice(0, 64)] as const),
    );
  }

  /** PostgreSQL's identifier of its cluster: the first 8 bytes of pg_control (src/include/catalog/pg_control.h). */
  async database(): Promise<string> {
    const file = '/var/lib/docker/volumes/matrix_postgres-data/_data/global/pg_control';
    return (await sh(this, `[ ! -s ${file} ] || od -An -N8 -tx1 ${file}`)).trim();
  }

  private has(address: string): boolean {
    return this.addresses.includes(address.replace(/^::ffff:/, ''));
  }
}
