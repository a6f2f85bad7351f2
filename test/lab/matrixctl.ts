// Calls for the scenarios of daily operation: matrixctl inside, and a client's HTTP API outside.
import type { ExecResult } from './machines/machine';
import type { Place } from './place';
import { baseDir, containers, type Server, sh } from './server';

/** Runs matrixctl inside; any exit code is a result. */
export function matrixctl(
  { server: { machine }, patience }: Pick<Place, 'server' | 'patience'>,
  words: string,
): Promise<ExecResult> {
  return machine.exec(`matrixctl ${words}`, { timeoutMs: 300_000 * patience });
}

export interface Answered {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One call of the client API from outside, optionally with a JSON body. */
export async function call(
  { server: { domain }, outside }: Place,
  path: string,
  { body, token }: { body?: object; token?: string } = {},
): Promise<Answered> {
  const { code, stdout, stderr } = await outside.run([
    ...['curl', '-sS', '-m', '20', '--cacert', outside.roots, '-w', '\n%{http_code}'],
    ...(token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ['-d', JSON.stringify(body)]),
    `https://${domain}${path}`,
  ]);
  if (code !== 0) throw new Error(`${path}: ${stderr}`);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), data: JSON.parse(stdout.slice(0, end)) };
}

/** Logs in. @throws unless the server accepts the password */
export async function login(place: Place, user: string, password: string): Promise<string> {
  const identifier = { type: 'm.id.user', user };
  const body = { type: 'm.login.password', identifier, password };
  const { status, data } = await call(place, '/_matrix/client/v3/login', { body });
  if (status !== 200) throw new Error(`login of ${user}: ${status} ${JSON.stringify(data)}`);
  return String(data.access_token);
}

/** Registers with a token, as a client does: a session, the token, the end. @returns the last answer */
export async function register(
  place: Place,
  username: string,
  password: string,
  token: string,
): Promise<Answered> {
  const path = '/_matrix/client/v3/register';
  const { session } = (await call(place, path, { body: { username, password } })).data;
  const step = (auth: object) =>
    call(place, path, { body: { username, password, auth: { ...auth, session } } });
  const checked = await step({ type: 'm.login.registration_token', token });
  return checked.status === 401 && !checked.data.errcode ? step({ type: 'm.login.dummy' }) : checked;
}

/** The data by which a server is the same server: each event, account, local file byte for byte, and the keys. */
export function belongings(server: Pick<Server, 'machine'>): Promise<string> {
  const query = (sql: string) => `docker exec ${containers.db} psql -U synapse -At -c "${sql}"`;
  return sh(
    server,
    `set -e
${query('select event_id, json from event_json order by 1')}
${query('select name, password_hash, admin from users order by 1')}
${query('select room_id, creator from rooms order by 1')}
cd ${baseDir}/files
find . -type f ! -name homeserver.yaml ! -name pgpass ! -name '*.pid' ! -path '*/remote_*' | sort | xargs sha256sum`,
  );
}
