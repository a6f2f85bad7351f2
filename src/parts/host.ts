import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import matrixctl from '../../templates/matrixctl/matrixctl.sh';
import type { Deployment } from '../deployment/deployment';
import { bootStep, SCRIPT } from './boot';
import { escapeFor } from './escape';
import { filesOf } from './files';
import { WAIT_FOR_PROXY } from './nginx';
import type { Content, Part } from './part';

/**
 * What holds for the whole first boot.
 *
 * cloud-init marks each module as done for this instance before it runs it, and never repeats it; after a power cut the
 * files that it wrote may be empty and its marks there all the same. `bootcmd` alone runs at every boot, and before the
 * files are written: until the first boot is finished, it takes those marks away, and cloud-init does all of it again. Once
 * it is finished, bootcmd sets them: a new instance id (a restart on Google Cloud, a rescale at Hetzner, a copy of the
 * disk) would else write the document's files over what the owner has changed since. A document that contradicts what the
 * server is for ever is stopped in the same place, before it has overwritten anything (cloudinit/helpers.py,
 * FileSemaphores).
 *
 * runcmd's lines become one sh script that goes on after a failed line and whose last line alone decides
 * (canonical/cloud-init issue 7037), so the script is told to stop and to say why. A lock keeps it and the timer that
 * repeats it apart, and what a failed run still has in the background is ended, so that it is not in the next one's way.
 * cloud-init leaves HOME unset, and Docker's client wants it.
 */
export function host(deployment: Deployment, content: Content): Part {
  const { serverName, baseDir } = deployment;
  const record = '/var/lib/gen-cloudinit/server';
  const ready = '/var/lib/gen-cloudinit/ready';
  const identity = escapeFor('bootcmd.sh')(`${serverName}:${baseDir}`);
  return {
    files: filesOf('host', deployment, { dockerKeySha256: sha256Of(deployment.dockerAptKey) }),
    early: [
      'cd /var/lib/cloud/instance/sem || exit 0',
      'set -- config_write_files config_runcmd config_scripts_user',
      `if [ -e ${ready} ]; then touch $@; else rm -f $@; fi`,
      `if grep -qsvxF ${identity} ${record}; then touch $@; echo gen-cloudinit: failed: this server is $(cat ${record}); exit 1; fi`,
    ],
    commands: [
      'set -eu',
      'export HOME=/root',
      ...(content.matrixctl === 'fetched' && deployment.scriptUrl ? [fetchScript(deployment.scriptUrl)] : []),
      '(umask 077; : >>/run/matrix.lock)',
      'exec 9>>/run/matrix.lock',
      `flock -n 9 || exec ${bootStep('busy')}`,
      'echo "first boot, process $$" >/run/matrix.lock',
      `trap '${bootStep('end')} $? \${proxy-} \${pull-}' EXIT`,
    ],
  };
}

/** The last lines of the first boot. */
export function finish({ restoreFrom }: Deployment): Part {
  return { files: [], commands: [...(restoreFrom ? [] : [WAIT_FOR_PROXY]), bootStep('ready')] };
}

/**
 * Fetches the script that operates the server, unless it is there. apt's downloader is on every image, where curl is not, and
 * refuses a file with another checksum. Nothing else tries again before the next boot, so that this does for half an hour.
 */
function fetchScript(url: string): string {
  const source = escapeFor('runcmd.sh')(url);
  const sum = sha256Of(matrixctl);
  return `fetch_script() {
  /usr/lib/apt/apt-helper download-file ${source} ${SCRIPT}.new SHA256:${sum} &&
    chmod 755 ${SCRIPT}.new && mv -T ${SCRIPT}.new ${SCRIPT}
}
for second in $(seq 0 20 1800); do
  if echo '${sum}  ${SCRIPT}' | sha256sum -c >/dev/null 2>&1 || fetch_script; then break; fi
  rm -f ${SCRIPT}.new*
  if [ "$second" = 1800 ]; then
    echo 'gen-cloudinit: failed:' ${source} 'does not answer with matrixctl of the checksum that the document names'
    exit 1
  fi
  sleep 20
done`;
}

function sha256Of(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
