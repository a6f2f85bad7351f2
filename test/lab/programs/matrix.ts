// A real Matrix client (matrix-js-sdk) as a program of its own, run in the place outside.
import { randomBytes } from 'node:crypto';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AutoDiscovery,
  createClient,
  type MatrixClient,
  type MatrixError,
  Preset,
  SyncState,
  Visibility,
} from 'matrix-js-sdk';
import { holds, is, type Verdict } from '../verdict';
import type { Account, Done, Task } from './protocol';

// matrix-js-sdk is written for Node 22; this adds the parts that Node 20 lacks.
if (!('withResolvers' in Promise)) {
  const withResolvers = () => {
    const made: { resolve?: unknown; reject?: unknown } = {};
    const promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    return { promise, ...made };
  };
  Object.assign(Promise, { withResolvers });
}

// Node gives each address, also the last one, 250 ms to connect before it tries the next. On a busy machine a timer can
// take longer than that, and the client would report that there is no server.
setDefaultAutoSelectFamilyAttemptTimeout(10_000);

// The client allows five seconds per discovery file, which a busy machine may exceed. The lab has a limit of its own.
AutoDiscovery.setFetchFn((resource, init) => fetch(resource, { ...init, signal: null }));

// Standard output is for the answer, so the client must not log there.
for (const level of ['log', 'info', 'debug'] as const) console[level] = console.error;

const tokens: Record<string, string> = {};
const verdicts: Verdict[] = [];

/** Polls `found` until it has an answer; undefined after 40 s. */
async function eventually<T>(found: () => T | undefined): Promise<T | undefined> {
  for (let i = 0; i < 400; i++) {
    const value = found();
    if (value !== undefined) return value;
    await sleep(100);
  }
  return undefined;
}

/** A client of the account, which finds the server by its name alone, as every client does. */
async function enter({ serverName, user, password, token }: Account): Promise<MatrixClient> {
  const found = await AutoDiscovery.findClientConfig(serverName);
  const { state, base_url: baseUrl, error } = found['m.homeserver'];
  if (state !== AutoDiscovery.SUCCESS || !baseUrl) {
    // The client reports only what it would show a user; the lab needs the actual response.
    const seen = await fetch(`https://${serverName}/.well-known/matrix/client`).then(
      async (answer) => `${answer.status} ${await answer.text()}`,
      (cause: Error) => `${cause.message}: ${cause.cause}`,
    );
    throw new Error(`discovery of ${serverName}: ${state} ${error}; its well-known file now: ${seen}`);
  }
  const userId = `@${user}:${serverName}`;
  const known = token ?? tokens[userId];
  if (known) return createClient({ baseUrl, userId, accessToken: known });
  const answer = await createClient({ baseUrl }).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user },
    password: password ?? '',
  });
  tokens[answer.user_id] = answer.access_token;
  return createClient({ baseUrl, userId, accessToken: answer.access_token, deviceId: answer.device_id });
}

/** Starts to sync, and waits for the first answer. */
async function start(client: MatrixClient): Promise<void> {
  await client.startClient({ initialSyncLimit: 20 });
  const working: readonly (SyncState | null)[] = [SyncState.Prepared, SyncState.Syncing];
  const synced = await eventually(() => (working.includes(client.getSyncState()) ? true : undefined));
  if (!synced) throw new Error(`no sync: ${client.getSyncState()} ${client.getSyncStateData()?.error ?? ''}`);
}

/** Whether a message appears in the events that a client has synced. */
async function sees(client: MatrixClient, room: string, body: string): Promise<string> {
  const text = () =>
    client
      .getRoom(room)
      ?.getLiveTimeline()
      .getEvents()
      .map((event) => event.getContent().body as string | undefined)
      .find((seen) => seen === body);
  return (await eventually(text)) ?? 'nothing within 40 s';
}

