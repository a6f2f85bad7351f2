import type { Deployment } from '../deployment/deployment';
import { bootStep } from './boot';
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
 * Docker Engine from Docker's own repository. cloud-init adds the repository but does not install from it: a server
 * that has Docker keeps it, and cloud-init's `packages` knows no condition. `$KEY_FILE` makes apt trust the key for
 * this repository alone, `$RELEASE` is the server's codename (cloudinit/config/cc_apt_configure.py).
 * The list file has a name of its own, so that it can be told from one that the server had before.
 */
export function docker(deployment: Deployment): Part {
  return {
    aptRepository: {
      name: 'docker',
      filename: 'gen-cloudinit-docker.list',
      source: `deb [signed-by=$KEY_FILE] ${deployment.dockerAptUrl} $RELEASE stable`,
      key: rewrapped(deployment.dockerAptKey),
    },
    files: [],
    commands: [bootStep('prepare', ...PACKAGES)],
  };
}

/**
 * The same armoured key in long lines, which cost less in the document. GnuPG reads lines of up to 20,000 characters
 * (g10/armor.c), a terminal takes 4,095.
 */
function rewrapped(armour: string): string {
  const [, head = '', body = '', sum = '', tail = ''] =
    /^(-----BEGIN[^\n]*\n(?:[^\n]*: [^\n]*\n)*)\n([A-Za-z0-9+/=\n]+?)\n(=[A-Za-z0-9+/]{4}\n)?(-----END[^\n]*)/.exec(
      armour,
    ) ?? [];
  return `${head}\n${body.replaceAll('\n', '').replace(/.{1,2048}/g, '$&\n')}${sum}${tail}\n`;
}
