// A browser outside opens the page through nginx, and the page asks the homeserver.
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Lab } from '../lab';
import type { Scenario } from '../scenario';
import { containers, type Server, sh } from '../server';
import { holds, is, timed } from '../verdict';
import { acmeManagement } from '../world/servers';

/** The file beside the report. */
export const screenshot = 'element.png';

/** The hash by which Chromium knows a key: SHA-256 of its SubjectPublicKeyInfo, in base64. */
async function issuerKey({ world }: Lab): Promise<string> {
  const ca = await readFile(world.acmeCaFile, 'utf8');
  const { body } = await world.fetch({ url: `${acmeManagement}/intermediates/0`, ca });
  const key = new X509Certificate(body).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** Opens a page until it has come to rest. @returns the document as it is then. */
async function open(lab: Lab, url: string, image: string, trusted: string): Promise<string> {
  const { stdout } = await lab.outside.run(
    [
      ...['chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'],
      ...['--disable-background-networking', '--window-size=900,600', '--virtual-time-budget=20000'],
      // Trusts a chain with this key in it and no other; names and times are still checked.
      `--ignore-certificate-errors-spki-list=${trusted}`,
      ...[
        `--user-data-dir=${join(lab.outside.folder, 'chromium')}`,
        `--screenshot=${image}`,
        '--dump-dom',
        url,
      ],
    ],
    { timeoutMs: 60_000 },
  );
  return stdout;
}

const title = (page: string) => /<title>(.*?)<\/title>/.exec(page)?.[1];
const words = (html: string) => html.replace(/<script.*?<\/script>|<style.*?<\/style>|<[^>]*>/gs, ' ');

export const browser: Scenario = {
  name: 'browser',
  what: 'Chromium outside opens Element through nginx',
  servers: ['alpha'],
  async run(lab, tell) {
    const server: Server = await lab.server('alpha');
    const url = `https://${server.domain}/`;
    const trusted = await issuerKey(lab);
    const image = resolve(lab.options.out, screenshot);
    tell(
      await timed('page', async () => {
        const page = await open(lab, url, image, trusted);
        const shown = (id: string) => new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(page)?.[1];
        const versions = shown('versions') ?? words(page);
        return [
          is('title', title(page), 'Element'),
          is('homeserver of its configuration', shown('homeserver'), `https://${server.domain}`),
          is('server name of its configuration', shown('server-name'), server.serverName),
          holds('answer of the homeserver', /\bv1\.11\b/.test(versions), versions, 'its versions'),
        ];
      }),
    );
    tell(
      await timed('what a browser refuses is seen', async () => {
        const scratch = join(lab.outside.folder, 'refused.png');
        const foreign = await open(lab, url, scratch, createHash('sha256').digest('base64'));
        await sh(server, `docker stop ${containers.element}`);
        const gone = await open(lab, url, scratch, trusted);
        await sh(server, `docker start ${containers.element}`);
        return [
          holds(
            'a certificate that is not trusted',
            title(foreign) === undefined,
            words(foreign).trim() || 'no page',
            'no page',
          ),
          holds('no Element behind nginx', /502 Bad Gateway/.test(gone), words(gone), '502 Bad Gateway'),
        ];
      }),
    );
  },
};
