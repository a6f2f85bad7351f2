/** Passwords that end up as another one than meant, or locked. No message repeats one. */

import { get, isTrue, items, type Node, type ScalarNode, text } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import { isGivenPassword, passwordOf, usersOf } from './users';

/** A hash of crypt(3): `$6$salt$hash`, yescrypt, or the 13 characters of DES, which mix all kinds. */
const HASH = /^!?\$[0-9a-z]{1,3}\$[^:\s]+$|^!?(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9./])[./A-Za-z0-9]{13}$/;
/** The hashes that cc_set_passwords.py recognises in `password` and in chpasswd.list. */
const RECOGNISED = /^\$(?:1|2a|2y|5|6)(?:\$.+){2}/;

export function* passwordRules(root: Node | undefined): Generator<Finding> {
  for (const user of usersOf(root)) {
    for (const key of ['passwd', 'hashed_passwd', 'hashed-passwd'])
      yield* hash(get(user, key), 'plain_text_passwd');
    for (const key of ['plain_text_passwd', 'plain-text-passwd'])
      yield* plain(get(user, key), 'hashed_passwd');
    yield* lock(root, user);
  }
  const chpasswd = get(root, 'chpasswd');
  for (const user of items(get(chpasswd, 'users'))) {
    const type = text(user, 'type') ?? 'hash';
    const password = get(user, 'password');
    if (type === 'hash') yield* hash(password, 'type: text');
    if (type === 'text') yield* plain(password, 'type: hash');
  }
  const list = get(chpasswd, 'list');
  const lines = list?.kind === 'scalar' ? [list] : items(list);
  for (const line of [...lines, get(root, 'password')]) yield* unrecognised(line);
}

const scalar = (node: Node | undefined): ScalarNode | undefined =>
  node?.kind === 'scalar' && node.type !== 'null' && node.text !== '' ? node : undefined;

/** Text where a hash belongs: useradd and `chpasswd -e` write it to /etc/shadow as it stands. */
function* hash(given: Node | undefined, use: string): Generator<Finding> {
  const node = scalar(given);
  if (!node || HASH.test(node.text) || /^[*!x]+$/.test(node.text) || isTemplate(node.text)) return;
  const message = 'This is not a hash: no password opens the account, and chpasswd may refuse it.';
  const hint = `Use ${use} for plain text, or make a hash with: openssl passwd -6.`;
  yield error('password-not-hashed', node, message, { hint });
}

function* plain(given: Node | undefined, use: string): Generator<Finding> {
  const node = scalar(given);
  if (!node || !/^\$[0-9a-z]{1,3}\$.*\$/.test(node.text)) return;
  yield error('password-hash-as-text', node, 'This is a hash, and becomes the password itself.', {
    hint: `Use ${use}.`,
  });
}

/** yescrypt ($y$) is the form of today's Debian and Ubuntu, and cloud-init does not know it here. */
function* unrecognised(given: Node | undefined): Generator<Finding> {
  const node = scalar(given);
  const isUnknown = (value: string) => /^\$[0-9a-z]{1,3}\$.*\$/.test(value) && !RECOGNISED.test(value);
  const values = node?.path.startsWith('chpasswd')
    ? node.text.split('\n').map((line) => line.replace(/^[^:]*:/, ''))
    : [node?.text ?? ''];
  if (!node || !values.some(isUnknown)) return;
  yield error(
    'password-hash-as-text',
    node,
    'cloud-init does not know this kind of hash here, and sets it as the password itself.',
    {
      hint: 'Use chpasswd.users with type: hash.',
    },
  );
}

/** lock_passwd is true unless the document says otherwise; it locks the password after it is set. */
function* lock(root: Node | undefined, user: Node): Generator<Finding> {
  const lockNode = get(user, 'lock_passwd') ?? get(user, 'lock-passwd');
  const isLocked = !lockNode || isTrue(lockNode);
  const password = passwordOf(user);
  const name = text(user, 'name') ?? '';
  if (isLocked && password) {
    const message = 'The password is set and then locked, because lock_passwd is true unless you set it.';
    yield warning('password-locked', password, message, { hint: 'Add lock_passwd: false.' });
  } else if (!isLocked && !password && name !== 'default' && !isGivenPassword(root, name)) {
    const hasEmpty = ['passwd', 'hashed_passwd', 'plain_text_passwd'].some((key) => get(user, key));
    if (hasEmpty || lockNode?.kind !== 'scalar') return;
    const message = 'There is no password to unlock; the account stays locked.';
    yield warning('password-missing', lockNode, message, {
      hint: 'Add hashed_passwd, or leave lock_passwd out.',
    });
  }
}

const isTemplate = (value: string) => /\$\{|\{\{|^<.*>$/.test(value);
