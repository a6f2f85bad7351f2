// The servers that the scenarios share, by name.
import type { ServerSpec } from './server';

const admin = { 'admin-user': 'alice' };

/** Two plain servers, and one whose user IDs end in a domain that another web server serves. */
export const servers = {
  alpha: { name: 'alpha', host: 11, domain: 'alpha.test', options: admin },
  beta: { name: 'beta', host: 12, domain: 'beta.test', options: admin },
  gamma: {
    name: 'gamma',
    host: 13,
    domain: 'matrix.gamma.test',
    serverName: 'gamma.test',
    options: admin,
  },
} as const satisfies Record<string, ServerSpec>;

export type SharedServer = keyof typeof servers;
