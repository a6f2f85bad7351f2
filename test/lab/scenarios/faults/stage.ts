// A first boot that is about to be disturbed: finds its named moments, and reads what the server says of itself.
import type { Lab } from '../../lab';
import { type Machine, MachineError } from '../../machines/machine';
import { pause } from '../../machines/run';
import { baseDir, type ServerSpec, sh } from '../../server';
import type { DoorName } from '../../world/messages';

/** /var/lib/gen-cloudinit/state.json, as far as it is read here. */
export interface State {
  readonly phase: string;
  readonly error: string;
}

const stateFile = '/var/lib/gen-cloudinit/state.json';

/** A line of shell that is true in a phase of the first boot. */
export const inPhase = (phase: string): string => `grep -Eqs '"phase": ?"${phase}"' ${stateFile}`;

/** A line of shell that is true while a process runs whose command line has this text; the line itself is none. */
export const running = (text: string): string =>
  `grep -qs '${text.replace(/^./, '[$&]')}' /proc/[0-9]*/cmdline`;

export class Stage {
  /** When the fault was there, in seconds on the machine's clock. */
  since = 0;

  constructor(
    readonly lab: Lab,
    readonly spec: ServerSpec,
    readonly machine: Machine,
  ) {}

  /** By what the world's servers know the machine. */
  get addresses(): readonly string[] {
    const { address, address6 } = this.machine;
    return address6 === undefined ? [address] : [address, address6];
  }

  /** Waits inside, at the pace of a few milliseconds, until a line of shell is true. */
  async when(condition: string, seconds = 600): Promise<void> {
    const timeoutMs = seconds * 1000 * this.lab.patience;
    const { code, stderr } = await this.machine.exec(`until ${condition}; do sleep 0.02; done`, {
      timeoutMs,
    });
    if (code !== 0)
      throw new MachineError(this.machine, `the moment did not come: ${condition}: ${code} ${stderr}`);
  }

  /** Waits until the machine has been given an answer by one of the world's servers. */
  async asked(door: DoorName, what: RegExp, seconds = 600): Promise<void> {
    const end = Date.now() + seconds * 1000 * this.lab.patience;
    for (;;) {
      const requests = await this.lab.world[door].requests();
      if (requests.some(({ from, method, path }) => this.has(from) && what.test(`${method} ${path}`))) return;
      if (Date.now() > end) throw new MachineError(this.machine, `has not asked ${door} for ${what}`);
      await pause(50);
    }
  }

  /** How many requests of the machine one of the world's servers has answered with a status. */
  async answered(door: DoorName, status: number): Promise<number> {
    const requests = await this.lab.world[door].requests();
    return requests.filter((request) => this.has(request.from) && request.status === status).length;
  }

  /** Waits for a console line since the fault. @returns the line, or undefined when the time is over. */
  async says(line: RegExp, seconds: number): Promise<string | undefined> {
    const end = Date.now() + seconds * 1000 * this.lab.patience;
    for (;;) {
      const found = this.machine.log.find(line, this.since);
      if (found || Date.now() > end) return found?.text;
      await pause(250);
    }
  }

  /** What the server says of itself; a phase of '' where it says nothing yet. */
  async state(): Promise<State> {
    const { code, stdout } = await this.machine.exec(['cat', stateFile]);
    if (code !== 0 || stdout === '') return { phase: '', error: '' };
    const { phase, error } = JSON.parse(stdout) as State;
    return { phase, error: error.trim() };
  }

  /** Holds the first writer of a file at its opening: a named pipe lies there. `release` takes it away unread. */
  async hold(path: string): Promise<{ release(): Promise<void> }> {
    await sh(this, `mkdir -p "$(dirname ${path})" && mkfifo ${path}`);
    return { release: async () => void (await sh(this, `rm ${path}`)) };
  }

  /** Holds a program at its start while a line of shell is true: another one of its name is found before it. */
  async holdProgram(name: string, condition: string): Promise<{ release(): Promise<void> }> {
    const path = `/usr/local/sbin/${name}`;
    const script = `#!/bin/sh\nwhile ${condition}; do sleep 0.1; done\nexec /usr/bin/${name} "$@"`;
    await sh(this, `install -m 755 /dev/stdin ${path} <<'END'\n${script}\nEND`);
    return { release: async () => void (await sh(this, `rm ${path}`)) };
  }

  /** Pulls the plug, and puts it in again. */
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

  /** What PostgreSQL calls its cluster: the first 8 bytes of pg_control (src/include/catalog/pg_control.h). */
  async database(): Promise<string> {
    const file = '/var/lib/docker/volumes/matrix_postgres-data/_data/global/pg_control';
    return (await sh(this, `[ ! -s ${file} ] || od -An -N8 -tx1 ${file}`)).trim();
  }

  private has(address: string): boolean {
    return this.addresses.includes(address.replace(/^::ffff:/, ''));
  }
}
