// A client in the lab's internet: it uses the lab's DNS, and trusts only the given certificate authority.
import { Resolver } from 'node:dns/promises';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { gateway } from './netns';

/** A request from inside the world. */
export interface LabRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM of the only trusted roots; the system's if absent. */
  readonly ca?: string;
  /** Address family to use, where a name has both. */
  readonly family?: 4 | 6;
  /** Milliseconds until the request fails; 60000 if absent. */
  readonly timeout?: number;
}

/** Its answer. Redirects are not followed. */
export interface LabResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Address that answered. */
  readonly address: string;
  /** The server's certificate, for https. */
  readonly certificate?: {
    readonly names: string;
    readonly issuer: string;
    readonly validTo: string;
    readonly serial: string;
  };
}

const resolver = new Resolver({ timeout: 5000, tries: 2 });
resolver.setServers([gateway]);

async function addresses(
  host: string,
  family: 4 | 6 | undefined,
): Promise<{ address: string; family: number }[]> {
  const ask = async (version: 4 | 6) => {
    if (family !== undefined && family !== version) return [];
    const found = version === 4 ? resolver.resolve4(host) : resolver.resolve6(host);
    return (await found.catch(() => [])).map((address) => ({ address, family: version }));
  };
  const found = [...(await ask(4)), ...(await ask(6))];
  if (found.length === 0) throw Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' });
  return found;
}

/**
 * Makes one HTTP or HTTPS request in the namespace of the process.
 * @throws the connection's or TLS verification's error, with its code in the message.
 */
export function labFetch(ask: LabRequest): Promise<LabResponse> {
  const lookup: LookupFunction = (host, options, done) => {
    addresses(host, ask.family).then(
      (found) => (options.all ? done(null, found) : done(null, found[0]!.address, found[0]!.family)),
      (error: NodeJS.ErrnoException) => done(error, '', 4),
    );
  };
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(new Error(`${ask.url}: ${error.code ?? ''} ${error.message}`.replace('  ', ' ')));
    const options: RequestOptions & { ca?: string; autoSelectFamilyAttemptTimeout: number } = {
      method: ask.method ?? 'GET',
      headers: { 'user-agent': 'lab', ...ask.headers }, // pebble refuses requests without one (RFC 8555, 6.1)
      lookup,
      autoSelectFamilyAttemptTimeout: 10_000, // a busy machine may use up Node's 250 ms
      agent: false,
      ...(ask.ca === undefined ? {} : { ca: ask.ca }),
      signal: AbortSignal.timeout(ask.timeout ?? 60_000),
    };
    const request = (ask.url.startsWith('https:') ? httpsRequest : httpRequest)(
      ask.url,
      options,
      (response) => {
        const parts: Buffer[] = [];
        const socket = response.socket;
        const peer = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
        const address = socket.remoteAddress ?? '';
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', fail);
        response.on('end', () => {
          const headers = Object.entries(response.headers).map(([name, value]) => [name, `${value}`]);
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(headers),
            body: Buffer.concat(parts).toString(),
            address,
            ...(peer && {
              certificate: {
                names: peer.subjectaltname ?? '',
                issuer: `${peer.issuer.CN}`,
                validTo: peer.valid_to,
                serial: peer.serialNumber,
              },
            }),
          });
        });
      },
    );
    request.on('error', fail);
    request.end(ask.body);
  });
}
