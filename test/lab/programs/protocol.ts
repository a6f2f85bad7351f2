// The messages between the lab and its client programs: one JSON text each way, on standard input and
// in the last line of standard output.
import type { Verdict } from '../verdict';

/** One account at one server. It logs in with the password, or without one uses the token of an earlier login. */
export interface Account {
  /** The name of the server, from which the client finds its address. */
  readonly serverName: string;
  readonly user: string;
  readonly password?: string;
  readonly token?: string;
}

export type Task =
  /** A client's day: discovery, login, room, message, sync, media. `addresses` are those that it calls from. */
  | { readonly what: 'chat'; readonly account: Account; readonly addresses: readonly string[] }
  /** Uploads of these sizes in bytes. */
  | { readonly what: 'uploads'; readonly account: Account; readonly sizes: readonly number[] }
  /** A room of the first account's server that the second joins from its own. */
  | { readonly what: 'federate'; readonly host: Account; readonly guest: Account }
  /** The profile of a user of another server, which the account's server has to request. */
  | { readonly what: 'profile'; readonly account: Account; readonly userId: string };

export interface Done {
  readonly verdicts: readonly Verdict[];
  /** Tokens of the logins that were made, by user id. */
  readonly tokens: Readonly<Record<string, string>>;
}
