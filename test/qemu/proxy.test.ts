// Downloads with a proxy: through the proxy, past it, refused by it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { download, fetchBytes } from '../../src/system/download';
import { openProxy, openTls } from '../support/proxy';

const test = suite('downloads behind a proxy');
const folder = mkdtempSync(join(tmpdir(), 'proxied-'));
const saved = { ...process.env };
/** Servers of one test, closed also when it fails: an open one would keep this process. */
const opened: { close(): Promise<unknown> }[] = [];
function opens<Server extends { close(): Promise<unknown> }>(server: Server): Server {
  opened.push(server);
  return server;
}
test.after.each(async () => {
  process.env = { ...saved };
  await Promise.all(opened.splice(0).map((server) => server.close()));
});
test.after(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;
const silent = { progress() {} };
const file = Buffer.alloc(300_000, 'disk');
const sha256 = createHash('sha256').update(file).digest('hex');

/** A server with a file whose first transfer breaks off in the middle, and a proxy in front of it. */
async function serve() {
  const asked: string[] = [];
  let whole = false;
  const server = createServer(({ url, headers }, response) => {
    asked.push([url, headers.range].filter(Boolean).join(' '));
    if (url === '/moved') return void response.writeHead(302, { location: '/disk.img' }).end();
    if (url === '/for-ever') return void response.writeHead(302, { location: '/for-ever' }).end();
    if (url === '/elsewhere') return void response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    if (url !== '/disk.img') return void response.writeHead(404).end();
    const begin = Number(/\d+/.exec(headers.range ?? '')?.[0] ?? 0);
    response.writeHead(begin > 0 ? 206 : 200, { 'content-length': file.length - begin });
    if (whole) return void response.end(file.subarray(begin));
    whole = true;
    response.write(file.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 100));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const failure = (attempt: Promise<unknown>) => attempt.then(() => 'nothing was thrown', String);

test('a file comes through the proxy, after a redirect and a connection that broke off', async () => {
  const [server, proxy] = [opens(await serve()), opens(await openProxy(9))];
  process.env.http_proxy = proxy.url;
  await download({ url: `${server.url}/moved`, sha256, folder, name: 'disk.img' }, silent, never);
  assert.ok(readFileSync(join(folder, 'disk.img')).equals(file));
  // How much arrived before the connection broke off depends on the machine.
  const [rest = ''] = / bytes=\d+-$/.exec(server.asked[2] ?? '') ?? [];
  assert.equal(server.asked, ['/moved', '/disk.img', `/moved${rest}`, `/disk.img${rest}`]);
  assert.equal(proxy.asked.slice(0, 2), [`GET ${server.url}/moved`, `GET ${server.url}/disk.img`]);
  assert.is(proxy.asked.length, 4);
  assert.match(await failure(fetchBytes(`${server.url}/none`, never)), /\/none: 404 Not Found$/);
  assert.match(await failure(fetchBytes(`${server.url}/for-ever`, never)), /more than 10 redirects$/);
  assert.match(await failure(fetchBytes(`${server.url}/elsewhere`, never)), /a redirect to file:$/);
});

test('NO_PROXY goes around it', async () => {
  const [server, proxy] = [opens(await serve()), opens(await openProxy(9))];
  Object.assign(process.env, { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
  await failure(fetchBytes(`${server.url}/disk.img`, never));
  assert.ok(file.equals(await fetchBytes(`${server.url}/moved`, never)));
  assert.equal(proxy.asked, []);
});

test('a proxy that refuses, is not there, or says nothing', async () => {
  const proxy = opens(await openProxy(9, '407 Proxy Authentication Required'));
  Object.assign(process.env, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });
  for (const scheme of ['http', 'https']) {
    const wanted = { url: `${scheme}://images.example.org/disk.img`, sha256, folder, name: 'refused.img' };
    assert.match(
      await failure(download(wanted, silent, never)),
      new RegExp(
        `does not connect to images\\.example\\.org.* \\(407 .*\\): put the proxy's NAME:PASSWORD@ before the host in ${scheme.toUpperCase()}_PROXY`,
      ),
    );
  }
  assert.equal(proxy.asked, ['GET http://images.example.org/disk.img', 'CONNECT images.example.org:443']);
  await proxy.close();
  const gone = await failure(fetchBytes('https://images.example.org/', never));
  assert.match(gone, `the proxy ${proxy.url} cannot be reached (ECONNREFUSED): check HTTPS_PROXY`);
  const mute = opens(await openProxy(9, 'silence'));
  process.env.HTTPS_PROXY = mute.url;
  const controller = new AbortController();
  const asked = failure(fetchBytes('https://images.example.org/', controller.signal));
  while (mute.asked.length === 0) await new Promise((wait) => setTimeout(wait, 10));
  controller.abort(new Error('interrupted'));
  assert.is(await asked, 'Stopped: interrupted');
});

test('the command requests an image by https through the proxy', async () => {
  const tls = opens(await openTls(['images.example.org'], (_, response) => response.writeHead(404).end()));
  const proxy = opens(await openProxy(tls.port));
  const argv = ['dist/cli.js', 'verify', 'qemu', '--domain', 'matrix.example.org'];
  const child = spawn(process.execPath, [...argv, '--image-server', 'https://images.example.org'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      XDG_CACHE_HOME: folder,
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: tls.certificate,
    },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise((closed) => child.on('close', closed));
  assert.is(code, 1, stderr);
  assert.match(stderr, /SHA256SUMS: 404 Not Found/);
  assert.not.match(stderr, /warning/i);
  assert.equal(proxy.asked, ['CONNECT images.example.org:443']);
  assert.equal(tls.asked, ['images.example.org/releases/24.04/release/SHA256SUMS']);
});

test.run();
