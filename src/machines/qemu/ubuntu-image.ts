/** Ubuntu's cloud images: finds a release's newest file, on the server or in the cache. */

import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download, fetchBytes } from '../../system/download';
import { type Progress, tryRun } from '../../system/run';
import { throwIfStopped } from '../../system/wait';
import { type BaseImage, inspectImage } from './disk';
import { type QemuOptions, releaseNumber } from './qemu-flags';

/**
 * The image of the release: the newest that the server has, downloaded and verified by its SHA256SUMS; if the
 * server does not answer, the one in the cache.
 * @param folder of the cache; a file there is named after the image and its SHA-256, and is complete
 * @param keyring with the keys that may sign the checksums
 * @throws Error when the release does not exist, its checksums are not signed, or neither server nor cache has the image
 */
export async function ubuntuImage(
  { release, imageServer }: Pick<QemuOptions, 'release' | 'imageServer'>,
  folder: string,
  events: Progress,
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
  // Older ones of the release: a machine that still runs from one keeps it open.
  for (const old of kept) if (old !== wanted) await rm(join(folder, old), { force: true });
  return inspectImage(join(folder, wanted), signal);
}

const isImage = (file: string, name: string): boolean =>
  file.startsWith(`${name}-`) && /^[0-9a-f]{64}\.img$/.test(file.slice(name.length + 1));

/** Whether Ubuntu's builder of cloud images has signed a list of checksums. */

/** Of Ubuntu's package ubuntu-cloudimage-keyring. */
export const KEYRING = '/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg';

/** Where TLS itself names Ubuntu, or the server is this computer. */
const TRUSTED =
  /^(?:https:\/\/cloud-images\.ubuntu\.com|http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\]))(?::\d+)?\//;

/** gpgv also exits with 0 for a good signature of a key that has expired or was revoked. */
const BROKEN = /^\[GNUPG:\] (?:BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|NODATA|FAILURE)\b/m;

/**
 * Checks the signature of a file with gpgv. Where this computer lacks the keyring or gpgv, it goes on with Ubuntu's
 * own server, with a warning; it accepts nothing from any other server.
 * @param url of the file; its signature is at the same URL with `.gpg` appended
 * @throws Error when the signature is missing or wrong, or when a mirror's cannot be checked
 */
export async function checkSignature(
  url: string,
  content: Uint8Array,
  keyring: string,
  events: Progress,
  signal: AbortSignal,
): Promise<void> {
  const missing = await whatIsMissing(keyring);
  if (missing) {
    if (!TRUSTED.test(url)) {
      throw new Error(
        `the signature of ${url} cannot be checked: this computer has no ${missing}. Install it, or give an image of your own with --image FILE; without it, images are taken from https://cloud-images.ubuntu.com alone`,
      );
    }
    events.progress(`the signature of SHA256SUMS is not checked: this computer has no ${missing}`);
    return;
  }
  const signature = await fetchBytes(`${url}.gpg`, signal);
  const folder = await mkdtemp(join(tmpdir(), 'gen-cloudinit-'));
  try {
    const [signed, detached] = [join(folder, 'signed'), join(folder, 'signature')];
    await writeFile(signed, content);
    await writeFile(detached, signature);
    const argv = ['gpgv', '--status-fd', '1', '--keyring', keyring, detached, signed];
    const { code, stdout, stderr } = await tryRun(argv, { signal });
    throwIfStopped(signal);
    const isGood = /^\[GNUPG:\] GOODSIG /m.test(stdout) && /^\[GNUPG:\] VALIDSIG /m.test(stdout);
    if (code !== 0 || !isGood || BROKEN.test(stdout)) {
      throw new Error(`${url} is not signed by a key of ${keyring}; nothing is downloaded: ${stderr.trim()}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function whatIsMissing(keyring: string): Promise<string | undefined> {
  const isThere = await access(keyring).then(
    () => true,
    () => false,
  );
  if (!isThere) return `${keyring} (Ubuntu: apt-get install ubuntu-cloudimage-keyring)`;
  const hasGpgv = await tryRun(['gpgv', '--version']).then(
    ({ code }) => code === 0,
    () => false,
  );
  return hasGpgv ? undefined : 'gpgv (Debian, Ubuntu: apt-get install gpgv)';
}
