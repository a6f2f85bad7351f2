import type { Deployment } from '../deployment/deployment';
import { docker } from './docker';
import { finish, host } from './host';
import { element, postgres, stack, synapse } from './matrix';
import { nginx } from './nginx';
import type { Content, Part } from './part';

/** The parts in the order of the first boot. */
export function partsOf(deployment: Deployment, content: Content): Part[] {
  return [host, docker, nginx, stack, postgres, synapse, element, finish].map((part) =>
    part(deployment, content),
  );
}
