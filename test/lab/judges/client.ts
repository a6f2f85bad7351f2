// Judges by a real client, matrix-js-sdk, from outside.

import type { Place } from '../place';
import type { Account, Done, Task } from '../programs/protocol';
import { type Server, sh } from '../server';
import type { Judge, Verdict } from '../verdict';

// Synapse allows five logins from one address, then one in five minutes (rc_login), so tokens are reused.
const tokens = new WeakMap<Server, Map<string, string>>();

/** Forgets the tokens of a server's users, so that the next task logs in. */
export const forgetTokens = (server: Server): boolean => tokens.delete(server);

/** Logs in as the administrator that the document created, with the password that the server generated. */
export async function administrator(server: Server, how: 'login' | 'token'): Promise<Account> {
  const { serverName } = server;
  const user = 'alice';
  const token = how === 'token' ? tokens.get(server)?.get(`@${user}:${serverName}`) : undefined;
  if (token) return { serverName, user, token };
  return { serverName, user, password: (await sh(server, 'cat /root/matrix-admin-password')).trim() };
}

/** Runs a task in the client. @throws with the client's output if it crashed. */
export async function client(
  { outside, patience }: Place,
  servers: readonly Server[],
  task: Task,
): Promise<readonly Verdict[]> {
  const program = await outside.program('matrix');
  const limit = { timeoutMs: 120_000 * patience };
  const { code, stdout, stderr } = await outside.run(program, { input: JSON.stringify(task), ...limit });
  if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr.slice(-400)}`);
  const done = JSON.parse(stdout.trimEnd().split('\n').pop() ?? '') as Done;
  for (const [userId, token] of Object.entries(done.tokens)) {
    const server = servers.find(({ serverName }) => userId.endsWith(`:${serverName}`));
    if (!server) continue;
    const known = tokens.get(server) ?? new Map<string, string>();
    tokens.set(server, known.set(userId, token));
  }
  return done.verdicts;
}

/** Discovery, login, room, message, sync, media. */
export const chat: Judge = {
  name: 'client',
  ask: async (place) => {
    const account = await administrator(place.server, 'login');
    const { address, address6 } = place.outside;
    return client(place, [place.server], { what: 'chat', account, addresses: [address, address6] });
  },
};

const mebibyte = 1024 ** 2;

/** The overview's limit of 50M: an upload just below it and one just above it. */
export const uploads: Judge = {
  name: 'uploads',
  ask: async (place) => {
    const account = await administrator(place.server, 'token');
    return client(place, [place.server], { what: 'uploads', account, sizes: [49 * mebibyte, 51 * mebibyte] });
  },
};
