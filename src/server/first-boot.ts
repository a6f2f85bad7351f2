import matrixctl from '../../templates/matrixctl/matrixctl.sh';
import type { Deployment } from '../config/deployment';
import { escapeFor } from './escape';
import { type Content, SCRIPT, sha256Of } from './files';

/** Docker's own names for the engine, its client, its runtime and the two plugins. */
export const PACKAGES = [
  'docker-ce',
  'docker-ce-cli',
  'containerd.io',
  'docker-buildx-plugin',
  'docker-compose-plugin',
] as const;

const inShell = escapeFor('runcmd.sh');

/** One step of `matrixctl boot`; systemd, and with it cloud-init, has the script's directory in PATH. */
function step(
  name: 'prepare' | 'proxy' | 'pull' | 'begin' | 'wait' | 'ready' | 'end' | 'busy',
  ...words: string[]
): string {
  return ['matrixctl boot', name, ...words.map(inShell)].join(' ');
}

/**
 * The script that cloud-init runs at the end of the first boot, line by line.
 *
 * runcmd's lines become one sh script that continues after a failed line and whose last line alone decides
 * (canonical/cloud-init issue 7037). So this script stops at the first failure and reports the reason. A lock separates
 * it from the timer that repeats it. At its end it stops what a failed run still has in the background, which would
 * disturb the next run. cloud-init leaves HOME unset, and Docker's client needs it.
 *
 * The script installs Docker, because cloud-init's `apt` and `packages` know no condition, and a server that has Docker
 * keeps it. Besides, cloud-init needs GnuPG for a key of its `apt` module, which Debian 12's image lacks; cloud-init
 * 22.4.2 then writes an entry that trusts nothing (canonical/cloud-init issue 5535). apt itself reads armoured keys.
 *
 * nginx with its certificate, and the images of Synapse and Element, come in the background while the database starts: a
 * slow certificate authority must not delay Synapse. The script does not pull images that the server has, so a second run
 * changes nothing. Element starts with its dependencies, although Synapse has just answered: otherwise Docker Compose
 * would recreate a container made with --no-deps. A restored backup starts everything on its own.
 */
export function firstBoot(deployment: Deployment, content: Content): string[] {
  const { baseDir, images, restoreFrom, scriptUrl } = deployment;
  const up = (service: string) =>
    `docker compose -f ${inShell(`${baseDir}/docker-compose.yml`)} up -d ${service}`;
  return [
    'set -eu',
    'export HOME=/root',
    ...(content.matrixctl === 'fetched' && scriptUrl ? [fetchScript(scriptUrl)] : []),
    '(umask 077; : >>/run/matrix.lock)',
    'exec 9>>/run/matrix.lock',
    `flock -n 9 || exec ${step('busy')}`,
    'echo "first boot, process $$" >/run/matrix.lock',
    `trap '${step('end')} $? \${proxy-} \${pull-}' EXIT`,
    step('prepare', ...PACKAGES),
    `${step('proxy', images.nginx)} 9>&- & proxy=$!`,
    `${step('pull', images.synapse, images.element)} 9>&- & pull=$!`,
    step('pull', images.postgres),
    up('db'),
    'wait $pull',
    ...(restoreFrom ? ['wait $proxy', step('begin')] : []),
    up('synapse'),
    step('wait'),
    up('element'),
    ...(restoreFrom ? [] : ['wait $proxy']),
    step('ready'),
  ];
}

/**
 * The lines that cloud-init runs early at every boot, before it writes files.
 *
 * cloud-init marks each module as done for this instance before it runs it, and never repeats it. After a power cut the
 * files that it wrote may be empty, and its marks exist all the same. Only `bootcmd` runs at every boot, and before the
 * files are written: until the first boot is finished, it removes those marks, and cloud-init repeats everything. Once
 * the first boot is finished, bootcmd sets them: otherwise a new instance id (a restart on Google Cloud, a rescale at
 * Hetzner, a copy of the disk) would overwrite the owner's later changes with the document's files. The same place stops
 * a document that contradicts what the server permanently is, before it has overwritten anything (cloudinit/helpers.py,
 * FileSemaphores).
 */
export function everyBoot({ serverName, baseDir }: Deployment): string[] {
  const record = '/var/lib/gen-cloudinit/server';
  const ready = '/var/lib/gen-cloudinit/ready';
  const identity = escapeFor('bootcmd.sh')(`${serverName}:${baseDir}`);
  const marks = 'config_write_files config_runcmd config_scripts_user';
  return [
    'cd /var/lib/cloud/instance/sem || exit 0',
    `if [ -e ${ready} ]; then touch ${marks}; else rm -f ${marks}; fi`,
    `if grep -qsvxF ${identity} ${record}; then touch ${marks}; echo gen-cloudinit: failed: this server is $(cat ${record}); exit 1; fi`,
  ];
}

/**
 * Fetches the script that operates the server, unless it is there. Every image has apt's downloader, but not curl; the
 * downloader refuses a file with another checksum. Nothing else retries before the next boot, so this retries for half an
 * hour.
 */
function fetchScript(url: string): string {
  const source = inShell(url);
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
