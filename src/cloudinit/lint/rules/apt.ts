/** Package sources (cloud-init's cc_apt_configure.py, add_apt_sources and add_apt_key). */

import { entries, get, type Node, text } from '../../read/yaml-node';
import { error, type Finding, info, warning } from '../finding';

/** Names that cloud-init fills in; it fails on any other (templater.py, basic_render). */
const VARIABLES = ['RELEASE', 'MIRROR', 'PRIMARY', 'SECURITY', 'KEY_FILE'];
const VARIABLE = /\$\{([A-Za-z0-9_.]+)\}|\$([A-Za-z0-9_.]+)/g;

export function* aptRules(root: Node | undefined): Generator<Finding> {
  for (const { value: entry } of entries(get(get(root, 'apt'), 'sources'))) {
    yield* source(entry);
    yield* key(entry);
  }
}

function* source(entry: Node): Generator<Finding> {
  const node = get(entry, 'source');
  const line = text(entry, 'source');
  if (!node || line === undefined) return;
  for (const match of line.matchAll(VARIABLE)) {
    const name = match[1] ?? match[2] ?? '';
    if (!VARIABLES.includes(name)) {
      const expected = VARIABLES.map((variable) => `$${variable}`).join(', ');
      const message = 'cloud-init does not know this variable; the module fails and configures no source.';
      yield error('apt-variable', node, message, { given: match[0], expected });
    } else if (name === 'KEY_FILE' && !line.includes('$KEY_FILE')) {
      const message = 'cloud-init looks for $KEY_FILE without braces; with them the module fails.';
      yield error('apt-variable', node, message, { given: match[0], expected: '$KEY_FILE' });
    } else if (name === 'KEY_FILE' && !get(entry, 'key') && !get(entry, 'keyid')) {
      yield error('apt-key-missing', node, '$KEY_FILE is used, but there is neither key nor keyid.');
    }
  }
  if (/\$\(|`/.test(line)) {
    const message = 'No shell reads this line: a command in it stays as it is, and apt refuses the source.';
    yield error('apt-command', node, message, {
      hint: 'Leave [arch=...] out; apt takes its own architecture.',
    });
  }
  if (/^(?:Types|URIs|Suites):/m.test(line)) {
    const message = 'The deb822 form goes to a .list file here, which apt cannot read.';
    yield error('apt-deb822', node, message, { expected: 'deb [signed-by=$KEY_FILE] URL SUITE COMPONENT' });
  }
}

function* key(entry: Node): Generator<Finding> {
  const node = get(entry, 'key');
  const armoured = text(entry, 'key');
  const line = text(entry, 'source') ?? '';
  const isForAll = !line.includes('$KEY_FILE') && !/^ppa:/.test(line);
  if (node && armoured !== undefined) {
    const isBlock = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*-----END PGP PUBLIC KEY BLOCK-----/.test(
      armoured,
    );
    if (!isBlock) {
      const message = 'This is not an armoured public key; the source fails when apt verifies it.';
      yield error('apt-key-format', node, message, { expected: '-----BEGIN PGP PUBLIC KEY BLOCK-----' });
    } else if (!/BLOCK-----\r?\n(?:[^\n:]+: [^\n]*\r?\n)*[ \t]*\r?\n/.test(armoured)) {
      const message = 'The armour has no empty line after its first line; gpg refuses the key.';
      yield error('apt-key-format', node, message, { hint: 'Keep the line breaks: key: |' });
    }
  }
  const keyId = get(entry, 'keyid');
  if (keyId && !node) {
    const message =
      'The key is fetched from a key server at first boot; when that fails, so does the source.';
    yield info('apt-key-network', keyId, message, { hint: 'Put the armoured key under key.' });
  }
  const trusted = node ?? keyId;
  if (trusted && isForAll) {
    const message = 'Without $KEY_FILE in source the key is trusted for every repository.';
    yield warning('apt-key-for-all', trusted, message, { hint: 'Write [signed-by=$KEY_FILE] behind deb.' });
  }
}
