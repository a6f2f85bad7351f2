import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ubuntuImage } from '../../src/machines/qemu/ubuntu-image';

const test = suite("Ubuntu's cloud images");
const folder = mkdtempSync(join(tmpdir(), 'images-'));
test.after(() => rmSync(folder, { recursive: true }));

// A real disk image, used if it exists.
const disk = join(folder, 'disk.img');
execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'preallocation=metadata', disk, '64M']);
const image = readFileSync(disk);
const sha256 = createHash('sha256').update(image).digest('hex');
const PATH = '/releases/24.04/release/ubuntu-24.04-server-cloudimg-amd64.img';
const KEPT = `ubuntu-24.04-server-cloudimg-amd64-${sha256}.img`;

const SUMS = `${sha256} *ubuntu-24.04-server-cloudimg-amd64.img\n`;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers like the image server, including range requests. */
const whole: Answer = (request, response) => {
  const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(begin > 0 ? 206 : 200, { 'content-length': image.length - begin });
  response.end(image.subarray(begin));
};

/** Sends part of a body, which arrives, and then stops. */
function breakOff(response: ServerResponse, bytes: Uint8Array): void {
  response.write(bytes, () => setTimeout(() => response.destroy(), 100));
}

interface World {
  readonly url: string;
  /** Path and range of each request. */
  readonly asked: string[];
  close(): Promise<unknown>;
}

