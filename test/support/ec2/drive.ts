// Starts the driver as a process and follows it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Ec2Options } from '../../../src/machines/ec2/options';
import type { Pace } from '../../../src/machines/ec2/pace';
import { environment, FAST, type World } from './world';

export interface DriverRequest {
  readonly verb: 'verify' | 'bake';
  readonly options: Partial<Ec2Options>;
  readonly name?: string;
  readonly pace: Pace;
}

export interface Driven {
  readonly process: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly end: Promise<number | string>;
  readonly events: Record<string, unknown>[];
  /** Waits for the first event with this key. */
  event(key: string): Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
}

let bundle: Promise<string> | undefined;

/** The driver with the SDK in one file: starting it takes half the time. */
function driver(): Promise<string> {
  bundle ??= (async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-driver-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    const outfile = join(directory, 'driver.mjs');
    await build({
      entryPoints: ['test/support/ec2/driver.ts'],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      mainFields: ['module', 'main'],
      logLevel: 'warning',
      outfile,
    });
    return outfile;
  })();
  return bundle;
}

export async function drive(world: World, request: Partial<DriverRequest> = {}): Promise<Driven> {
  const asked: DriverRequest = { verb: 'verify', options: {}, pace: FAST, ...request };
  const child = spawn(process.execPath, [await driver(), JSON.stringify(asked)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment(world.gate, world.region) },
  });
  const events: Record<string, unknown>[] = [];
  const waiting: { key: string; resolve: (value: unknown) => void }[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as Record<string, unknown>;
      events.push(event);
      for (const { key, resolve } of waiting) if (key in event) resolve(event[key]);
    }
  });
  const end = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });
  return {
    process: child,
    end,
    events,
    event(key) {
      const before = events.find((event) => key in event);
      if (before) return Promise.resolve(before[key]);
      const ended = end.then((code) => {
        throw new Error(`ended with ${code} before "${key}": ${JSON.stringify(events)}`);
      });
      return Promise.race([new Promise((resolve) => waiting.push({ key, resolve })), ended]);
    },
    kill: (signal) => child.kill(signal),
  };
}
