/** Whether Ubuntu's builder of cloud images has signed a list of checksums. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaunchEvents } from '../machine';
import { tryRun } from '../run';
import { orStop } from '../waiting';
import { fetchBytes } from './download';

/** Of Ubuntu's package ubuntu-cloudimage-keyring. */
export const KEYRING = '/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg';

/** Where TLS itself names Ubuntu, or the server is this computer. */
const TRUSTED =
  /^(?:https:\/\/cloud-images\.ubuntu\.com|http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\]))(?::\d+)?\//;

/** Also of a key that has expired or was revoked gpgv says that the signature is good, with exit code 0. */
const BROKEN = /^\[GNUPG:\] (?:BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|NODATA|FAILURE)\b/m;

/**
 * Checks the signature beside a file with gpgv. Where this computer has no keyring or no gpgv, it goes on with Ubuntu's
 * own server, and says so; from any other server nothing is taken.
 * @param url of the file; its signature has `.gpg` more
 * @throws Error when the signature is missing or wrong, or a mirror's cannot be checked
 */
export async function checkSignature(
  url: string,
  content: Uint8Array,
  keyring: string,
  events: LaunchEvents,
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
    orStop(signal);
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
