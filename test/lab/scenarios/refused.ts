// The lab can say no to a first boot: documents that cannot work end with cloud-init's error and with the reason shown.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spoiled } from '../document';
import type { Scenario } from '../scenario';
import type { ServerSpec } from '../server';
import { holds, is, timed } from '../verdict';

interface Refusal extends ServerSpec {
  readonly reason: RegExp;
  /** The reason is looked for on the console while the first boot still goes on. */
  readonly early?: true;
}

const spec = (name: string, host: number) => ({ name, host, domain: `${name}.test` });

const refusals = (foreignKey: string): readonly Refusal[] => [
  {
    ...spec('noimage', 21),
    options: { 'element-image': 'vectorim/no-such-image:latest' },
    // Behind a mirror Docker goes on to Docker Hub, which the lab does not have: the end would be half an hour away.
    early: true,
    reason: /pulling vectorim\/no-such-image:latest: (?:there is no such image|no answer)/,
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
    for (const { reason, early, ...server } of refusals(foreignKey)) {
      tell(
        await timed(server.name, async () => {
          const outcome = early ? await lab.watch(server, reason) : await lab.boot(server);
          const { machine } = outcome;
          const line = machine.log.find(early ? reason : /gen-cloudinit: failed:/)?.text ?? 'no such line';
          const ready = machine.log.find(/gen-cloudinit: ready/)?.text ?? 'no';
          await machine.destroy();
          return [
            ...('status' in outcome ? [is('cloud-init says error', outcome.status.status, 'error')] : []),
            is('it says ready', ready, 'no'),
            holds('the reason is on the console', reason.test(line), line, String(reason)),
          ];
        }),
      );
    }
  },
};
