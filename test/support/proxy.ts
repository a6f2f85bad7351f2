// A proxy on loopback, as in company networks: CONNECT for https, absolute URLs for http; and a TLS server behind it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

/** Forwards a request to a server on loopback, and returns its answer. */
function relay(incoming: IncomingMessage, outgoing: ServerResponse, port: number, path: string): void {
  const { method, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    // If that connection breaks off, so does this one.
    pipeline(answer, outgoing, () => {});
  });
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}

export interface TestProxy {
  readonly url: string;
  /** Its requests: `CONNECT HOST:PORT`, or method and absolute URL. */
  readonly asked: string[];
  /** The Proxy-Authorization of each request. */
  readonly credentials: (string | undefined)[];
  close(): Promise<void>;
}

/**
 * @param tunnelTo port of loopback where every tunnel ends, for any requested name
 * @param refusal a status with which it refuses everything; with `silence` it never answers
 */
export async function openProxy(tunnelTo: number, refusal?: string | 'silence'): Promise<TestProxy> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const note = ({ method, url, headers }: IncomingMessage) => {
    asked.push(`${method} ${url}`);
    credentials.push(headers['proxy-authorization']);
  };
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    if (refusal) return void outgoing.writeHead(Number.parseInt(refusal, 10)).end('no');
    const { port, pathname, search } = new URL(incoming.url ?? '');
    relay(incoming, outgoing, Number(port), `${pathname}${search}`);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (incoming, socket) => {
    note(incoming);
    socket.on('error', () => socket.destroy());
    if (refusal === 'silence') return;
    if (refusal) return void socket.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 2\r\n\r\nno`);
    const onward = connect(tunnelTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    credentials,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export interface TlsServer {
  readonly port: number;
  /** File with the certificate, for NODE_EXTRA_CA_CERTS. */
  readonly certificate: string;
  /** Host and path of each request. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A server with a certificate of its own for these names. */
export async function openTls(
  names: readonly string[],
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<TlsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`;
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -keyout ${key} -out ${certificate} -addext ${alternatives}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  const asked: string[] = [];
  const server = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (incoming, outgoing) => {
      asked.push(`${incoming.headers.host}${incoming.url}`);
      answer(incoming, outgoing);
    },
  );
  const port = await listen(server);
  return {
    port,
    certificate,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      rmSync(folder, { recursive: true });
    },
  };
}

/** A TLS server that forwards everything to an HTTP server on loopback. */
export function openTlsBefore(url: string, names: readonly string[]): Promise<TlsServer> {
  const port = Number(new URL(url).port);
  return openTls(names, (incoming, outgoing) => relay(incoming, outgoing, port, incoming.url ?? '/'));
}
