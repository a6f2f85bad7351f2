// Programs of this host, run as the product runs them, and contained where they make children and mounts.
import type { Executed } from '../../../src/system/run';

export { RunError, type RunOptions, run, tryRun } from '../../../src/system/run';
export { pause } from '../../../src/system/wait';

/** The outcome of a program: its exit code (-1 after a signal or a time limit) and its output. */
export type Outcome = Executed;

/**
 * The argv that runs a program with all its children and mounts in namespaces of their own. They end with the program,
 * and it ends when this process does, for any reason. A mount that goes away outside also goes away inside.
 */
export const contained = (argv: readonly string[]): string[] => [
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...[
    'unshare',
    '--mount',
    '--propagation',
    'slave',
    '--pid',
    '--mount-proc',
    '--fork',
    '--kill-child',
    '--',
  ],
  ...argv,
];
