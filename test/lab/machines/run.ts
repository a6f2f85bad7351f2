// Programs of this host, run as the product runs them, and contained where they make children and mounts.
import type { Executed } from '../../../src/system/run';

export { RunError, type RunOptions, run, tryRun } from '../../../src/system/run';
export { pause } from '../../../src/system/wait';

/** What a program did: its exit code (-1: ended by a signal or a time limit) and all that it wrote. */
export type Outcome = Executed;

/**
 * The argv that runs a program with all its children and mounts in namespaces of their own: they end with it, and
 * it ends when this process does, however that comes about. What is unmounted outside goes inside too.
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
