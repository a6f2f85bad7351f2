/** QEMU's process: it can outlive this one, and ends with all that belongs to it. */

import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { quoted } from '../../server/escape';
import { start } from '../../system/run';
import { pause } from '../../system/wait';
import type { Accelerator } from './accelerator';
import { GROUP_FILE } from './cache';

/** Ports that are reached from here; some of them only to check that they are closed. */
export const PORTS = [22, 80, 443, 8448, 8008, 8080, 5432] as const;

export const LAYER = 'disk.qcow2';
export const SEED = 'seed.iso';
const SOCKET = 'qmp';
const LOG = 'qemu.log';

/**
 * Runs a program, and ends it when its time is over or on a signal: this computer's dead man's switch. It
 * checks once a second. The trap is for the signal that the whole group gets.
 */
const GUARD = `
left=$1; shift
"$@" & program=$!
trap 'kill "$program" 2>/dev/null' TERM
while kill -0 "$program" 2>/dev/null; do
  [ "$left" -ne 0 ] || echo 'the time limit is over' >&2
  [ "$left" -gt 0 ] || kill "$program"
  [ "$left" -gt -15 ] || kill -9 "$program"
  left=$((left - 1)); sleep 1
done
wait "$program"`;

export interface QemuSettings {
  /** The machine's folder, which contains the layer and the seed; QEMU's working directory. */
  readonly folder: string;
  readonly name: string;
  readonly accelerator: Accelerator;
  /** MiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly timeLimit: number;
  /** File that the serial console is appended to. */
  readonly console: string;
}

/** QEMU reads a double comma in a value as one comma. */
const value = (text: string): string => text.replaceAll(',', ',,');

/** A hardware address of the machine's own: QEMU's default is in its documentation, so any image may contain it. */
function hardwareAddress(name: string): string {
  const [a, b, c] = createHash('sha256').update(name).digest();
  return `52:54:00:${[a, b, c].map((byte = 0) => byte.toString(16).padStart(2, '0')).join(':')}`;
}

/** The command line. A port of 0 lets the system choose a free one; the guest has 10.0.2.15 (QEMU's user network). */
export function commandLine({ name, accelerator, memory, cpus, console }: QemuSettings): string[] {
  const forwards = PORTS.map((port) => `hostfwd=tcp:127.0.0.1:0-:${port}`).join(',');
  return [
    ...[
      'qemu-system-x86_64',
      '-name',
      name,
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-vga',
      'std',
    ],
    ...accelerator.arguments,
    ...['-smp', String(cpus), '-m', String(memory)],
    ...['-chardev', `file,id=console,path=${value(console)},append=on`, '-serial', 'chardev:console'],
    // The layer is temporary: nothing of it has to survive a crash of this computer.
    ...['-drive', `file=${LAYER},if=virtio,format=qcow2,cache=unsafe,discard=unmap,detect-zeroes=unmap`],
    ...['-drive', `file=${SEED},if=virtio,format=raw,readonly=on`],
    ...['-netdev', `user,id=lan,ipv6=off,${forwards}`],
    ...['-device', `virtio-net-pci,netdev=lan,mac=${hardwareAddress(name)},romfile=`],
    ...['-device', 'virtio-rng-pci', '-qmp', `unix:${SOCKET},server=on,wait=off`],
  ];
}

export class QemuProcess {
  private ending: { code: number | null } | undefined;
  private wanted = false;

  private constructor(
    private readonly settings: QemuSettings,
    private readonly child: ChildProcess,
  ) {
    child.once('exit', (code) => {
      this.ending = { code };
    });
    child.once('error', () => {
      this.ending = { code: null };
    });
    // The process that keeps the machine may end before the machine does.
    child.unref();
  }

  /** Starts QEMU; if it ends at once, `gone` reports that. */
  static async start(settings: QemuSettings): Promise<QemuProcess> {
    const { folder, timeLimit } = settings;
    const log = openSync(join(folder, LOG), 'w', 0o600);
    try {
      const argv = ['sh', '-c', GUARD, 'sh', String(timeLimit * 60), ...commandLine(settings)];
      // A group of its own: Ctrl-C in a terminal reaches this process, which then ends the machine.
      const child = start(argv, { cwd: folder, detached: true, stdio: ['ignore', log, log] });
      const process = new QemuProcess(settings, child);
      await writeFile(join(folder, GROUP_FILE), `${child.pid ?? ''}`);
      return process;
    } finally {
      closeSync(log);
    }
  }

