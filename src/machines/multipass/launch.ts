/**
 * A machine of multipass. `multipass launch` waits until cloud-init has ended, successfully or not, and has two time
 * limits that both leave the machine running. So this module only starts it, and returns the machine as soon as it can
 * be entered.
 */

import { randomBytes } from 'node:crypto';
import { readUserData } from '../../cloudinit/read/user-data';
import type { Code } from '../../diagnostics/codes';
import type { Diagnostic } from '../../diagnostics/diagnostic';
import { start } from '../../system/run';
import { pause, throwIfStopped } from '../../system/wait';
import type { Driver, Launch } from '../machine';
import { instanceNamed, MultipassError, notStarted, preflight, refusal } from './client';
import { type Launching, multipassMachine, removeCommand, removeInstance } from './machine';
import { DEFAULT_IMAGE, type MULTIPASS_FLAGS, type MultipassOptions } from './multipass-flags';

/** Milliseconds between two polls of an instance that is starting. */
const LOOK = 2_000;

/**
 * Starts instances of multipass. The document always goes in by standard input: the snap cannot read most folders.
 * @param announce takes the command that removes what may be left, before anything is made
 */
export function launchMultipass(options: MultipassOptions, announce: (remove: string) => void): Launch {
  return async (document, events, signal) => {
    const { name } = options;
    await preflight(signal);
    const taken = await instanceNamed(name, signal);
    if (taken) {
      throw new MultipassError(
        `multipass has an instance ${name} already (${taken.state}): give another --name, or remove it: ${removeCommand(name)}`,
      );
    }
    throwIfStopped(signal);
    announce(removeCommand(name));
    events.progress(`multipass launches ${options.image} as ${name}`);
    const launching = begin(options, document, events.progress);
    try {
      const address = await untilRunning(name, launching, signal);
      return multipassMachine(name, address, launching);
    } catch (error) {
      launching.stop();
      // Another user took the name in between: that instance is not ours.
      if (refused(launching)) throw error;
      events.progress('removing what was made');
      await removeInstance(name, { mayAppear: launching.ended === undefined || signal.aborted });
      throw error;
    }
  };
}

/** Whether another user has an instance of that name. */
function refused({ ended }: Launching): boolean {
  return ended !== undefined && /already exists/i.test(ended.stderr);
}

/** Waits until the instance runs, which is when it can be entered. @returns its address */
async function untilRunning(name: string, launching: Launching, signal: AbortSignal): Promise<string> {
  for (;;) {
    // Not at once: if another user took the name in between, the launch fails before a machine could run.
    await pause(LOOK, signal);
    const found = await instanceNamed(name, signal).catch((error: unknown) => {
      throwIfStopped(signal);
      // While it creates an instance the daemon may be slow to answer; the launch itself reports what is wrong.
      if (launching.ended) throw error;
      return undefined;
    });
    const [address] = found?.addresses ?? [];
    if (found?.state === 'Running' && address && !refused(launching)) return address;
    const { ended } = launching;
    const timedOut = ended && (ended.code === 5 || /timed out/i.test(ended.stderr + ended.stdout));
    if (ended && !(found && timedOut)) {
      if (ended.code !== 0) throw refusal(`multipass could not launch ${name}`, ended);
      if (found?.state !== 'Running')
        throw new MultipassError(`multipass has launched ${name}, but it is ${found?.state ?? 'gone'}`);
    }
  }
}

/** Runs `multipass launch` in a process group of its own: Ctrl-C reaches only this process, which then acts. */
function begin(options: MultipassOptions, document: Uint8Array, progress: (line: string) => void): Launching {
  const { name, image, cpus, memory, disk, timeLimit } = options;
  const resources = ['--cpus', cpus, '--memory', memory, '--disk', disk];
  const argv = [
    'multipass',
    'launch',
    image,
    '--name',
    name,
    ...resources,
    '--timeout',
    String(timeLimit * 60),
  ];
  const child = start([...argv, '--cloud-init', '-'], {
    stdio: 'pipe',
    detached: true,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      said[stream] = (said[stream] + chunk).slice(-20_000);
      const line = visibleLine(chunk);
      if (stream === 'stdout' && line) progress(line);
    });
  }
  const launching: Launching = { ended: undefined, stop: () => child.kill('SIGTERM') };
  child.on('error', (cause) => {
    launching.ended = { code: -1, stdout: '', stderr: notStarted(cause).message };
  });
  child.on('close', (code) => {
    launching.ended ??= { code: code ?? -1, ...said };
  });
  // It may end before it has read the document; its exit code says why.
  child.stdin.on('error', () => {});
  child.stdin.end(document);
  return launching;
}

/** The last line of what a spinner wrote. */
function visibleLine(chunk: string): string {
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');
  const lines = chunk.replace(escapes, '\n').split(/[\r\n\b]+/);
  return (
    lines
      .map((line) => line.trim())
      .filter((line) => line.length > 2)
      .at(-1) ?? ''
  );
}

/** multipass as a kind of machine. */

export const driver: Driver<typeof MULTIPASS_FLAGS> = {
  configure(options, document, { announce }) {
    const diagnostics = unreadable(document);
    if (diagnostics.length > 0) return { launch: undefined, diagnostics };
    const name = options.name ?? `gc-verify-${randomBytes(3).toString('hex')}`;
    return {
      launch: launchMultipass({ ...options, name, image: options.image ?? DEFAULT_IMAGE }, announce),
      diagnostics,
    };
  },
};

/** multipass reads user data as one YAML text and rewrites it (canonical/multipass issue 1892): nothing else passes. */
function unreadable(document: Uint8Array): Diagnostic[] {
  const { form, kind } = readUserData(document).input;
  const error = (code: Code, message: string, given: string, hint: string): Diagnostic[] => [
    { severity: 'error', code, path: '', message, given, expected: 'plain cloud-config YAML', hint },
  ];
  if (form !== 'yaml')
    return error(
      'multipass-form',
      'the document is in a form that multipass cannot read',
      form,
      'use --format yaml',
    );
  if (kind !== 'cloud-config')
    return error(
      'multipass-kind',
      'the document is of a kind that multipass cannot read',
      kind,
      'begin it with #cloud-config',
    );
  return [];
}
