// The one process of ours that lives in the world's namespace: the apt repository, the registry's public face with
// its faults, a server for pebble's issuing root, and requests on behalf of the tests. world.ts spawns it
// and controls it through its channel of messages.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { join, normalize } from 'node:path';
import { labFetch } from './client';
import { type Fault, FaultSwitch } from './faults';
import type { Call, InsideSettings, Recorded, Reply } from './messages';
import { gateway, gateway6 } from './netns';

const settings = JSON.parse(process.argv[2]!) as InsideSettings;

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** A server on both of the world's addresses, with its switch and the requests that it received. */
class Door {
  readonly faults = new FaultSwitch();
  readonly requests: Recorded[] = [];
  readonly #servers: Server[];

  constructor(
    readonly port: number,
    answer: Answer,
  ) {
    const handle: Answer = async (request, response) => {
      const { method = '', url = '' } = request;
      const from = request.socket.remoteAddress ?? ''; // gone once the socket is closed
      response.once('close', () => {
        this.requests.push({ time: Date.now(), from, method, path: url, status: response.statusCode });
      });
      if (this.faults.meets(request, response)) return;
      try {
        await answer(request, response);
      } catch (error) {
        console.error(request.method, request.url, error);
        if (!response.headersSent) response.writeHead(502);
        response.end();
      }
    };
    this.#servers = [createServer(handle), createServer(handle)];
  }

  async open(): Promise<void> {
    for (const [index, host] of [gateway, gateway6].entries()) {
      const server = this.#servers[index]!;
      if (server.listening) continue;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
    }
  }

  async set(fault: Fault): Promise<void> {
    this.faults.set(fault);
    if (fault.mode !== 'down') return this.open();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** Pebble's issuing root, which is new at each of its starts. */
async function issuingRoots(): Promise<string> {
  const answer = await labFetch({ url: `${settings.acmeManagement}/roots/0`, ca: settings.labCa });
  if (answer.status !== 200) throw new Error(`pebble's roots: ${answer.status}`);
  return answer.body;
}

const apt = new Door(8099, async (request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://apt').pathname));
  if (path === '/pebble-roots.pem') {
    response.end(await issuingRoots());
    return;
  }
  const codename = /^\/(?:archive\/)?(?:dists|pool)\/([^/]+)\//.exec(path)?.[1];
  const root = path === '/gpg' ? Object.values(settings.apt)[0] : settings.apt[codename ?? ''];
  const file = root === undefined ? undefined : join(root, path);
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (!file || !found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-length': found.size, 'last-modified': found.mtime.toUTCString() });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
});

const registry = new Door(5000, (request, response) => {
  const { method, url: path, headers } = request;
  const onward = httpRequest({ ...settings.registry, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => response.destroy()).pipe(response);
  });
  onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.once('close', () => onward.destroy());
  request.pipe(onward);
});

const doors = { apt, registry };

async function answer(call: Call): Promise<unknown> {
  switch (call.what) {
    case 'faults':
      return doors[call.door].set(call.fault);
    case 'requests':
      return doors[call.door].requests;
    case 'fetch':
      return labFetch(call.request);
    case 'roots':
      return issuingRoots();
  }
}

process.on('message', (call: Call) => {
  answer(call).then(
    (value) => process.send?.({ id: call.id, value } satisfies Reply),
    (error: Error) => process.send?.({ id: call.id, error: error.message } satisfies Reply),
  );
});
process.on('disconnect', () => process.exit());
await apt.open();
await registry.open();
process.send?.({ id: 0 } satisfies Reply);
