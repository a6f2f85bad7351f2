/** One HTTP request to the machine, whatever the DNS says of the domain: its name goes into SNI and Host. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TLSSocket } from 'node:tls';

/** The way to the machine. */
export interface Way {
  readonly domain: string;
  readonly reach: (port: number) => { readonly host: string; readonly port: number };
  /** What TLS is checked against. */
  readonly trust: Trust;
}

export type Trust =
  /** `ca`: PEM of the only roots; when absent, the roots that Node.js knows. */
  | { readonly kind: 'verified'; readonly ca?: string }
  /** Encrypted, but without proof of the other side. */
  | { readonly kind: 'unverified' };

export interface Answer {
  /** 0 when there was none; then `error` says why. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error: string;
  /** Of the certificate, for TLS. */
  readonly certificate?: { readonly names: string; readonly issuer: string };
}

export interface Ask {
  /** Sent as it is: `..` and `%2f` stay. */
  readonly path: string;
  /** 443 when omitted; only 80 is without TLS. */
  readonly port?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds. */
const LIMIT = 20_000;
/** Bytes; config.json and keys are far smaller. */
const MOST = 1_000_000;

export function ask(way: Way, { path, port = 443, headers = {} }: Ask): Promise<Answer> {
  const { domain, reach, trust } = way;
  const to = reach(port);
  const host = port === 443 || port === 80 ? domain : `${domain}:${port}`;
  const options: RequestOptions = { ...to, path, headers: { ...headers, Host: host }, agent: false };
  const tls = {
    servername: domain,
    rejectUnauthorized: trust.kind === 'verified',
    ...(trust.kind === 'verified' && trust.ca !== undefined ? { ca: trust.ca } : {}),
  };
  return new Promise((resolve) => {
    const failed = (error: Error) => {
      clearTimeout(timer);
      resolve({ status: 0, headers: {}, body: '', error: reason(error) });
    };
    const take = (answer: IncomingMessage) => {
      const certificate = certificateOf(answer);
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MOST) chunks.push(chunk);
      });
      answer.on('error', failed);
      answer.on('end', () => {
        clearTimeout(timer);
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
          ),
          body: Buffer.concat(chunks).toString('utf8'),
          error: '',
          ...(certificate ? { certificate } : {}),
        });
      });
    };
    const sent = port === 80 ? httpRequest(options, take) : httpsRequest({ ...options, ...tls }, take);
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${LIMIT / 1000} s`)), LIMIT);
    sent.on('error', failed);
    sent.end();
  });
}

function certificateOf({ socket }: IncomingMessage): Answer['certificate'] {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { subjectaltname, issuer } = socket.getPeerCertificate();
  const name = issuer?.CN ?? issuer?.O;
  return { names: subjectaltname ?? '', issuer: [name].flat().join(', ') || 'an unnamed issuer' };
}

/** Node.js puts the code of OpenSSL and of the system first. */
function reason(error: Error & { readonly code?: string }): string {
  const errors = error instanceof AggregateError ? error.errors.map((each: Error) => each.message) : [];
  const text = error.message || errors.join('; ');
  return error.code && !text.includes(error.code) ? `${error.code}: ${text}` : text;
}
