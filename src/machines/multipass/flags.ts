/** The flags of a multipass instance. Its own defaults (1 CPU, 1G, 5G) are too small for the deployment. */
import type { MachineFlags } from '../backend';

export const MULTIPASS_DEFAULTS = { image: '24.04', cpus: '2', memory: '4G', disk: '20G' } as const;

export const MULTIPASS_FLAGS: MachineFlags = {
  name: { type: 'string', help: 'name of the instance', default: 'gc-verify- and random letters' },
  image: {
    type: 'string',
    help: 'image: a release, an alias, a URL or file://...',
    default: MULTIPASS_DEFAULTS.image,
  },
  cpus: { type: 'string', help: 'processors', default: MULTIPASS_DEFAULTS.cpus },
  memory: { type: 'string', help: 'memory, such as 4G', default: MULTIPASS_DEFAULTS.memory },
  disk: { type: 'string', help: 'disk, such as 20G', default: MULTIPASS_DEFAULTS.disk },
};
