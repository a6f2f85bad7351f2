/**
 * The valid form of each value. A rule returns undefined for a valid value, else what is expected (and a hint).
 * The alphabets are narrow on purpose: no value can then break out of YAML, JSON, shell, nginx or
 * env files; src/server/escape.ts guards the same border from the other side.
 */
import { load } from 'js-yaml';

export interface Expected {
  readonly expected: string;
  readonly hint?: string;
}
export type Rule = (value: string) => Expected | undefined;

/** Files are named after the domain and the server name, with up to 16 characters more; ext4 takes 255 bytes. */
const MAX_NAME = 230;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** For editors: at least two labels of letters, digits and inner hyphens. `domainName` judges. */
export const DOMAIN_PATTERN =
  '^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$';

/** A host name with two labels or more (RFC 1123), without scheme, port or trailing dot. */
export const domainName: Rule = (value) => {
  const expected = 'a DNS name such as matrix.example.org';
  const wrong = (hint: string) => ({ expected, hint });
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return wrong('omit the scheme and the path');
  if (/^\[|^[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*$/i.test(value) || /^[0-9.]+$/.test(value)) {
    return wrong('an IP address cannot be the name of a Matrix server or of its certificate');
  }
  if (/:\d*$/.test(value)) return wrong('omit the port: 443 and 8448 are both served');
  if (/[^\x20-\x7e]/.test(value)) {
    const ascii = punycode(value);
    return wrong(ascii ? `write it in its ASCII form: ${ascii}` : 'write it in its ASCII (xn--) form');
  }
  if (value.endsWith('.')) return wrong('omit the dot at the end');
  if (value.includes('_')) return wrong('an underscore is not allowed in the name of a host');
  const labels = value.toLowerCase().split('.');
  if (labels.some((label) => label.length > 63)) return wrong('a label is at most 63 characters long');
  if (value.length > MAX_NAME) return wrong(`a name is at most ${MAX_NAME} characters long here`);
  if (labels.some((label) => !LABEL.test(label))) {
    return wrong('only letters, digits and inner hyphens, separated by single dots');
  }
  if (labels.length < 2) return wrong('a single label has no public certificate');
  if (/^\d/.test(labels.at(-1) ?? '')) return wrong('the last label does not begin with a digit');
  return undefined;
};

function punycode(value: string): string | undefined {
  try {
    const { hostname } = new URL(`https://${value}/`);
    return domainName(hostname) ? undefined : hostname;
  } catch {
    return undefined;
  }
}

/** One mailbox in the plain form that ACME servers accept. */
export const email: Rule = (value) => {
  const at = value.lastIndexOf('@');
  const local = value.slice(0, at);
  const fine = at > 0 && /^[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*$/.test(local) && local.length <= 64;
  return fine && !domainName(value.slice(at + 1))
    ? undefined
    : { expected: 'one address such as admin@example.org' };
};

/** An http or https URL of plain characters, without user, query or fragment. */
export const url: Rule = (value) => {
  const expected = 'a URL such as https://mirror.example.org/path';
  const match = /^https?:\/\/(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.exec(value);
  if (!match) return { expected, hint: 'http or https, without user name, query or fragment' };
  return URL.canParse(value) ? undefined : { expected };
};

/** An http or https URL without a path, as Docker requires for its registry mirrors. */
export const origin: Rule = (value) =>
  url(value) || !/^https?:\/\/[^/]+\/?$/.test(value)
    ? {
        expected: 'a URL without a path such as https://mirror.example.org',
        hint: 'Docker refuses a mirror with a path',
      }
    : undefined;

/** A reference of an image: [host[:port]/]path[:tag][@digest] (distribution/reference). */
export const imageReference: Rule = (value) => {
  const component = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
  const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?/)?';
  const whole = new RegExp(
    `^${host}${component}(?:/${component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`,
  );
  return value.length <= 255 && whole.test(value)
    ? undefined
    : { expected: 'an image such as postgres:15-alpine or registry.example.org:5000/team/image@sha256:…' };
};

/** Directories that contain the system; the deployment's own is next to or below them. */
const SYSTEM_DIRS =
  /^\/(?:bin|boot|dev|etc|home|lib|lib32|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/;
/** Nothing below these survives a reboot, or another owner uses them. */
const FOREIGN_DIRS =
  /^\/(?:dev|proc|sys|run|tmp|boot|var\/run|var\/tmp|var\/lib\/(?:docker|containerd|cloud|gen-cloudinit)|root\/nginx|data\/nginx)(?:\/|$)/;
/** Below these are the system's programs and settings, and files of the deployment itself. */
const PROGRAM_DIRS = /^\/(?:etc|bin|sbin|lib\w*|usr\/(?:local\/)?(?:s?bin|lib\w*|share))(?:\/|$)/;

/** An absolute path of plain characters, with a directory of its own. */
export const baseDir: Rule = (value) => {
  const expected = 'an absolute path such as /data/matrix';
  if (!value.startsWith('/')) return { expected, hint: 'it begins with /' };
  if (!/^(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)+\/?$/.test(value) || value.length > 200) {
    return { expected, hint: 'letters, digits, dot, hyphen and underscore; no . or .. between the slashes' };
  }
  const path = value.replace(/\/$/, '');
  if (SYSTEM_DIRS.test(path) || PROGRAM_DIRS.test(path))
    return { expected, hint: `${path} belongs to the system; name another directory, such as /srv/matrix` };
  if (FOREIGN_DIRS.test(path)) return { expected, hint: `${path} is not a place for data that has to stay` };
  return undefined;
};

/** The local part of a Matrix user id, in the strict form (specification, user identifiers). */
export const localpart: Rule = (value) =>
  /^[a-z0-9][a-z0-9._-]{0,63}$/.test(value)
    ? undefined
    : {
        expected: 'a name such as alice',
        hint: 'lower-case letters, digits, dot, hyphen, underscore; without @ and server',
      };

/** Characters that mean the same in YAML, in a shell, in libpq's password file and to Docker Compose. */
export const password: Rule = (value) =>
  /^[A-Za-z0-9_.~@%+=/-]{1,128}$/.test(value)
    ? undefined
    : { expected: '1 to 128 letters, digits or _ . ~ @ % + = / -' };

/** Without leading zeros, which Docker refuses. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** An IPv4 or IPv6 address without brackets, prefix or zone. */
export const ipAddress: Rule = (value) =>
  IPV4.test(value) ||
  (/^[0-9A-Fa-f:.]+$/.test(value) && value.includes(':') && URL.canParse(`http://[${value}]/`))
    ? undefined
    : { expected: 'an IP address such as 127.0.0.1, 10.0.0.5 or ::1' };

/** A name of the time zone database that the JavaScript engine knows. */
export const timezone: Rule = (value) => {
  const wrong = { expected: 'a time zone such as UTC or Europe/Berlin' };
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/.test(value)) return wrong;
  try {
    // The engine accepts any case; on the server it is the name of a file.
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions();
    const isOtherCase = timeZone !== value && timeZone.toLowerCase() === value.toLowerCase();
    return isOtherCase ? { ...wrong, hint: `did you mean ${timeZone}?` } : undefined;
  } catch {
    return wrong;
  }
};

const KEY_TYPE =
  '(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\\.com)';

/** One line of an OpenSSH .pub file. */
export const sshPublicKey: Rule = (value) => {
  const expected = 'a line such as "ssh-ed25519 AAAAC3… name"';
  if (value.includes('PRIVATE KEY'))
    return { expected, hint: 'this is the private half; give the .pub file’s line' };
  if (/^[~./]|\.pub$/.test(value))
    return { expected, hint: 'this is the name of a file; give what is in it: --ssh-key "$(cat FILE)"' };
  const whole = new RegExp(
    `^${KEY_TYPE} AAAA[A-Za-z0-9+/]{40,}={0,2}(?: [\\x21-\\x7e][\\x20-\\x7e]{0,200})?$`,
  );
  return whole.test(value) ? undefined : { expected };
};

const ARMOUR =
  /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[A-Z][A-Za-z]*: [\x20-\x7e]*\n)*\n(?:[A-Za-z0-9+/=]+\n)+-----END PGP PUBLIC KEY BLOCK-----\n*$/;

/** One armoured OpenPGP public key block (RFC 4880, 6.2). */
export const armouredKey: Rule = (value) =>
  ARMOUR.test(value)
    ? undefined
    : {
        expected: 'a file with one armoured OpenPGP public key',
        hint: 'gpg --armor --export KEYID > FILE makes one',
      };

/** Whole seconds; the minimum is what Synapse needs on a fast machine, the maximum what a slow emulated one needs. */
export const seconds: Rule = (value) =>
  /^\d{1,5}$/.test(value) && Number(value) >= 30 && Number(value) <= 7200
    ? undefined
    : { expected: 'whole seconds from 30 to 7200' };

/** How many of something the server keeps. */
export const count: Rule = (value) =>
  /^[1-9]\d{0,3}$/.test(value) ? undefined : { expected: 'a whole number from 1 to 9999' };

/** Where the server finds a backup: a URL, which may be signed, or a path. No character has a meaning in a shell. */
export const backupPlace: Rule = (value) =>
  value.length <= 2000 &&
  (/^\/[A-Za-z0-9._/+=@%:,-]+$/.test(value) ||
    (/^https?:\/\/[A-Za-z0-9._~:/?&=%+@,;-]+$/.test(value) && URL.canParse(value)))
    ? undefined
    : {
        expected: 'https://backup.example.org/matrix.tar.gz or /root/matrix.tar.gz',
        hint: 'a path is one on the server, and the file may be put there later: the first boot waits for it',
      };

/** A cloud-config of the operator's: a mapping, with lists where the document has lists. */
export const cloudConfig: Rule = (value) => {
  const expected = 'a file of cloud-config such as "packages: [htop]"';
  try {
    const data: unknown = load(value);
    if (typeof data !== 'object' || data === null || Array.isArray(data))
      return { expected, hint: 'a mapping of cloud-init modules' };
    if (!Object.keys(data).every((key) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)))
      return { expected, hint: 'keys are names of cloud-init modules' };
    const notList = ['runcmd', 'bootcmd', 'write_files', 'packages', 'ssh_authorized_keys'].find(
      (key) => Object.hasOwn(data, key) && !Array.isArray((data as Record<string, unknown>)[key]),
    );
    return notList ? { expected, hint: `${notList} is a list` } : undefined;
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { expected, hint: `it is not valid YAML: ${reason.replace(/"[^"]*"|!?<[^>]*>/g, '…')}` };
  }
};

/** A rule that is a pattern. @param expected what would be accepted, in a few words */
export const matches =
  (pattern: RegExp, expected: string): Rule =>
  (value) =>
    pattern.test(value) ? undefined : { expected };

/** A whole number within bounds. @param unit such as `GiB`; `number` where there is none */
export const between =
  (least: number, most: number, unit: string): Rule =>
  (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : { expected: `a whole number${unit === 'number' ? '' : ` of ${unit}`} from ${least} to ${most}` };
