import type { Deployment } from '../deployment/deployment';
import { bootStep } from './boot';
import { filesOf } from './files';
import type { Part } from './part';

/**
 * What holds for the whole first boot.
 *
 * cloud-init marks each module as done for this instance before it runs it, and never repeats it; after a power cut the
 * files that it wrote may be empty and its marks there all the same. `bootcmd` alone runs at every boot, and before the
 * files are written: until the first boot has set its mark, it takes those of the others away, and cloud-init does all of
 * it again. A document that contradicts what the server is for ever is stopped in the same place, before it has
 * overwritten anything (cloudinit/helpers.py, FileSemaphores).
 *
 * runcmd's lines become one sh script that goes on after a failed line and whose last line alone decides
 * (canonical/cloud-init issue 7037), so the script is told to stop and to say why. A lock keeps it and the timer that
 * repeats it apart. cloud-init leaves HOME unset, and Docker's client wants it.
 */
export function host(deployment: Deployment): Part {
  const { serverName, baseDir } = deployment;
  const record = '/var/lib/gen-cloudinit/server';
  const identity = `${serverName}:${baseDir}`;
  return {
    files: [
      ...filesOf('host', deployment),
      ...(deployment.tools === 'full' ? filesOf('tools', deployment) : []),
    ],
    early: [
      'cd /var/lib/cloud/instance/sem || exit 0',
      'set -- config_write_files config_apt_configure config_runcmd config_scripts_user',
      '[ -e matrix_ready ] || rm -f $@',
      `if grep -qsvxF ${identity} ${record}; then touch $@; echo gen-cloudinit: failed: this server is $(cat ${record}); exit 1; fi`,
    ],
    commands: [
      'set -eu',
      'export HOME=/root',
      'exec 9>/run/matrix.lock',
      'flock -n 9 || exit 0',
      `trap '${bootStep('end', '$?')}' EXIT`,
    ],
  };
}

/** The last line of the first boot. */
export function finish(): Part {
  return { files: [], commands: [bootStep('ready')] };
}
