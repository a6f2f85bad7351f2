/** Where the script of the first boot lands. */
export const BOOT_SCRIPT = '/usr/local/sbin/matrix-boot';

/** One step of the first boot, as a line of runcmd. */
export function bootStep(
  step: 'docker' | 'files' | 'pull' | 'wait' | 'admin' | 'ready' | 'end',
  ...words: string[]
): string {
  return [BOOT_SCRIPT, step, ...words].join(' ');
}
