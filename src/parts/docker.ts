import type { Deployment } from '../deployment/deployment';
import { bootStep } from './boot';
import { filesOf } from './files';
import type { Part } from './part';

/** Docker's own names for the engine, its client, its runtime and the two plugins. */
export const PACKAGES = [
  'docker-ce',
  'docker-ce-cli',
  'containerd.io',
  'docker-buildx-plugin',
  'docker-compose-plugin',
] as const;

/**
 * Docker Engine from Docker's own repository. The script adds the repository and installs from it, for a server that has
 * Docker keeps it, and cloud-init's `apt` and `packages` know no condition. Besides, cloud-init needs GnuPG for a key of
 * its `apt` module, which Debian 12's image lacks; cloud-init 22.4.2 then writes an entry that trusts nothing
 * (canonical/cloud-init issue 5535). apt itself reads armoured keys.
 */
export function docker(deployment: Deployment): Part {
  return { files: filesOf('docker', deployment), commands: [bootStep('prepare', ...PACKAGES)] };
}
