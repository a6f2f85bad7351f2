/** Ubuntu's cloud images: which file is a release's newest, from the server or from the cache. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaunchEvents } from '../machine';
import { type BaseImage, inspectImage } from './disk';
import { download, fetchBytes } from './download';
import { type QemuOptions, releaseNumber } from './options';
import { checkSignature, KEYRING } from './signature';

/**
 * The image of the release: the newest that the server has, downloaded and checked by its SHA256SUMS; where the
 * server is not reached, the one that is in the cache.
 * @param folder of the cache; a file there is named after the image and its SHA-256, and is whole
 * @param keyring with the keys that may sign the checksums
 * @throws Error when there is no such release, the checksums are not signed, or nothing in the cache and no server
 */
export async function ubuntuImage(
  { release, imageServer }: Pick<QemuOptions, 'release' | 'imageServer'>,
  folder: string,
  events: LaunchEvents,
  signal: AbortSignal,
  keyring = KEYRING,
): Promise<BaseImage> {
  const number = releaseNumber(release);
  const name = `ubuntu-${number}-server-cloudimg-amd64`;
  const at = `${imageServer.replace(/\/+$/, '')}/releases/${number}/release`;
  await mkdir(folder, { recursive: true });
  const kept = (await readdir(folder)).filter((file) => isImage(file, name));
  let listed: Uint8Array;
  try {
    listed = await fetchBytes(`${at}/SHA256SUMS`, signal);
  } catch (error) {
    signal.throwIfAborted();
    const [newest] = kept;
    if (!newest) {
      throw new Error(
        `${(error as Error).message}. Give an image of your own with --image FILE, or a mirror with --image-server URL`,
        { cause: error },
      );
    }
    events.progress(`${(error as Error).message}; taking ${newest} from the cache`);
    return inspectImage(join(folder, newest), signal);
  }
  await checkSignature(`${at}/SHA256SUMS`, listed, keyring, events, signal);
  const sums = new TextDecoder().decode(listed);
  // "HASH *NAME" or "HASH  NAME", as sha256sum writes it.
  const sha256 = new RegExp(`^([0-9a-f]{64}) [ *]${name}\\.img$`, 'm').exec(sums)?.[1];
  if (sha256 === undefined) throw new Error(`${at}/SHA256SUMS names no ${name}.img`);
  const wanted = `${name}-${sha256}.img`;
  if (!kept.includes(wanted)) {
    await download({ url: `${at}/${name}.img`, sha256, folder, name: wanted }, events, signal);
  }
  // Older ones of the release: a machine that still runs from one has it open.
  for (const old of kept) if (old !== wanted) await rm(join(folder, old), { force: true });
  return inspectImage(join(folder, wanted), signal);
}

const isImage = (file: string, name: string): boolean =>
  file.startsWith(`${name}-`) && /^[0-9a-f]{64}\.img$/.test(file.slice(name.length + 1));
