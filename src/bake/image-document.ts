/** The user data that prepares the image of a new server: it does the slow work, and leaves nothing of the machine. */
import { packed } from '../../templates/bake/gen-cloudinit-bake';
import bakeUnit from '../../templates/bake/gen-cloudinit-bake.service';
import dockerKey from '../../templates/server/docker.asc';
import { type CloudConfig, permissions } from '../cloudinit/write/cloud-config';
import { toYaml } from '../cloudinit/write/yaml';
import type { Deployment } from '../config/deployment';
import { escapeFor } from '../server/escape';
import { APT_KEY } from '../server/files';
import { PACKAGES } from '../server/first-boot';
import { FORBIDDEN_PATHS } from './forbidden-paths';

/** The part of a deployment that an image depends on. Domain, keys and passwords are not part of it. */
export type ImageSettings = Pick<
  Deployment,
  'distro' | 'dockerAptUrl' | 'dockerAptKey' | 'registryMirror' | 'images'
>;

/** The second line of the document. The audits search the disk for its start: no user data may stay there. */
export const BAKE_MARK = '# gen-cloudinit bake';

/** In memory: its content disappears with the boot, so that nothing has to be removed. */
const RUN = '/run/gen-cloudinit';
const UNIT = 'gen-cloudinit-bake.service';

/**
 * Units that would write an identity of their own, or hold apt's lock, while the image is made: snapd gets a serial number
 * from its shop at the first boot, and no two machines may share one. The masks are in /run, so the next boot has none.
 */
const MASKED = [
  'snapd.service',
  'snapd.socket',
  'snapd.seeded.service',
  'fwupd-refresh.timer',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'unattended-upgrades.service',
];

/** The part of cloud-init's cloud-config that a bake uses. */
export interface BakeConfig extends Pick<CloudConfig, 'write_files' | 'runcmd'> {
  /** Empty: not even the distribution's default user. */
  readonly users: readonly [];
  readonly bootcmd: readonly string[];
}

function bakeConfig(recipe: ImageSettings): BakeConfig {
  const { postgres, synapse, element, nginx } = recipe.images;
  const quoted = escapeFor('bake.sh');
  const script = (...words: string[]) => `/bin/bash ${RUN}/bake ${words.map(quoted).join(' ')}`;
  const file = (path: string, content: string) => ({
    path,
    owner: 'root:root',
    permissions: permissions('0644'),
    content,
  });
  return {
    // No default user: every server makes its own.
    users: [],
    bootcmd: [`systemctl mask --runtime ${MASKED.join(' ')}`],
    write_files: [
      {
        path: `${RUN}/bake`,
        owner: 'root:root',
        permissions: permissions('0755'),
        encoding: 'gz+b64',
        content: `${packed}\n`,
      },
      file(
        `${RUN}/absent`,
        FORBIDDEN_PATHS.flatMap(({ places }) => places.map((place) => `${place}\n`)).join(''),
      ),
      file(`/run/systemd/system/${UNIT}`, bakeUnit),
      file(APT_KEY, recipe.dockerAptKey ?? dockerKey),
      // The ordinary document keeps a server's Docker, so this is also the mirror of the servers made from the image.
      file(
        '/etc/docker/daemon.json',
        `${JSON.stringify(recipe.registryMirror ? { 'registry-mirrors': [recipe.registryMirror] } : {})}\n`,
      ),
    ],
    runcmd: [
      'set -eu',
      script('install', recipe.dockerAptUrl, ...PACKAGES),
      script('pull', __VERSION__, postgres, synapse, element, nginx),
      // The unit waits for cloud-init's end; waiting for the unit here would be a deadlock.
      'systemctl daemon-reload',
      `systemctl start --no-block ${UNIT}`,
    ],
  };
}

/**
 * The document: cloud-config text in ASCII, the same bytes for the same recipe everywhere. The machine's console prints
 * `gen-cloudinit: ready: …` when the disk is fit for an image and the audit on the machine has found nothing,
 * or `gen-cloudinit: failed: WHY`. The machine stays on in both cases.
 */
export function bakeDocument(recipe: ImageSettings): string {
  const header = [
    '#cloud-config',
    `${BAKE_MARK} ${__VERSION__}: makes a new ${recipe.distro === 'ubuntu' ? 'Ubuntu' : 'Debian'} server an image for Matrix servers`,
  ];
  return `${header.join('\n')}\n${toYaml(bakeConfig(recipe))}`;
}
