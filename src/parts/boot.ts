/** Where the script that operates the server lands. */
export const SCRIPT = '/usr/local/sbin/matrixctl';

/** One step of the first boot, as a line of runcmd; systemd, and with it cloud-init, has the script's directory in PATH. */
export function bootStep(
  step: 'prepare' | 'pull' | 'begin' | 'wait' | 'ready' | 'end',
  ...words: string[]
): string {
  return ['matrixctl boot', step, ...words].join(' ');
}
