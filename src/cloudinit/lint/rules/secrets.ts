/** Text that looks like a secret: anyone who reaches the metadata service can read user data. Never shows the secret. */

import type { Place } from '../../../diagnostics/source';
import { secretsIn } from '../../read/secrets';
import type { UserDataDocument } from '../../read/user-data';
import { DEFAULT_MODE, type LandedFile } from '../../read/written-files';
import { get, items, type Node, type ScalarNode } from '../../read/yaml-node';
import { type Finding, warning } from '../finding';
import { perText } from '../once-per-text';

const HINT = { hint: 'Make it on the server, or fetch it there.' };

export function* secretRules({ source, root, files }: UserDataDocument): Generator<Finding> {
  const contents = files.flatMap(({ content }) => content ?? []).sort((a, b) => a.start - b.start);
  for (const { what, start } of secretsIn(source.text)) {
    yield warning(
      'secret',
      { path: pathAt(contents, start), start },
      `${capital(what)} is in the document.`,
      HINT,
    );
  }
  const inFile = perText((text) => [...new Set(secretsIn(text).map(({ what }) => what))]);
  for (const file of files) {
    yield* worldReadable(file, inFile);
    if (file.encoding === 'text/plain' || file.text === undefined || !file.content) continue;
    for (const what of inFile(file.text)) {
      yield warning('secret', file.content, `${capital(what)} is in ${file.path}.`, HINT);
    }
  }
  yield* passwords(root);
}

/**
 * The content that contains an offset, for the path of the finding.
 * @param contents in the order of the document; none overlaps another
 */
function pathAt(contents: readonly ScalarNode[], start: number): string {
  let low = 0;
  let high = contents.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (contents[middle]!.end <= start) low = middle + 1;
    else high = middle;
  }
  const content = contents[low];
  return content && content.start <= start ? content.path : '';
}

const SECRET_NAME =
  /(?:^|[/._-])(?:id_(?:rsa|dsa|ecdsa|ed25519)|privkey|private|secrets?|passw(?:or)?ds?|shadow|htpasswd|credentials?|token|signing)(?:[._-]|$)/i;
const PUBLIC_NAME = /\.(?:pub|crt|example|md|html?)$/i;

function* worldReadable(file: LandedFile, inFile: (text: string) => readonly string[]): Generator<Finding> {
  const mode = file.mode ?? DEFAULT_MODE;
  if (!(mode & 0o004) || file.text?.startsWith('#!')) return;
  const name = file.target.split('/').pop() ?? '';
  const hasSecretName = SECRET_NAME.test(name) && !PUBLIC_NAME.test(name);
  if (!hasSecretName && inFile(file.text ?? '').length === 0) return;
  const place: Place = get(file.node, 'permissions') ?? file.node;
  const message = `${file.path} looks secret and is readable by every user of the server.`;
  const given = `0${mode.toString(8)}`;
  yield warning('secret-world-readable', place, message, { given, expected: "'0600'" });
}

function* passwords(root: Node | undefined): Generator<Finding> {
  const users = get(root, 'users');
  const user = get(root, 'user');
  const accounts = [...items(users), ...(users?.kind === 'mapping' ? [users] : []), ...(user ? [user] : [])];
  for (const account of accounts) {
    for (const key of [
      'passwd',
      'hashed_passwd',
      'hashed-passwd',
      'plain_text_passwd',
      'plain-text-passwd',
    ]) {
      yield* password(get(account, key));
    }
  }
  yield* password(get(root, 'password'));
  const chpasswd = get(root, 'chpasswd');
  for (const entry of items(get(chpasswd, 'users'))) yield* password(get(entry, 'password'));
  const list = get(chpasswd, 'list');
  for (const entry of list?.kind === 'scalar' ? [list] : items(list)) yield* password(entry);
}

function* password(node: Node | undefined): Generator<Finding> {
  if (node?.kind !== 'scalar' || node.type === 'null' || node.text === '') return;
  // A lone `*` or `!` locks the account; R and RANDOM let cloud-init generate the password.
  if (/^[*!x]+$/.test(node.text) || /^(?:[^:\n]+:(?:R|RANDOM)\s*)+$/.test(node.text)) return;
  const isHash = /(?:^|:)\$[0-9a-z]+\$/.test(node.text);
  const message = isHash
    ? 'A hashed password: anyone who reads the user data can try guesses against it.'
    : 'A password in plain text: anyone who reads the user data can log in with it.';
  yield warning('secret-password', node, message, { hint: 'Use ssh_authorized_keys.' });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
