import type { Deployment } from '../deployment/deployment';
import { bootStep } from './boot';
import { filesOf } from './files';
import type { Part } from './part';

/**
 * What holds for the whole first boot. runcmd's lines become one sh script that goes on after a failed line and
 * whose last line alone decides (canonical/cloud-init issue 7037), so the script is told to stop and to say why.
 * cloud-init leaves HOME unset, and Docker's client wants it.
 */
export function host(deployment: Deployment): Part {
  return {
    files: filesOf('host', deployment),
    commands: ['set -eu', 'export HOME=/root', `trap '${bootStep('end', '$?')}' EXIT`],
  };
}

/** The last lines of the first boot. */
export function finish(deployment: Deployment): Part {
  return { files: [], commands: [...(deployment.adminUser ? [bootStep('admin')] : []), bootStep('ready')] };
}
