// Judges that ask from outside over verified TLS what browsers and clients ask first.
import { pause } from '../machines/run';
import type { Place } from '../place';
import { containers, type Server, sh } from '../server';
import { holds, is, type Judge, type Verdict } from '../verdict';

/** Whether two JSON texts have the same content, in any order of keys. */
const normal = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** The body as JSON, or as text if it does not parse. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** The last errors in nginx's log, which show why a site is not served. */
const nginxErrors = (server: Server): Promise<string> =>
  sh(server, `docker logs ${containers.nginx} 2>&1 | grep -E '\\[(emerg|error)\\]' | tail -n 3`);

/**
 * The certificate as the world's client sees it, which trusts pebble's root alone. nginx orders it after its start, so
 * it may arrive some seconds after the first boot has ended.
 */
export const certificate: Judge = {
  name: 'certificate',
  async ask({ server, world, patience }) {
    const ca = await world.issuingRoots();
    const expected = `DNS:${server.domain}`;
    const end = Date.now() + 20_000 * patience;
    for (;;) {
      const seen = await world.fetch({ url: `https://${server.domain}/`, ca }).then(
        (answer) => answer.certificate?.names,
        (error: Error) => error.message,
      );
      const errors = seen === expected ? '' : await nginxErrors(server);
      // If nginx rejects its configuration, waiting does not help.
      const waiting = /ECONNREFUSED/.test(seen ?? '') && !/\[emerg\]/.test(errors) && Date.now() < end;
      if (waiting) {
        await pause(500);
        continue;
      }
      const words = seen === expected ? '' : `; nginx says: ${errors}`;
      return [is('certificate of pebble, for the domain', `${seen}${words}`, expected)];
    }
  },
};

export const element: Judge = {
  name: 'Element',
  async ask({ server: { domain, serverName }, outside }) {
    const page = await outside.fetch(`https://${domain}/`);
    const title = /<title>(.*?)<\/title>/.exec(page.body)?.[1];
    const config = await outside.fetch(`https://${domain}/config.json`);
    const settings = parsed(config.body) as { default_server_config?: unknown };
    const expected = { 'm.homeserver': { base_url: `https://${domain}`, server_name: serverName } };
    return [
      is("Element's page", `${page.status} ${title ?? page.error}`, '200 Element'),
      is(
        "Element's config.json",
        `${config.status} ${config.error || normal(settings.default_server_config ?? null)}`,
        `200 ${normal(expected)}`,
      ),
    ];
  },
};

export const clientVersions: Judge = {
  name: 'client versions',
  async ask({ server: { domain }, outside }) {
    const { status, body, headers, error } = await outside.fetch(`https://${domain}/_matrix/client/versions`);
    const { versions = [] } = parsed(body) as { versions?: string[] };
    const seen = `${status} ${versions.slice(-2).join(' ')}${error}, for ${headers['access-control-allow-origin']}`;
    const ok = status === 200 && versions.includes('v1.11') && headers['access-control-allow-origin'] === '*';
    return [holds('/_matrix/client/versions', ok, seen, '200 with v1.11, for *')];
  },
};

async function wellKnownFile(place: Place, file: 'server' | 'client', expected: unknown): Promise<Verdict[]> {
  const url = `https://${place.server.domain}/.well-known/matrix/${file}`;
  const { status, headers, body, error } = await place.outside.fetch(url, {
    headers: { Origin: 'https://example.com' },
  });
  const content = `${status} ${error || normal(parsed(body))}`;
  return [
    is(`well-known ${file}`, content, `200 ${normal(expected)}`),
    is(`well-known ${file}: type`, headers['content-type']?.replace(/;.*/, ''), 'application/json'),
    is(`well-known ${file}: CORS`, headers['access-control-allow-origin'], '*'),
  ];
}

/** Both files of server discovery. The server offers them even if the user IDs end in another domain. */
export const wellKnown: Judge = {
  name: 'well-known files',
  ask: async (place) => {
    const { domain } = place.server;
    return [
      ...(await wellKnownFile(place, 'server', { 'm.server': `${domain}:443` })),
      ...(await wellKnownFile(place, 'client', { 'm.homeserver': { base_url: `https://${domain}` } })),
    ];
  },
};

/** The key with which other servers verify signatures, on both ports and over IPv4 and IPv6. */
export const federationKey: Judge = {
  name: 'federation key',
  async ask({ server: { domain, serverName }, outside }) {
    const verdicts: Verdict[] = [];
    for (const port of [443, 8448]) {
      for (const family of [4, 6] as const) {
        const url = `https://${domain}:${port}/_matrix/key/v2/server`;
        const { status, body, error, address } = await outside.fetch(url, { family });
        const key = parsed(body) as { server_name?: string; verify_keys?: Record<string, unknown> };
        const ids = Object.keys(key.verify_keys ?? {});
        const ok = status === 200 && key.server_name === serverName && ids.length === 1;
        const seen = `${status} ${error || `${key.server_name} ${ids.join(' ')} from ${address}`}`;
        verdicts.push(holds(`key on ${port} over IPv${family}`, ok, seen, `200 ${serverName} with one key`));
      }
    }
    return verdicts;
  },
};

/** Port 80 sends everything but ACME's challenges to https. */
export const redirect: Judge = {
  name: 'redirect',
  async ask({ server: { domain }, outside }) {
    const verdicts: Verdict[] = [];
    for (const family of [4, 6] as const) {
      const { status, headers, error } = await outside.fetch(`http://${domain}/a/b?c=1`, { family });
      const seen = `${status} ${headers.location ?? error}`;
      verdicts.push(is(`http to https over IPv${family}`, seen, `301 https://${domain}/a/b?c=1`));
    }
    return verdicts;
  },
};