  /** The number of the process group. */
  get group(): number {
    return this.child.pid as number;
  }

  /** Relative, because the path of a socket is limited to 107 characters. */
  private get socket(): string {
    return relative('.', join(this.settings.folder, SOCKET));
  }

  /** Whether it has ended. */
  get off(): boolean {
    return this.ending !== undefined;
  }

  /** Why it has ended unexpectedly; undefined while it runs, or after a requested end. */
  async gone(): Promise<string | undefined> {
    if (!this.ending || this.wanted) return undefined;
    const log = await readFile(join(this.settings.folder, LOG), 'utf8').catch(() => '');
    const said = log.trim().split('\n').slice(-3).join('; ');
    return `QEMU has ended${this.ending.code === null ? '' : ` with exit code ${this.ending.code}`}${said ? `: ${said}` : ''}`;
  }

  /** The state of the machine, such as `running` or `internal-error` (QMP reference, RunState). */
  async state(): Promise<string> {
    return ((await qmp(this.socket, 'query-status')) as { status: string }).status;
  }

  /** Port of the loopback for each port of the machine, as QEMU itself reports it. */
  async ports(): Promise<ReadonlyMap<number, number>> {
    const asked = { 'command-line': 'info usernet' };
    const table = (await qmp(this.socket, 'human-monitor-command', asked)) as string;
    const rows = table.matchAll(/TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)/g);
    const found = new Map([...rows].map(([, here, there]) => [Number(there), Number(here)]));
    const missing = PORTS.filter((port) => !found.has(port));
    if (missing.length > 0) throw new Error(`QEMU forwards no port to ${missing.join(', ')}:\n${table}`);
    return found;
  }

  /** Requests a shutdown from the system inside (ACPI); its end is not a failure then. */
  async pressPowerButton(): Promise<void> {
    this.wanted = true;
    await qmp(this.socket, 'system_powerdown');
  }

  /** Ends it like a power cut; returns when the process is gone. */
  async end(): Promise<void> {
    this.wanted = true;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (this.off) return;
      signalGroup(this.child.pid, signal);
      for (let i = 0; i < 200 && !this.off; i += 1) await pause(50);
    }
    if (!this.off)
      throw new Error(`process group ${this.child.pid} of ${this.settings.name} outlived SIGKILL`);
  }
}

/**
 * The command for a person that ends a machine and removes its folder. It waits up to ten seconds for the end: a process
 * that still writes would leave files in the folder.
 * @param group number of the process group, or shell text that prints it
 */
export function removalCommand(group: string, folder: string): string {
  const running = 'kill -0 -- "-$group" 2>/dev/null';
  return `group=${group}; kill -- "-$group"; for _ in $(seq 100); do ${running} || break; sleep 0.1; done; rm -rf ${quoted(folder)}`;
}

/** A group that has just ended is not an error. */
function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** QEMU's own control socket (QEMU documentation, "QEMU Machine Protocol"): one command per connection. */

/**
 * Sends QEMU a command and waits for its answer; tries for 10 s to reach a QEMU that is just starting.
 * @param path of the socket, at most 107 characters
 * @returns what the command returned
 * @throws Error when QEMU refuses the command, is silent for 10 s or is not there
 */
export async function qmp(
  path: string,
  execute: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await tell(path, [{ execute: 'qmp_capabilities' }, { execute, arguments: args }]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ECONNREFUSED') || Date.now() > end) throw error;
      await pause(50);
    }
  }
}

function tell(path: string, commands: readonly object[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(10_000, () => socket.destroy(new Error(`QEMU does not answer at ${path}`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`QEMU closed ${path}`)));
    socket.once('connect', () => {
      for (const command of commands) socket.write(`${JSON.stringify(command)}\n`);
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      // Each command gets one line with its outcome; the greeting and events are lines too. The last is unfinished.
      const answers = text
        .split('\n')
        .slice(0, -1)
        .filter((line) => /^\{"(?:return|error)"/.test(line));
      const failed = answers.find((line) => line.startsWith('{"error"'));
      if (failed) reject(new Error(`QEMU: ${failed.trim()}`));
      else if (answers.length === commands.length) {
        resolve((JSON.parse(answers.at(-1) as string) as { return: unknown }).return);
      } else return;
      socket.destroy();
    });
  });
}
