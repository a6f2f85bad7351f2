import type { Deployment } from '../deployment/deployment';
import { bootStep } from './boot';
import { escapeFor } from './escape';
import { filesOf } from './files';
import { WAIT_FOR_PROXY } from './nginx';
import type { Part } from './part';

function compose(deployment: Deployment, words: string): string {
  return `docker compose -f ${escapeFor('runcmd.sh')(`${deployment.baseDir}/docker-compose.yml`)} ${words}`;
}

/**
 * The compose file of the stack, the owners of all files, and the images: those of Synapse and Element come in
 * the background while the database starts. Images that the server has already are not pulled again, so that a
 * second run changes nothing.
 */
export function stack(deployment: Deployment): Part {
  const { images } = deployment;
  return {
    files: filesOf('stack', deployment, { addresses: publishedAddresses(deployment.synapseBind) }),
    commands: [
      `${bootStep('pull', images.synapse, images.element)} 9>&- & pull=$!`,
      bootStep('pull', images.postgres),
    ],
  };
}

export function postgres(deployment: Deployment): Part {
  return { files: filesOf('postgres', deployment), commands: [compose(deployment, 'up -d db')] };
}

export function synapse(deployment: Deployment): Part {
  return {
    files: filesOf('synapse', deployment),
    commands: [
      'wait $pull',
      ...(deployment.restoreFrom ? [WAIT_FOR_PROXY, bootStep('begin')] : []),
      compose(deployment, 'up -d synapse'),
      bootStep('wait'),
    ],
  };
}

/**
 * With its dependencies, though Synapse has just answered `boot wait`: Docker Compose would make a container anew that was made
 * with --no-deps.
 */
export function element(deployment: Deployment): Part {
  return { files: filesOf('element', deployment), commands: [compose(deployment, 'up -d element')] };
}

/**
 * Synapse's port mappings: always on loopback, where nginx and the health check look for it, and on the address
 * asked for unless that covers loopback.
 */
function publishedAddresses(bind: string): string[] {
  const mapping = (address: string) => `${address.includes(':') ? `[${address}]` : address}:8008:8008`;
  if (bind === '0.0.0.0') return [mapping(bind)];
  return [...new Set(['127.0.0.1', bind])].map(mapping);
}
