// Faults on demand: a proxy in front of a server of the world that fails as the real internet does.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A server's behaviour towards requests. */
export interface Fault {
  /** ok: nothing. 429, 500: that status. hang: no answer, ever. down: the port is closed. */
  readonly mode: 'ok' | '429' | '500' | 'hang' | 'down';
  /** The number of requests that it affects; all if absent. `down` ignores it. */
  readonly times?: number;
  /** A regular expression that "METHOD /path" must match; every request if absent. `down` ignores it. */
  readonly match?: string;
  /** The clients that it affects, by IP address; all if absent. `down` ignores it. */
  readonly from?: readonly string[];
}

/** The state of one server's faults. */
export class FaultSwitch {
  #fault: Fault = { mode: 'ok' };
  #left = 0;
  #hanging = new Set<ServerResponse>();

  /** Takes effect for the next request; requests that hang are cut off. */
  set(fault: Fault): void {
    this.#fault = fault;
    this.#left = fault.times ?? Number.POSITIVE_INFINITY;
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
  }

  /** Applies the fault to a request. @returns whether it did, and so nothing else may answer the request. */
  meets(request: IncomingMessage, response: ServerResponse): boolean {
    const { mode, match, from } = this.#fault;
    if (mode === 'ok' || mode === 'down' || this.#left <= 0) return false;
    if (from !== undefined && !from.includes(request.socket.remoteAddress ?? '')) return false;
    if (match !== undefined && !new RegExp(match).test(`${request.method} ${request.url}`)) return false;
    this.#left -= 1;
    request.resume();
    if (mode === 'hang') {
      this.#hanging.add(response);
      response.once('close', () => this.#hanging.delete(response));
      return true;
    }
    const code = mode === '429' ? 'TOOMANYREQUESTS' : 'UNKNOWN';
    response.writeHead(Number(mode), { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [{ code, message: `injected ${mode}` }] }));
    return true;
  }
}
