// The built command as a process of its own, which talks to the gate as it would to EC2.
import { type ChildProcess, spawn } from 'node:child_process';
import { environment, type World } from './world';

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly end: Promise<Ended>;
  /** Waits until standard error contains this; fails if the command ends first. */
  said(words: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts `gen-cloudinit`.
 * @param words its arguments; standard input is empty and not a terminal
 * @param more changes to the environment; undefined removes a variable
 */
export function start(
  world: Pick<World, 'gate' | 'region'>,
  words: readonly string[],
  more: Readonly<Record<string, string | undefined>> = {},
): Started {
  const base = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };
  const child = spawn(process.execPath, ['dist/cli.js', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...base, ...environment(world.gate, world.region), ...more },
  });
  let [stdout, stderr] = ['', ''];
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const listen of listeners) listen();
  });
  const end = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 'nothing', stdout, stderr }));
  });
  return {
    process: child,
    end,
    said: (expected) =>
      new Promise((resolve, reject) => {
        const listen = () => {
          const found = expected.exec(stderr);
          if (found) resolve(found);
        };
        listeners.add(listen);
        listen();
        end.then(({ code }) => reject(new Error(`ended with ${code} before ${expected}: ${stderr}`)));
      }),
    kill: (signal) => child.kill(signal),
  };
}

/** Runs it to its end. */
export function ran(...given: Parameters<typeof start>): Promise<Ended> {
  return start(...given).end;
}
