/** Audits the files of an image from outside, for what an image must not contain. */
import { FORBIDDEN_PATHS } from './forbidden-paths';
import { BAKE_MARK } from './image-document';
import { entryAt, expand, filesBelow, type Tree } from './image-files';

/** A text that must not occur in an image, and what it is. */
export interface ForbiddenText {
  readonly what: string;
  readonly text: string;
}

export interface AuditFinding {
  readonly what: string;
  readonly path: string;
}

/** Folders whose files are read for their content: everything that a boot writes, except Docker's copies of the images. */
const READ = ['/boot', '/data', '/etc', '/home', '/opt', '/root', '/srv', '/usr/local', '/var'];
const UNREAD = ['/var/lib/docker', '/var/lib/containerd'];
/** Bytes; larger files are programs and their data. */
const LARGEST = 16 << 20;

/** What the bake leaves on purpose: an image without these did not come from the bake. */
const PRESENT = ['/usr/bin/docker', '/etc/docker/daemon.json', '/var/lib/gen-cloudinit/image.json'];

/**
 * @param forbidden texts that only the caller can know: the domain, the machine's name, a key
 * @returns what was found, none for a good image
 */
export async function audit(
  tree: Tree,
  forbidden: readonly ForbiddenText[] = [],
): Promise<readonly AuditFinding[]> {
  const found: AuditFinding[] = [];
  for (const path of PRESENT) {
    if (!(await entryAt(tree, path))) found.push({ what: 'missing from the image', path });
  }
  for (const { what, places } of FORBIDDEN_PATHS) {
    for (const place of places) {
      for (const path of await expand(tree, place)) found.push({ what, path });
    }
  }
  found.push(...(await accounts(tree)));
  const texts = [...forbidden, { what: 'user data', text: BAKE_MARK }];
  for (const folder of READ) {
    for await (const { path, size } of filesBelow(tree, folder, UNREAD)) {
      if (size === 0 || size > LARGEST) continue;
      const content = Buffer.from((await tree.read(path)) ?? []).toString('latin1');
      if (/^-----BEGIN [A-Z ]*PRIVATE KEY/m.test(content)) found.push({ what: 'a private key', path });
      for (const { what, text } of texts) if (content.includes(text)) found.push({ what, path });
    }
  }
  return found;
}

/** What identifies the machine, and who may enter it. */
async function accounts(tree: Tree): Promise<AuditFinding[]> {
  const found: AuditFinding[] = [];
  const text = async (path: string) => Buffer.from((await tree.read(path)) ?? []).toString('latin1');
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    if (!['', 'uninitialized'].includes((await text(path)).trim()))
      found.push({ what: 'a machine-id', path });
  }
  if ((await text('/etc/hostname')).trim() !== 'localhost')
    found.push({ what: 'a host name', path: '/etc/hostname' });
  if (/^[^:]*:\$/m.test(await text('/etc/shadow'))) found.push({ what: 'a password', path: '/etc/shadow' });
  if ((await text('/var/lib/snapd/state.json')).includes('"serial"'))
    found.push({ what: "snapd's serial number", path: '/var/lib/snapd/state.json' });
  return found;
}

/** Findings in one line for a person. */
export function summarize(findings: readonly AuditFinding[], most = 8): string {
  const lines = findings.slice(0, most).map(({ what, path }) => `${what} (${path})`);
  const more = findings.length - lines.length;
  return [...lines, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}
