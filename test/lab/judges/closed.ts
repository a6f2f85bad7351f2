// Judges of what must not be reachable from outside, and of paths that must arrive as they were sent.
import { holds, is, type Judge } from '../verdict';
import { parsed } from './web';

// Spellings of the admin API's path that a proxy might fail to recognize.
const spellings = [
  '/_synapse/admin/v1/server_version',
  '/_synapse/admin/v2/users',
  '//_synapse/admin/v1/server_version',
  '/_synapse//admin/v1/server_version',
  '/%5Fsynapse/admin/v1/server_version',
  '/_synapse%2Fadmin/v1/server_version',
  '/_synapse/%61dmin/v1/server_version',
  '/./_synapse/./admin/v1/server_version',
  '/_matrix/../_synapse/admin/v1/server_version',
  '/_matrix/..%2F_synapse/admin/v1/server_version',
  '/_matrix/%2e%2e/_synapse/admin/v1/server_version',
  '/_synapse/client/../admin/v1/server_version',
  '/_synapse/client/..%2Fadmin/v1/server_version',
  '/_synapse/client%2F..%2Fadmin/v1/server_version',
  '/_synapse/admin/..%2F..%2F_matrix/x',
  '/_synapse/admin/../../_matrix/x',
  '/_synapse/admin/v1/x/..%2F..%2F..%2Fclient/y',
  '/_synapse/admin/v1/server_version?/_matrix/',
  '/_synapse/admin/v1/server_version;/_matrix/',
  '/_synapse/metrics',
  '/_synapse/replication/x',
];

/** Synapse answers in JSON, with an error code or the requested data; nginx and Element do not. */
const fromSynapse = (body: string): boolean => {
  const data = parsed(body);
  return typeof data === 'object' && data !== null && ('errcode' in data || 'server_version' in data);
};

export const adminApi: Judge = {
  name: 'admin API',
  async ask({ server: { domain }, outside }) {
    const reached: string[] = [];
    const silent: string[] = [];
    for (const [port, http] of [
      [443, '1.1'],
      [443, '2'],
      [8448, '1.1'],
    ] as const) {
      const urls = spellings.map((path) => `https://${domain}:${port}${path}`);
      for (const [index, { status, body, error }] of (await outside.fetchAll(urls, { http })).entries()) {
        const path = spellings[index];
        const said = `${path} (port ${port}, HTTP/${http}): ${status} ${error || body.slice(0, 80)}`;
        if (fromSynapse(body)) reached.push(said);
        if (status === 0) silent.push(said);
      }
    }
    return [
      holds(
        'no spelling of the admin API reaches Synapse',
        reached.length === 0,
        reached.join('; ') || 'none',
        'none',
      ),
      holds('nginx answers every spelling', silent.length === 0, silent.join('; ') || 'all', 'all'),
    ];
  },
};

/** Synapse, Element, the database and Docker's own API are for the server itself. */
export const closedPorts: Judge = {
  name: 'closed ports',
  async ask({ server: { machine }, outside }) {
    const verdicts = [];
    for (const port of [8008, 8080, 5432, 2375]) {
      for (const address of [machine.address, machine.address6 ?? '']) {
        const { open, reason } = await outside.connect(address, port);
        const family = address.includes(':') ? 6 : 4;
        verdicts.push(holds(`port ${port} over IPv${family}`, !open, reason, 'refused, or no answer'));
      }
    }
    return verdicts;
  },
};

/** Synapse's own error shows how the path arrived: as an alias that contains a slash, or as an unknown path. */
export const encodedPath: Judge = {
  name: 'encoded path',
  async ask({ server: { domain, serverName }, outside }) {
    const alias = `#no/such room:${serverName}`;
    const ask = async (path: string) => {
      const { status, body, error } = await outside.fetch(`https://${domain}${path}`);
      const { errcode, error: words } = parsed(body) as { errcode?: string; error?: string };
      return `${status} ${error || `${errcode}: ${words}`}`;
    };
    return [
      is(
        '%23, %2F and %20 in an alias arrive as they were sent',
        await ask(`/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`),
        `404 M_NOT_FOUND: Room alias ${alias} not found`,
      ),
      is(
        'an alias cut by a plain slash is another path',
        (await ask('/_matrix/client/v3/directory/room/%23no/such')).replace(/:.*/, ''),
        '404 M_UNRECOGNIZED',
      ),
    ];
  },
};
