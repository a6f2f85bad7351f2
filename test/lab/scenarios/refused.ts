// Negative controls of the first boot: documents that cannot work fail with a visible reason, and the judges report it.
import { spoiled, trusting } from '../document';
import { containersRun } from '../judges/containers';
import { cloudInit, health } from '../judges/inside';
import { permissions } from '../judges/permissions';
import { certificate } from '../judges/web';
import type { Lab } from '../lab';
import type { Scenario } from '../scenario';
import type { ServerSpec } from '../server';
import { ask, holds, type Judge, timed } from '../verdict';
import { serve } from '../web-server';

interface Refusal {
  readonly name: string;
  readonly what: string;
  readonly host: number;
  /** The options of the document, or the change that spoils it. */
  make(lab: Lab): Promise<Pick<ServerSpec, 'options' | 'edit'>>;
  /** The message that the console must show. */
  readonly console: RegExp;
  /** The judges that must fail, each with an observation that one of its verdicts must contain. */
  readonly judges: readonly (readonly [Judge, RegExp])[];
}

const refusals: readonly Refusal[] = [
  {
    name: 'wrong-image',
    what: 'an image that does not exist',
    host: 21,
    async make(lab) {
      // Docker requests images that the mirror lacks from Docker Hub; the stand-in for it has no image either.
      const unknown = { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] };
      const headers = {
        'content-type': 'application/json',
        'docker-distribution-api-version': 'registry/2.0',
      };
      await serve(lab, 'registry-1.docker.io', 30, {
        '/v2/': { status: 200, headers, body: '{}' },
        '/v2/vectorim/element-web/manifests/no-such-tag': {
          status: 404,
          headers,
          body: JSON.stringify(unknown),
        },
      });
      const roots = await lab.world.issuingRoots();
      return {
        options: { 'element-image': 'vectorim/element-web:no-such-tag' },
        edit: (document) => trusting(document, roots),
      };
    },
    console: /failed: pulling vectorim\/element-web:no-such-tag: there is no such image/,
    judges: [
      [cloudInit, /^error/],
      [containersRun, /no container matrix-element-1/],
    ],
  },
  {
    name: 'wrong-apt-key',
    what: "an apt key that did not sign Docker's repository",
    host: 22,
    // A real key, but not the one of the lab's repository: Docker's own.
    make: async () => ({ options: { 'docker-apt-key': 'templates/server/docker.asc' } }),
    console: /failed: installing Docker: the repository is not signed with the document's key/,
    judges: [
      [cloudInit, /^error/],
      [containersRun, /not found|no such file|no container/i],
    ],
  },
  {
    name: 'no-key-directory',
    what: 'a signing key in a directory that does not exist',
    host: 23,
    make: async (lab) => ({
      options: { 'health-timeout': String(10 * lab.patience) },
      edit: (document) => spoiled(document, 'signing_key_path: /data/', 'signing_key_path: /data/nowhere/'),
    }),
    console: /failed: Synapse is not healthy after/,
    judges: [
      [cloudInit, /^error/],
      [containersRun, /\/data\/nowhere\/no-key-directory\.test\.signing\.key/],
      [health, /^000$/],
    ],
  },
  {
    name: 'wrong-owner',
    what: 'files owned by a user that the server does not have',
    host: 25,
    // cloud-init stops at the first such file, and does not write the later ones.
    make: async () => ({
      edit: (document) => document.replace('owner: root:root', 'owner: synapse:synapse'),
    }),
    console: /Running module write.files .*failed/,
    judges: [
      [cloudInit, /Unknown user or group.*synapse/],
      [permissions, /No such file/],
    ],
  },
  {
    name: 'wrong-nginx-line',
    what: 'a line that nginx does not know',
    host: 24,
    make: async () => ({ edit: (document) => spoiled(document, 'http2 on;', 'http2000 on;') }),
    console: /no valid certificate/,
    judges: [[certificate, /ECONNREFUSED.*unknown directive "http2000"/]],
  },
];

export const refused: readonly Scenario[] = refusals.map(({ name, what, host, make, console, judges }) => ({
  name,
  what: `a document that cannot work is seen to fail: ${what}`,
  servers: [],
  async run(lab, tell) {
    const machineName = name.replaceAll('-', '').slice(0, 10);
    const server = await lab.boot({ name: machineName, host, domain: `${name}.test`, ...(await make(lab)) });
    tell(
      await timed('console', async () => {
        const line = server.machine.log.find(console)?.text;
        const last = server.machine.log.find(/gen-cloudinit: (failed|ready)/)?.text;
        return [
          holds(
            'the reason is on the console',
            line !== undefined,
            line ?? last ?? 'nothing',
            console.source,
          ),
        ];
      }),
    );
    for (const [judge, reason] of judges) {
      const [judgement] = await ask([judge], lab.place(server));
      const failed = (judgement?.verdicts ?? []).filter(({ ok }) => !ok);
      const found = failed.find(({ seen }) => reason.test(seen));
      const seen = (found ? [found] : failed).map((verdict) => `${verdict.name}: ${verdict.seen}`).join('; ');
      tell({
        judge: judge.name,
        seconds: judgement?.seconds ?? 0,
        verdicts: [
          holds('refused with the reason', found !== undefined, seen || 'all is well', reason.source),
        ],
      });
    }
    await server.machine.destroy();
  },
}));
