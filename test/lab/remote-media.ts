// An image on one server that a user of another one views.
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { login } from './matrixctl';
import type { Place } from './place';
import { sh } from './server';

export interface RemoteImage {
  /** The part of its address after mxc://. */
  readonly path: string;
  readonly sha256: string;
}

const size = 64;

/** A part of a PNG file: its length, its name and data, and their checksum. */
function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  let sum = 0xffffffff;
  for (const byte of body) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length, 0);
  numbers.writeUInt32BE(~sum >>> 0, 4);
  return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
}

/** A square with a gradient: a real image, of which Synapse makes thumbnails. */
function png(): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2], 8); // bits for each of red, green and blue
  const rows = Array.from({ length: size }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: size }, (_, x) => [x * 4, y * 4, 128]).flat()]),
  );
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const data = deflateSync(Buffer.concat(rows));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The administrator of a server uploads an image there. */
export async function remoteImage(place: Place): Promise<RemoteImage> {
  const { server } = place;
  const token = await login(place, 'alice', (await sh(server, 'cat /root/matrix-admin-password')).trim());
  const image = png();
  const answer = await sh(
    server,
    `echo ${image.toString('base64')} | base64 -d | curl -fsS -H 'Authorization: Bearer ${token}' -H 'Content-Type: image/png' --data-binary @- http://127.0.0.1:8008/_matrix/media/v3/upload`,
  );
  const { content_uri: uri } = JSON.parse(answer) as { content_uri: string };
  return { path: uri.replace('mxc://', ''), sha256: createHash('sha256').update(image).digest('hex') };
}

/** A user's download of it through the user's own server: the status, and the checksum of the bytes. */
export async function seen(
  { server: { domain }, outside }: Place,
  token: string,
  { path }: RemoteImage,
  what: 'download' | 'thumbnail' = 'download',
): Promise<string> {
  const query = what === 'download' ? '' : '?width=32&height=32&method=crop';
  const url = `https://${domain}/_matrix/client/v1/media/${what}/${path}${query}`;
  const file = `${outside.folder}/remote-media`;
  const status = await outside.run([
    ...['curl', '-sS', '-m', '60', '--cacert', outside.roots, '-H', `Authorization: Bearer ${token}`],
    ...['-o', file, '-w', '%{http_code}', url],
  ]);
  if (status.code !== 0) throw new Error(`${url}: ${status.stderr}`);
  const sum = await outside.run(['sha256sum', file]);
  return `${status.stdout} ${sum.stdout.split(' ')[0]}`;
}
