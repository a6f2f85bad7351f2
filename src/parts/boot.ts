import { escapeFor } from './escape';

/** Where the script that operates the server lands. */
export const SCRIPT = '/usr/local/sbin/matrixctl';

/** Where the key of Docker's repository lands. */
export const APT_KEY = '/etc/apt/keyrings/gen-cloudinit-docker.asc';

/**
 * One step of the first boot, as a line of runcmd; systemd, and with it cloud-init, has the script's directory in PATH.
 * @param words values, each of which arrives as one word
 */
export function bootStep(
  step: 'prepare' | 'proxy' | 'pull' | 'begin' | 'wait' | 'ready' | 'end' | 'busy',
  ...words: string[]
): string {
  return ['matrixctl boot', step, ...words.map(escapeFor('runcmd.sh'))].join(' ');
}
