/** The first requests of browsers, clients and other servers, through nginx with TLS. */
import { type Check, judging } from '../check';
import type { Expectations } from '../expectations';
import { fields, json } from '../shell';
import { type Answer, ask, type Way } from './request';

const { holds, is } = judging('from outside');

export async function judgeWeb(way: Way, expectations: Expectations): Promise<Check[]> {
  return [
    ...(await element(way, expectations)),
    ...(await clientVersions(way)),
    ...(await wellKnown(way, 'server', { 'm.server': `${way.domain}:443` })),
    ...(await wellKnown(way, 'client', { 'm.homeserver': { base_url: `https://${way.domain}` } })),
    await federationKey(way, 8448, expectations),
    await federationKey(way, 443, expectations),
  ];
}

/** Port 80 redirects everything but the challenges of a certificate's order to https. */
export async function judgeRedirect(way: Way): Promise<Check[]> {
  const { status, headers, error } = await ask(way, { path: '/a/b?c=1', port: 80 });
  return [
    is(
      'port 80 redirects to https',
      `${status} ${error || headers.location}`,
      `301 https://${way.domain}/a/b?c=1`,
    ),
  ];
}

/** Names of the points that need TLS, for a machine that offers none. */
export const TLS_POINTS = [
  "Element's page",
  "Element's config.json",
  '/_matrix/client/versions',
  'well-known server',
  'well-known client',
  'federation key on 8448',
  'federation key on 443',
  '/_synapse/admin refused',
] as const;

async function element(way: Way, { elementConfig }: Expectations): Promise<Check[]> {
  const page = await ask(way, { path: '/' });
  const title = /<title>([^<]*)<\/title>/.exec(page.body)?.[1] ?? 'no title';
  const config = await ask(way, { path: '/config.json' });
  const served = fields(json(config.body));
  // The image may add keys of its own, such as modules; ours must be as they are in the document.
  const wanted = fields(elementConfig);
  const wrong = Object.keys(wanted).filter((key) => sorted(served[key]) !== sorted(wanted[key]));
  return [
    holds("Element's page", page.status === 200 && /element/i.test(title), said(page, title), '200 Element'),
    holds(
      "Element's config.json",
      config.status === 200 && wrong.length === 0,
      said(config, wrong.length > 0 ? `other ${wrong.join(', ')}: ${config.body}` : "the document's"),
      "200 the document's",
    ),
  ];
}

async function clientVersions(way: Way): Promise<Check[]> {
  const answer = await ask(way, { path: '/_matrix/client/versions' });
  const { versions } = fields(json(answer.body));
  const newest = Array.isArray(versions) ? versions.map(String).at(-1) : undefined;
  const ok = answer.status === 200 && newest !== undefined;
  return [holds('/_matrix/client/versions', ok, said(answer, newest ?? answer.body), '200 with versions')];
}

async function wellKnown(way: Way, file: 'server' | 'client', expected: object): Promise<Check[]> {
  const path = `/.well-known/matrix/${file}`;
  const answer = await ask(way, { path, headers: { Origin: 'https://app.example.org' } });
  const type = answer.headers['content-type']?.replace(/;.*/, '') ?? 'no type';
  const cors = answer.headers['access-control-allow-origin'] ?? 'no origin';
  const content = json(answer.body) === undefined ? answer.body : sorted(json(answer.body));
  return [
    is(
      `well-known ${file}`,
      said(answer, `${content}, ${type}, for ${cors}`),
      `200 ${sorted(expected)}, application/json, for *`,
    ),
  ];
}

/** The key by which other servers check signatures. */
async function federationKey(way: Way, port: number, { serverName }: Expectations): Promise<Check> {
  const answer = await ask(way, { path: '/_matrix/key/v2/server', port });
  const { server_name: name, verify_keys: keys } = fields(json(answer.body));
  const ids = Object.keys(fields(keys));
  const ok = answer.status === 200 && name === serverName && ids.length > 0;
  const seen = said(answer, name === undefined ? answer.body : `${String(name)} ${ids.join(' ')}`);
  return holds(`federation key on ${port}`, ok, seen, `200 ${serverName} with a key`);
}

/** The status with the answer, or why there was none. */
function said({ status, error }: Answer, words: string): string {
  return error ? `no answer: ${error}` : `${status} ${words}`;
}

/** JSON with sorted keys, to compare two texts. */
function sorted(value: unknown): string {
  const ordered = (_key: string, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, ordered) ?? 'nothing';
}
