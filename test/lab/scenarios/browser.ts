// A browser outside opens the page through nginx, and the page asks the homeserver.
import { X509Certificate } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Lab } from '../lab';
import type { Scenario } from '../scenario';
import { containers, type Server, sh } from '../server';
import { holds, is, timed } from '../verdict';

/** The file next to the report. */
export const screenshot = 'element.png';

// The browser's policies are covered for this program alone; the place outside gives it a mount namespace of its own.
const launch = 'mount --bind "$1" /etc/chromium; shift; exec "$@"';

/** A folder with a policy that adds pebble's root to those that Chromium trusts (enterprise policy CACertificates). */
async function trusting({ outside, world }: Lab): Promise<string> {
  const folder = join(outside.folder, 'policy');
  const { raw } = new X509Certificate(await world.issuingRoots());
  await mkdir(join(folder, 'policies/managed'), { recursive: true });
  const policy = JSON.stringify({ CACertificates: [raw.toString('base64')] });
  await writeFile(join(folder, 'policies/managed/lab.json'), policy);
  return resolve(folder);
}

interface Page {
  /** The DOM once the page is idle; empty if no page was loaded. */
  readonly html: string;
  /** Chromium's error if no page was loaded; otherwise empty. */
  readonly error: string;
}

/** Opens a page, with the system's own policies if no folder is given. */
async function open(
  { outside, patience }: Lab,
  url: string,
  image: string,
  policies?: string,
): Promise<Page> {
  const { stdout, stderr } = await outside.run(
    [
      ...(policies === undefined ? [] : ['sh', '-euc', launch, 'sh', policies]),
      ...['chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'],
      ...['--disable-background-networking', '--window-size=900,600', '--virtual-time-budget=20000'],
      ...[`--user-data-dir=${join(outside.folder, 'chromium')}`, '--enable-logging=stderr'],
      ...[`--screenshot=${image}`, '--dump-dom', url],
    ],
    { timeoutMs: 120_000 * patience },
  );
  return { html: stdout, error: /Page load failed: (\S+)/.exec(stderr)?.[1] ?? '' };
}

const words = ({ html, error }: Page) =>
  error || html.replace(/<script.*?<\/script>|<style.*?<\/style>|<[^>]*>/gs, ' ');

export const browser: Scenario = {
  name: 'browser',
  what: 'Chromium outside opens Element through nginx',
  servers: ['alpha'],
  async run(lab, tell) {
    const server: Server = await lab.server('alpha');
    const url = `https://${server.domain}/`;
    const policies = await trusting(lab);
    tell(
      await timed('page', async () => {
        const page = await open(lab, url, resolve(lab.options.out, screenshot), policies);
        const shown = (id: string) => new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(page.html)?.[1];
        const title = /<title>(.*?)<\/title>/.exec(page.html)?.[1];
        const versions = shown('versions') ?? words(page);
        return [
          is('title', title ?? page.error, 'Element'),
          is('homeserver of its configuration', shown('homeserver'), `https://${server.domain}`),
          is('server name of its configuration', shown('server-name'), server.serverName),
          holds('answer of the homeserver', /\bv1\.11\b/.test(versions), versions, 'its versions'),
        ];
      }),
    );
    tell(
      await timed('a certificate that a browser refuses is detected', async () => {
        const scratch = join(lab.outside.folder, 'refused.png');
        const foreign = await open(lab, url, scratch);
        const misnamed = await open(lab, `https://${server.machine.address}/`, scratch, policies);
        await sh(server, `docker stop ${containers.element}`);
        const gone = await open(lab, url, scratch, policies);
        await sh(server, `docker start ${containers.element}`);
        return [
          is('the certificate without the root', foreign.error, 'net::ERR_CERT_AUTHORITY_INVALID'),
          is('the certificate for another name', misnamed.error, 'net::ERR_CERT_COMMON_NAME_INVALID'),
          holds('no Element behind nginx', /502 Bad Gateway/.test(gone.html), words(gone), '502 Bad Gateway'),
        ];
      }),
    );
  },
};
