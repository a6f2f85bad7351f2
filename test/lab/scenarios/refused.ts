// The lab can say no to a first boot: documents that cannot work end with cloud-init's error and with the reason shown.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spoiled } from '../document';
import type { Scenario } from '../scenario';
import type { ServerSpec } from '../server';
import { holds, is, timed } from '../verdict';

interface Refusal extends ServerSpec {
  readonly reason: RegExp;
}

const spec = (name: string, host: number) => ({ name, host, domain: `${name}.test` });

const refusals = (foreignKey: string): readonly Refusal[] => [
  {
    ...spec('noimage', 21),
    options: { 'element-image': 'vectorim/no-such-image:latest' },
    reason: /failed: pulling vectorim\/no-such-image:latest: there is no such image/,
  },
  {
    ...spec('nokey', 22),
    options: { 'docker-apt-key': foreignKey },
    reason: /failed: installing Docker: the repository is not signed with the document's key/,
  },
  {
    ...spec('nodir', 23),
    options: { 'health-timeout': '30' },
    edit: (document) => spoiled(document, 'signing_key_path: /data/', 'signing_key_path: /data/nowhere/'),
    reason: /failed: Synapse is not healthy after/,
  },
];

export const refused: Scenario = {
  name: 'refused',
  what: 'documents that cannot work end with an error and with the reason on the console',
  servers: [],
  async run(lab, tell) {
    const foreignKey = join(lab.options.out, 'foreign-key.asc');
    // A real key, but not the one that signs the lab's repository: Docker's own.
    await copyFile('templates/docker.asc', foreignKey);
    for (const { reason, ...server } of refusals(foreignKey)) {
      tell(
        await timed(server.name, async () => {
          const { machine, status } = await lab.boot(server);
          const line = machine.log.find(/gen-cloudinit: failed:/)?.text ?? 'no such line';
          await machine.destroy();
          return [
            is('cloud-init says error', status.status, 'error'),
            holds('the reason is on the console', reason.test(line), line, String(reason)),
          ];
        }),
      );
    }
  },
};