/** A server of images whose answers the test sets. */
async function serve(answer: Answer, sums = SUMS, signature?: Uint8Array): Promise<World> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push([request.url?.replace(/.*\//, ''), request.headers.range].filter(Boolean).join(' '));
    if (request.url === PATH) answer(request, response);
    else if (request.url === '/releases/24.04/release/SHA256SUMS') response.end(sums);
    else if (request.url === '/releases/24.04/release/SHA256SUMS.gpg' && signature) response.end(signature);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const IMG = 'ubuntu-24.04-server-cloudimg-amd64.img';

/** Requests the image with a new cache folder, or with a given one. */
async function get(
  world: World,
  cache = mkdtempSync(join(folder, 'cache-')),
  signal = new AbortController().signal,
  keyring = '/nonexistent/keyring.gpg',
) {
  const lines: string[] = [];
  const options = { release: 'noble', imageServer: `${world.url}/` };
  const events = { progress: (line: string) => void lines.push(line) };
  const found = await ubuntuImage(options, cache, events, signal, keyring).catch((error: Error) => error);
  return { found, lines, cache, files: readdirSync(cache) };
}

test('the newest is downloaded with progress and checked, and comes from the cache the next time', async () => {
  const world = await serve(whole);
  const first = await get(world);
  assert.equal(first.found, { file: join(first.cache, KEPT), format: 'qcow2', size: 64 * 1024 ** 2 });
  assert.ok(readFileSync(join(first.cache, KEPT)).equals(image));
  assert.match(first.lines.at(-1) ?? '', /^ubuntu-24\.04-server-cloudimg-amd64\.img: \[#{20}\] 100 %, /);
  await get(world, first.cache);
  assert.equal(world.asked, ['SHA256SUMS', IMG, 'SHA256SUMS']);
  await world.close();
  const without = await get(world, first.cache);
  assert.equal(without.found, first.found);
  assert.match(without.lines[0] ?? '', /SHA256SUMS: .*; taking ubuntu-24\.04.* from the cache/);
});

/** A key of its own, with the keyring that gpgv reads. */
function signer(until = 'never') {
  const home = mkdtempSync(join(folder, 'gnupg-'));
  const gpg = (args: readonly string[], input = '') =>
    execFileSync(
      'gpg',
      ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
      {
        input,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
  gpg([
    '--faked-system-time',
    '20260101T000000',
    '--quick-generate-key',
    'images@example.org',
    'ed25519',
    'sign',
    until,
  ]);
  const keyring = join(home, 'keyring.gpg');
  writeFileSync(keyring, gpg(['--export']));
  return {
    keyring,
    sign: (text: string, ...form: string[]) => gpg(['--detach-sign', ...form], text),
    /** A message with its text inside, by a clock of its own. */
    message: (text: string) => gpg(['--sign'], text),
    signEarly: (text: string) => gpg(['--faked-system-time', '20260102T000000', '--detach-sign'], text),
    end: () => execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']),
  };
}

test('the checksums have to be signed by a key of the keyring, where there is one', async () => {
  const [ours, other] = [signer(), signer()];
  const answered = async (sums: string, signature?: Uint8Array) => {
    const world = await serve(whole, sums, signature);
    const got = await get(world, undefined, undefined, ours.keyring);
    await world.close();
    return { ...got, asked: world.asked, why: got.found instanceof Error ? got.found.message : '' };
  };
  try {
    for (const form of [[], ['--armor']]) {
      const right = await answered(SUMS, ours.sign(SUMS, ...form));
      assert.is(right.why, '');
      assert.equal(right.asked, ['SHA256SUMS', 'SHA256SUMS.gpg', IMG]);
    }
    const changed = await answered(`${SUMS}${'0'.repeat(64)} *another.img\n`, ours.sign(SUMS));
    assert.match(
      changed.why,
      /SHA256SUMS is not signed by a key of .*keyring\.gpg; nothing is downloaded: .*BAD signature/s,
    );
    assert.equal(changed.files, []);
    const foreign = await answered(SUMS, other.sign(SUMS));
    assert.match(foreign.why, 'is not signed by a key of');
    assert.match((await answered(SUMS)).why, /SHA256SUMS\.gpg: 404/);
    // Files that the owner of a mirror could send instead of a signature.
    const old = '0'.repeat(64);
    const page = Buffer.from('<html>signed</html>');
    for (const sent of [Buffer.alloc(0), page, ours.message(old), ours.message(SUMS), ours.sign(old)]) {
      const { why, files, asked } = await answered(SUMS, sent);
      assert.match(why, 'is not signed by a key of');
      assert.equal(files, []);
      assert.not.ok(asked.includes(IMG));
    }
  } finally {
    for (const one of [ours, other]) one.end();
  }
});

test('a signature of an expired key does not count', async () => {
  const expired = signer('2026-01-03');
  try {
    const world = await serve(whole, SUMS, expired.signEarly(SUMS));
    const { found, files } = await get(world, undefined, undefined, expired.keyring);
    await world.close();
    assert.match((found as Error).message, 'is not signed by a key of');
    assert.equal(files, []);
  } finally {
    expired.end();
  }
});

test('nothing is taken from a mirror whose signature cannot be checked', async () => {
  const world = await serve(whole);
  // Also this computer, but by a name that could be anyone's.
  const { found, files } = await get({ ...world, url: world.url.replace('127.0.0.1', '0.0.0.0') });
  await world.close();
  assert.match(
    (found as Error).message,
    /signature of .*SHA256SUMS cannot be checked: .*keyring\.gpg.*apt-get install.*--image FILE/s,
  );
  assert.equal(files, []);
  assert.equal(world.asked, ['SHA256SUMS']);
});

test('without a keyring a message says that no signature is checked', async () => {
  const world = await serve(whole);
  const { lines } = await get(world);
  await world.close();
  assert.match(
    lines[0] ?? '',
    /the signature of SHA256SUMS is not checked: this computer has no \/nonexistent\/keyring\.gpg/,
  );
});

test('a newer one replaces an older one', async () => {
  const world = await serve(whole);
  const cache = mkdtempSync(join(folder, 'cache-'));
  const old = `ubuntu-24.04-server-cloudimg-amd64-${'0'.repeat(64)}.img`;
  const other = `ubuntu-22.04-server-cloudimg-amd64-${'0'.repeat(64)}.img`;
  for (const name of [old, other]) writeFileSync(join(cache, name), '');
  const { files } = await get(world, cache);
  assert.equal(files.sort(), [other, KEPT].sort());
  await world.close();
});

test('a file with a wrong checksum is not kept', async () => {
  const world = await serve((_, response) => response.end(Buffer.alloc(image.length)));
  const { found, files } = await get(world);
  assert.match(
    (found as Error).message,
    new RegExp(`${IMG} is not what SHA256SUMS says: [0-9a-f]{64} and not ${sha256}`),
  );
  assert.equal(files, []);
  await world.close();
});

test('a broken download continues where it stopped', async () => {
  let cut = 2;
  const world = await serve((request, response) => {
    if (cut-- <= 0) return whole(request, response);
    const begin = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    response.writeHead(begin > 0 ? 206 : 200, { 'content-length': image.length - begin });
    breakOff(response, image.subarray(begin, begin + 10_000));
  });
  const { found, files, lines } = await get(world);
  assert.not.instance(found, Error);
  assert.equal(files, [KEPT]);
  assert.equal(world.asked.slice(1), [IMG, `${IMG} bytes=10000-`, `${IMG} bytes=20000-`]);
  assert.is(lines.filter((line) => line.endsWith('trying again')).length, 2);
  await world.close();
});

test('from a server without ranges the download starts again', async () => {
  let first = true;
  const world = await serve((_, response) => {
    response.writeHead(200, { 'content-length': image.length });
    if (!first) return void response.end(image);
    first = false;
    breakOff(response, image.subarray(0, 10_000));
  });
  const { found } = await get(world);
  assert.not.instance(found, Error);
  assert.equal(world.asked.slice(1), [IMG, `${IMG} bytes=10000-`]);
  await world.close();
});

test('after Ctrl-C there is no partial file, and the next run continues', async () => {
  const controller = new AbortController();
  const world = await serve((request, response) => {
    if (request.headers.range) return whole(request, response);
    response.writeHead(200, { 'content-length': image.length });
    response.write(image.subarray(0, 50_000));
    setTimeout(() => controller.abort(new Error('interrupted')), 100);
  });
  const { found, cache, files } = await get(world, undefined, controller.signal);
  assert.is((found as Error).message, 'interrupted');
  assert.equal(files, [`${KEPT}.${process.pid}.part`]);
  const again = await get(world, cache);
  assert.equal(again.files, [KEPT]);
  assert.equal(world.asked.at(-1), `${IMG} bytes=50000-`);
  await world.close();
});

test('the part of a killed process is used, the part of a running one is not', async () => {
  const world = await serve(whole);
  const cache = mkdtempSync(join(folder, 'cache-'));
  const dead = spawn('true');
  await new Promise((resolve) => dead.once('exit', resolve));
  writeFileSync(join(cache, `${KEPT}.${dead.pid}.part`), image.subarray(0, 70_000));
  writeFileSync(join(cache, `${KEPT}.1.part`), 'of another run');
  const { files } = await get(world, cache);
  assert.equal(files.sort(), [KEPT, `${KEPT}.1.part`].sort());
  assert.is(world.asked.at(-1), `${IMG} bytes=70000-`);
  await world.close();
});

test('a complete part without its final name is used', async () => {
  const world = await serve((_, response) => response.writeHead(416).end());
  const cache = mkdtempSync(join(folder, 'cache-'));
  writeFileSync(join(cache, `${KEPT}.${process.pid}.part`), image);
  assert.equal((await get(world, cache)).files, [KEPT]);
  await world.close();
});

test('a refusal by the server is reported, with the next step', async () => {
  const world = await serve((_, response) => response.writeHead(403).end());
  const { found, files } = await get(world);
  assert.match((found as Error).message, new RegExp(`${IMG}: 403 Forbidden`));
  assert.equal(files, []);
  assert.is(world.asked.length, 2);
  const nameless = await serve(whole, 'nothing\n');
  assert.match(((await get(nameless)).found as Error).message, /SHA256SUMS names no ubuntu-24/);
  await Promise.all([world.close(), nameless.close()]);
  const refused = (await get(world)).found as Error;
  assert.match(refused.message, /SHA256SUMS: .*ECONNREFUSED.*--image FILE.*--image-server URL/);
});

test.run();
