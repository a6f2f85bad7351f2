/**
 * multipass reads user data and writes it again, without the quotes (src/utils/yaml_node_utils.cpp over
 * yaml-cpp's emitter): a quoted scalar may come out as a number, a boolean or a date.
 * multipass quotes a scalar with a colon; yaml-cpp quotes the words for null and anything but one plain line.
 * canonical/multipass#4419 quotes a 0 followed by digits; 1.16.3 (May 2026) does not have it yet.
 */

import type { UserDataDocument } from '../../read/user-data';
import { type ScalarNode, walk } from '../../read/yaml-node';
import { readYaml11 } from '../../read/yaml11';
import { type Finding, info } from '../finding';

const QUOTED_BY_MULTIPASS = /:/;
const QUOTED_SINCE = /^0[0-9]+$/;
const QUOTED_BY_YAML_CPP = /^(?:~|null|Null|NULL|)$|[\n\r\t]|^ | $/;

export function* multipassRules({ root }: UserDataDocument): Generator<Finding> {
  if (!root) return;
  for (const { node } of walk(root)) {
    if (node.kind !== 'scalar') continue;
    const becomes = changedType(node);
    if (!becomes) continue;
    const what = `this ${node.type === 'str' ? 'text' : node.type} becomes ${becomes}`;
    yield info('multipass-type', node, `${versions(node, becomes)}; there ${what}.`, { hint: remedy(node) });
  }
}

/** What multipass does to the scalar, and which releases do it. */
function versions({ text }: ScalarNode, becomes: string): string {
  if (!QUOTED_SINCE.test(text)) return 'multipass drops the quotes';
  return becomes === 'str'
    ? 'multipass after 1.16.3 puts it in quotes'
    : 'multipass up to 1.16.3 drops the quotes';
}

function remedy({ path, text, type }: ScalarNode): string {
  const isMode = type === 'str' && /\.permissions$/.test(path) && /^0[0-7]+$/.test(text);
  return isMode
    ? `'${text.replace(/^0/, '0o')}' is the same to cloud-init, and text without quotes too.`
    : 'Elsewhere it arrives as written.';
}

/** @returns the type that the scalar has after multipass, when it differs from the type before */
export function changedType(node: ScalarNode): string | undefined {
  const { text, type, style } = node;
  if (style === 'plain' && node.tag === '') {
    const quoted = QUOTED_BY_MULTIPASS.test(text) || QUOTED_SINCE.test(text);
    return quoted && type !== 'str' && type !== 'refused' ? 'str' : undefined;
  }
  if (type !== 'str' || QUOTED_BY_MULTIPASS.test(text) || QUOTED_BY_YAML_CPP.test(text)) return undefined;
  const after = readYaml11(text).type;
  return after === 'str' ? undefined : after;
}