async function chat({ account, addresses }: Extract<Task, { what: 'chat' }>): Promise<void> {
  const client = await enter(account);
  const whoami = await client.whoami();
  verdicts.push(is('login', whoami.user_id, `@${account.user}:${account.serverName}`));
  const { devices } = await client.getDevices();
  const device = devices.find(({ device_id: id }) => id === whoami.device_id);
  const from = device?.last_seen_ip ?? 'none';
  verdicts.push(holds('address that Synapse sees', addresses.includes(from), from, addresses.join(' or ')));
  await start(client);
  const { room_id: room } = await client.createRoom({ name: 'lab', preset: Preset.PrivateChat });
  const body = `hello ${randomBytes(4).toString('hex')}`;
  await client.sendTextMessage(room, body);
  verdicts.push(is('room, message and sync', await sees(client, room, body), body));

  const bytes = randomBytes(300_000);
  const { content_uri: uri } = await client.uploadContent(new Blob([bytes]), { type: 'image/png' });
  const url = client.mxcUrlToHttp(uri, undefined, undefined, undefined, false, true, true);
  const answer = await fetch(url ?? '', { headers: { authorization: `Bearer ${client.getAccessToken()}` } });
  const same = Buffer.from(await answer.arrayBuffer()).equals(bytes);
  verdicts.push(
    is('media comes back', `${answer.status}, ${same ? 'the same' : 'other'} bytes`, '200, the same bytes'),
  );
  client.stopClient();
}

async function uploads({ account, sizes }: Extract<Task, { what: 'uploads' }>): Promise<void> {
  const client = await enter(account);
  for (const size of sizes) {
    const seen = await client.uploadContent(new Blob([Buffer.alloc(size, 7)])).then(
      () => 'accepted',
      (error: MatrixError) => `refused: ${error.httpStatus ?? ''} ${error.message}`,
    );
    const most = 50 * 1024 ** 2;
    const name = `upload of ${size / 1024 ** 2} MiB`;
    const refused = /^refused: 413/.test(seen);
    verdicts.push(size <= most ? is(name, seen, 'accepted') : holds(name, refused, seen, 'refused: 413'));
  }
}

/**
 * Joins a room of another server. Synapse stops resolving an alias after ten seconds, which two busy servers may exceed at
 * their first contact. A person would then try again, and so does this. @returns the room, or why not.
 */
async function join(client: MatrixClient, alias: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const joined = await client.joinRoom(alias).then(
      ({ roomId }) => roomId,
      (error: MatrixError) => `${error.httpStatus} ${error.message}`,
    );
    if (!joined.startsWith('502 ') || attempt === 3) return joined;
    await sleep(1000);
  }
}

async function federate({ host, guest }: Extract<Task, { what: 'federate' }>): Promise<void> {
  const [here, there] = [await enter(host), await enter(guest)];
  await start(here);
  await start(there);
  const alias = `lab-${randomBytes(4).toString('hex')}`;
  const { room_id: room } = await here.createRoom({
    preset: Preset.PublicChat,
    visibility: Visibility.Public,
    room_alias_name: alias,
  });
  const joined = await join(there, `#${alias}:${host.serverName}`);
  const [from, to] = [host.serverName, guest.serverName];
  verdicts.push(is(`@${guest.user}:${to} joins a room of ${from}`, joined, room));
  if (joined === room) {
    for (const [sender, receiver, name] of [
      [there, here, `a message of ${to} arrives at ${from}`],
      [here, there, `a message of ${from} arrives at ${to}`],
    ] as const) {
      const body = `hello ${randomBytes(4).toString('hex')}`;
      await sender.sendTextMessage(room, body);
      verdicts.push(is(name, await sees(receiver, room, body), body));
    }
  }
  for (const client of [here, there]) client.stopClient();
}

async function profile({ account, userId }: Extract<Task, { what: 'profile' }>): Promise<void> {
  const client = await enter(account);
  const seen = await client.getProfileInfo(userId).then(
    ({ displayname }) => displayname,
    (error: MatrixError) => `${error.httpStatus} ${error.message}`,
  );
  const name = `${account.serverName} finds ${userId}`;
  verdicts.push(is(name, seen, userId.replace(/^@(.*?):.*/, '$1')));
}

const task = JSON.parse(await text(process.stdin)) as Task;
try {
  if (task.what === 'chat') await chat(task);
  else if (task.what === 'uploads') await uploads(task);
  else if (task.what === 'profile') await profile(task);
  else await federate(task);
} catch (error) {
  verdicts.push(holds(`${task.what} to its end`, false, `${error}`, 'no error'));
}
const done: Done = { verdicts, tokens };
// The client's timers would keep the process alive.
process.stdout.write(`\n${JSON.stringify(done)}\n`, () => process.exit());
