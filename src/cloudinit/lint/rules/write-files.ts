/** Owner and permissions of files (cloud-init's cc_write_files.py). A mistake here can lose all later files. */

import { DEFAULT_MODE, type LandedFile } from '../../read/written-files';
import { entries, get, items, type Node, type ScalarNode, text, typeOf } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import { isOlder, type Target } from '../targets';

/** Users and groups of a Debian or Ubuntu image before any package is installed (base-passwd, systemd). */
const IMAGE_NAMES = new Set(
  `root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc _apt nobody
   adm tty disk kmem dialout fax voice cdrom floppy tape sudo audio dip operator src shadow utmp video sasl
   plugdev staff users nogroup systemd-journal systemd-network systemd-resolve systemd-timesync
   messagebus sshd syslog input kvm render crontab`.split(/\s+/),
);

export function* writeFileRules(
  root: Node | undefined,
  files: readonly LandedFile[],
  { cloudInit }: Target,
): Generator<Finding> {
  const made = namesMade(root);
  for (const file of files) {
    yield* owner(file, made);
    yield* permissions(file, cloudInit);
    yield* home(file);
  }
  for (const node of items(get(root, 'write_files'))) {
    if (node.kind === 'mapping' && !text(node, 'path')) {
      yield error('path-missing', node, 'The entry has no path; cloud-init skips it.');
    }
  }
}

/** Names that the document's own users and groups create. */
function namesMade(root: Node | undefined): ReadonlySet<string> {
  const made = new Set<string>();
  const users = get(root, 'users');
  for (const user of [...items(users), ...(users?.kind === 'mapping' ? [users] : [])]) {
    const name = user.kind === 'scalar' ? user.text : text(user, 'name');
    if (name && name !== 'default') made.add(name);
  }
  const groups = get(root, 'groups');
  const parts = groups?.kind === 'sequence' ? groups.items : groups ? [groups] : [];
  for (const group of parts) {
    if (group.kind === 'scalar') for (const name of group.text.split(/[\s,]+/)) made.add(name);
    for (const { name } of entries(group)) made.add(name);
  }
  return made;
}

function* owner(file: LandedFile, made: ReadonlySet<string>): Generator<Finding> {
  const node = get(file.node, 'owner');
  if (!node || typeOf(node) !== 'str') return;
  const given = file.owner;
  // util.extract_usergroup: `-1`, `none` and an empty name leave the owner unchanged.
  const names = given.split(/:(.*)/s, 2).map((name) => name.trim());
  const meant = names.filter((name) => name !== '' && name !== '-1' && name.toLowerCase() !== 'none');
  if (meant.some((name) => /^\d+$/.test(name))) {
    const message =
      'cloud-init looks owners up by name; a number fails, and all later files are not written.';
    const hint = 'Write root:root and change the owner in runcmd (chown).';
    yield error('owner-numeric', node, message, { given, hint });
    return;
  }
  const unknown = meant.filter((name) => !IMAGE_NAMES.has(name));
  if (unknown.length === 0 || file.isDeferred) return;
  const hint = 'Set defer: true, or change the owner in runcmd.';
  if (unknown.some((name) => made.has(name))) {
    const message =
      'Files are written before users are made; this one fails, and all later files are not written.';
    yield error('owner-too-early', node, message, { given, hint });
  } else {
    const message =
      'Files are written before users and packages; if the image lacks this owner, all later files are lost.';
    yield warning('owner-unknown', node, message, { given, hint });
  }
}

/** useradd leaves a home directory that exists as it is: owned by root, and without the files of /etc/skel. */
function* home(file: LandedFile): Generator<Finding> {
  const user = /^\/home\/([^/]+)\/./.exec(file.target)?.[1];
  if (user === undefined || file.isDeferred) return;
  const message = `Files are written before users are made: /home/${user} then belongs to root, and ${user} cannot write there.`;
  yield warning('path-below-home', get(file.node, 'path') ?? file.node, message, {
    given: file.path,
    hint: `Set defer: true and owner: ${user}:${user}.`,
  });
}

/** The release that sets the owner before the mode (cloud-init issue 6225). */
const KEEPS_SPECIAL = '25.3';

function* permissions(file: LandedFile, cloudInit: string | undefined): Generator<Finding> {
  const node = get(file.node, 'permissions');
  if (node?.kind !== 'scalar' || node.type === 'null') return;
  const given = node.text;
  const expected = "'0644'";
  if (node.type === 'int' || node.type === 'float') {
    yield numericMode(node, file.mode ?? 0);
  } else if (file.mode === undefined) {
    const message = 'cloud-init cannot read the permissions and takes 0644, readable by everyone.';
    yield error('permissions-format', node, message, { given, expected });
    return;
  }
  const mode = file.mode ?? DEFAULT_MODE;
  if (mode > 0o7777 || mode < 0) {
    yield error('permissions-range', node, 'Permissions have at most four octal digits.', {
      given,
      expected,
    });
  } else if (mode & 0o6000 && node.type === 'str') {
    if (cloudInit !== undefined && !isOlder(cloudInit, KEEPS_SPECIAL)) return;
    const which = mode & 0o4000 ? 'set-user-id' : 'set-group-id';
    const message = `The ${which} bit: cloud-init before ${KEEPS_SPECIAL} loses it when it sets the owner.`;
    yield warning('permissions-special', node, message, { given, hint: 'Set it in runcmd (chmod).' });
  }
}

function numericMode(node: ScalarNode, mode: number): Finding {
  const octal = `0${mode.toString(8)}`;
  const details = {
    given: node.text,
    expected: `'${node.text.padStart(4, '0')}'`,
    hint: 'Put it in quotes.',
  };
  if (/^0[0-7]+$/.test(node.text)) {
    const message = `A number; cloud-init takes ${octal} as meant, but its schema refuses it.`;
    return warning('permissions-number', node, message, details);
  }
  return error('permissions-number', node, `A decimal number: cloud-init sets ${octal}.`, details);
}
