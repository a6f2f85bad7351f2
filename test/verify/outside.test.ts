// The probes from outside against real listeners: TLS with a CA of its own, names without a DNS record, open ports.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttps, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Expectations, readExpectations } from '../../src/verify/expectations';
import { judgePorts } from '../../src/verify/outside/closed';
import { ask } from '../../src/verify/outside/request';
import { generated } from '../support/run';

interface Context {
  dir: string;
  server: Server;
  port: number;
  ca: string;
}

const test = suite<Context>('verify: probes from outside');
const DOMAIN = 'matrix.test';

test.before(async (context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'verify-'));
  const [key, cert] = [join(context.dir, 'key.pem'), join(context.dir, 'cert.pem')];
  const names = ['-subj', '/CN=Local Debug CA', '-addext', `subjectAltName=DNS:${DOMAIN}`];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...made, ...names], { stdio: 'ignore' });
  context.ca = readFileSync(cert, 'utf8');
  context.server = createHttps({ key: readFileSync(key), cert: context.ca }, (request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ host: request.headers.host, path: request.url }));
  });
  context.port = await listening(context.server);
});
test.after(({ server, dir }) => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

function listening(server: TcpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

test('the name goes into SNI and Host, the path goes out unchanged; no DNS query', async ({ port, ca }) => {
  const reach = () => ({ host: '127.0.0.1', port });
  const way = { domain: DOMAIN, reach, trust: { kind: 'verified', ca } } as const;
  const path = '/_matrix/../_synapse/%2e%2e/x';
  const answer = await ask(way, { path, port: 8448 });
  assert.is(answer.status, 200, answer.error);
  assert.equal(JSON.parse(answer.body), { host: `${DOMAIN}:8448`, path });
  assert.equal(answer.certificate, { names: `DNS:${DOMAIN}`, issuer: 'Local Debug CA' });
});

test('another name, and another signer, are detected', async ({ port, ca }) => {
  const reach = () => ({ host: '127.0.0.1', port });
  const other = await ask({ domain: 'other.test', reach, trust: { kind: 'verified', ca } }, { path: '/' });
  assert.is(other.status, 0);
  assert.match(other.error, 'ERR_TLS_CERT_ALTNAME_INVALID');
  const stranger = await ask({ domain: DOMAIN, reach, trust: { kind: 'verified' } }, { path: '/' });
  assert.match(stranger.error, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  const anyone = await ask({ domain: DOMAIN, reach, trust: { kind: 'unverified' } }, { path: '/' });
  assert.is(anyone.status, 200);
});

function expectations(...args: string[]): Expectations {
  const found = readExpectations(Buffer.from(generated('--domain', DOMAIN, ...args)));
  if ('problem' in found) throw new Error(found.problem);
  return found;
}

test('ports: refused, accepted and closed (as a forwarder does), silent, answering', async () => {
  const forwarder = createTcp((socket) => socket.destroy());
  const silent = createTcp(() => undefined);
  const talking = createTcp((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n'));
  const servers = [forwarder, silent, talking];
  const [released, quiet, loud] = await Promise.all(servers.map(listening));
  const gone = createTcp();
  const free = await listening(gone);
  gone.close();
  const look = async (port: number | undefined) => {
    const points = await judgePorts(() => ({ host: '127.0.0.1', port: port ?? 0 }), expectations());
    return `${points[2]?.status}: ${points[2]?.seen}`;
  };
  assert.is(await look(free), 'ok: refused');
  assert.is(await look(released), 'ok: closed at once');
  assert.is(await look(quiet), 'failed: open');
  assert.is(await look(loud), 'failed: open, and it answers');
  for (const server of servers) server.close();
});

test('a port that the document publishes on purpose is reported, and does not decide', async () => {
  const reach = () => ({ host: '127.0.0.1', port: 1 });
  const [synapse] = await judgePorts(reach, expectations('--synapse-bind', '10.1.2.3'));
  assert.is(synapse?.status, 'not judged');
  assert.is(synapse?.required, false);
});

test.run();
