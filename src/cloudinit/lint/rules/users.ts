/** Accounts (cloud-init's cc_users_groups.py, distros/__init__.py and ug_util.py): who can log in, and as what. */

import { entries, get, isTrue, items, type MappingNode, type Node, own, text } from '../../read/yaml-node';
import { error, type Finding, info, warning } from '../finding';

export function* userRules(root: Node | undefined): Generator<Finding> {
  yield* defaultUser(root);
  for (const user of usersOf(root)) {
    yield* sudo(user);
    yield* home(user);
    yield* groups(user);
    yield* login(root, user);
    for (const key of items(get(user, 'ssh_authorized_keys'))) yield* sshKey(key);
  }
  for (const key of items(get(root, 'ssh_authorized_keys'))) yield* sshKey(key);
}

/** The entries of `users` that are maps, and `user`. */
export function usersOf(root: Node | undefined): MappingNode[] {
  const users = get(root, 'users');
  const all = users?.kind === 'mapping' ? entries(users).map(({ value }) => value) : items(users);
  return [...all, get(root, 'user')].filter((user) => user?.kind === 'mapping');
}

const hasKeys = (user: Node) =>
  ['ssh_authorized_keys', 'ssh-authorized-keys', 'ssh_import_id', 'ssh-import-id'].some(
    (name) => items(get(user, name)).length > 0,
  );

const PASSWORDS = ['passwd', 'hashed_passwd', 'plain_text_passwd', 'hashed-passwd', 'plain-text-passwd'];

/** The node of a user's password, if it has one that opens the account. */
export function passwordOf(user: Node): Node | undefined {
  return PASSWORDS.map((name) => get(user, name)).find(
    (node) => node?.kind === 'scalar' && node.type !== 'null' && !/^[*!x]*$/.test(node.text),
  );
}

/** Whether chpasswd or `password` gives the user a password. */
export function isGivenPassword(root: Node | undefined, name: string): boolean {
  const chpasswd = get(root, 'chpasswd');
  const list = get(chpasswd, 'list');
  const lines =
    list?.kind === 'scalar'
      ? list.text.split('\n')
      : items(list).map((item) => (item.kind === 'scalar' ? item.text : ''));
  return (
    items(get(chpasswd, 'users')).some((user) => text(user, 'name') === name) ||
    lines.some((line) => line.startsWith(`${name}:`)) ||
    get(root, 'password') !== undefined
  );
}

/** ug_util.py makes the image's own user only if the list names it, or `user` is there. */
function* defaultUser(root: Node | undefined): Generator<Finding> {
  const list = items(get(root, 'users'));
  if (list.length === 0 || get(root, 'user')) return;
  const names = list.map((user) => (user.kind === 'scalar' ? user.text : (text(user, 'name') ?? '')));
  if (names.some((name) => name.split(',').some((each) => each.trim() === 'default'))) return;
  const message =
    'The list lacks default: the user of the image (ubuntu, debian) is not made, nor the login with the keys of the provider.';
  const hint = "Make '- default' the first item, if you want that user.";
  const opens = list.some((user) => hasKeys(user) || (passwordOf(user) && text(user, 'name')));
  const key = root?.kind === 'mapping' ? own(root).get('users')?.key : undefined;
  const place = { path: 'users', start: (key ?? list[0]!).start };
  const make = opens ? info : warning;
  yield make('users-no-default', place, message, { hint });
}

function* sudo(user: MappingNode): Generator<Finding> {
  const node = get(user, 'sudo');
  const rules = node?.kind === 'sequence' ? node.items : node ? [node] : [];
  for (const rule of rules) {
    if (rule.kind !== 'scalar') continue;
    const isBare = rule.type === 'str' && /^(?:true|yes|on|sudo|root|nopasswd|all)$/i.test(rule.text.trim());
    if (!isBare && !(rule.type === 'bool' && rule.reading.value === true)) continue;
    const message = 'This is not a rule of sudo; the account gets no rights, and sudo may refuse to run.';
    const expected = "'ALL=(ALL) NOPASSWD:ALL'";
    yield error('sudo-rule', rule, message, { given: rule.text, expected });
  }
}

/** `system: true` adds --system without --create-home to useradd. */
function* home(user: MappingNode): Generator<Finding> {
  const place = get(user, 'system');
  const lacksHome = [place, get(user, 'no_create_home')].find((node) => isTrue(node));
  if (!lacksHome || !hasKeys(user)) return;
  const which = lacksHome === place ? 'A system user' : 'This user';
  const message = `${which} gets no home directory, which its SSH keys need.`;
  yield warning('user-no-home', lacksHome, message, { hint: 'Leave the key out, or remove the SSH keys.' });
}

function* groups(user: MappingNode): Generator<Finding> {
  const node = get(user, 'groups');
  for (const item of node?.kind === 'sequence' ? node.items : node ? [node] : []) {
    if (item.kind !== 'scalar' || item.type !== 'str') continue;
    if (!item.text.split(',').some((name) => /\S\s+\S/.test(name.trim()))) continue;
    const message = 'A blank is part of a name here; useradd refuses it, and the user is not made.';
    const expected = item.text
      .trim()
      .split(/[\s,]+/)
      .join(', ');
    yield error('groups-blank', item, message, { given: item.text, expected });
  }
}

/** Whether a person can log in. An account of a service needs no login. */
function* login(root: Node | undefined, user: MappingNode): Generator<Finding> {
  const name = text(user, 'name') ?? '';
  if (name === '' || name === 'default' || get(user, 'snapuser') || isTrue(get(user, 'system'))) return;
  const shell = text(user, 'shell') ?? '';
  if (/nologin|false/.test(shell) || hasKeys(user) || passwordOf(user) || isGivenPassword(root, name)) return;
  const message = 'The user has neither an SSH key nor a password: only root can become this user.';
  yield warning('user-no-login', user, message, { hint: 'Add ssh_authorized_keys.' });
}

const KEY_TYPE =
  /\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)(?:-cert-v01@openssh\.com)?[ \t]+[A-Za-z0-9+/]/;

function* sshKey(node: Node): Generator<Finding> {
  if (node.kind !== 'scalar' || node.type !== 'str') return;
  const key = node.text.trim();
  const imported =
    /^(gh|github|lp|launchpad):\s*([\w-]+)$/i.exec(key) ??
    /^https?:\/\/(github|launchpad)\.\w+\/~?([\w-]+)/.exec(key);
  if (imported) {
    const from = imported[1]!.toLowerCase().startsWith('g') ? 'gh' : 'lp';
    const message = 'This names an account and not a key: sshd ignores the line.';
    const hint = `Write ssh_import_id: ['${from}:${imported[2]}'] instead.`;
    yield error('ssh-key-import', node, message, { hint });
  } else if (/PRIVATE KEY/.test(key)) {
    yield error('ssh-key-format', node, 'This is a private key; the server needs the public one.', {
      hint: 'Use the content of the file that ends in .pub.',
    });
  } else if (key !== '' && !key.startsWith('#') && !KEY_TYPE.test(key) && !/[{}<>$]/.test(key)) {
    const message = 'This does not look like a public key; sshd ignores the line.';
    yield warning('ssh-key-format', node, message, { expected: 'ssh-ed25519 AAAA... NAME' });
  }
}
