/** The tools of the machine that `check` asks: shells for syntax, cloud-init for its own schema. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Shell } from '../cloudinit/lint/scripts';

export interface ToolResult {
  /** Exit code; null when it was ended by a signal, as after the time limit. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Each answers undefined when the tool is not installed. Tests and other front ends bring their own. */
export interface CheckTools {
  /** Reads the script without running it (`-n`). */
  syntax(shell: Shell, script: string): Promise<ToolResult | undefined>;
  /** `cloud-init schema` on the document. */
  schema(document: string): Promise<ToolResult | undefined>;
}

export const SYSTEM_TOOLS: CheckTools = {
  syntax: (shell, script) => run(shell, ['-n'], script),
  async schema(document) {
    // cloud-init wants a file; it may hold secrets, so it lies in a directory of our own and goes at once.
    const directory = await mkdtemp(join(tmpdir(), 'gen-cloudinit-'));
    try {
      const file = join(directory, 'user-data');
      await writeFile(file, document, { mode: 0o600 });
      return await run('cloud-init', ['schema', '-c', file]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

/** Milliseconds; cloud-init takes less than one second on a slow machine. */
const TIME_LIMIT = 30_000;

/** Runs a program without a shell. Undefined when there is none by that name on PATH. */
function run(program: string, args: readonly string[], input = ''): Promise<ToolResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Messages in English; BASH_ENV and the like must not run anything.
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', LC_ALL: 'C.UTF-8' },
    });
    // Not spawn's own `timeout`: its timer outlives a program that was not found, and Node waits for it.
    const limit = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        if (said[name].length < 1_000_000) said[name] += chunk;
      });
    }
    child.on('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      if (cause.code === 'ENOENT' || cause.code === 'EACCES') resolve(undefined);
      else reject(cause);
    });
    child.on('close', (code) => {
      clearTimeout(limit);
      resolve({ code, ...said });
    });
    // A program that does not read its input closes the pipe; its exit code tells what there is to tell.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
