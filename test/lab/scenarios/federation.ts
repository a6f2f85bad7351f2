// Two generated servers talk to each other, as any two on the internet do.
import { administrator, client } from '../judges/client';
import type { Scenario } from '../scenario';
import { containers, sh } from '../server';
import { holds, timed } from '../verdict';

export const federation: Scenario = {
  name: 'federation',
  what: 'a user of beta.test joins a room of alpha.test, and messages flow both ways',
  servers: ['alpha', 'beta'],
  after: ['first-boot'],
  async run(lab, tell) {
    const [alpha, beta] = await Promise.all([lab.server('alpha'), lab.server('beta')]);
    const place = lab.place(alpha);
    tell(
      await timed('room and messages', async () =>
        client(place, [alpha, beta], {
          what: 'federate',
          host: await administrator(alpha, 'token'),
          guest: await administrator(beta, 'login'),
        }),
      ),
    );
    tell(
      await timed('the way between the servers', async () => {
        // What nginx of alpha saw of beta's Synapse: requests of the federation API, signed and over verified TLS.
        const log = await sh(
          alpha,
          `docker logs ${containers.nginx} 2>&1 | grep '/_matrix/federation/' | grep -c ' 200 '`,
        );
        return [
          holds(
            'requests of the other server through nginx',
            Number(log) > 0,
            `${log.trim()} answered`,
            'some',
          ),
        ];
      }),
    );
  },
};
