import { spawnSync } from 'node:child_process';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a user would. Without colours and without a terminal. */
export function run(args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, stdout, stderr };
}

/** The document of these options; fails when the command does. */
export function generated(...args: string[]): string {
  const { code, stdout, stderr } = run(args);
  if (code !== 0) throw new Error(`gen-cloudinit ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** The document of these options in the form for EC2. */
export function forEc2(...args: string[]): Buffer {
  const argv = ['dist/cli.js', ...args, '--provider', 'ec2'];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv);
  if (status !== 0) throw new Error(`gen-cloudinit ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
