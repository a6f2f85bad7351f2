/**
 * multipass reads user data and writes it anew, without the quotes (src/utils/yaml_node_utils.cpp over
 * yaml-cpp's emitter): a quoted scalar may come out as a number, a boolean or a date.
 * It quotes what has a colon or is a 0 with digits; yaml-cpp quotes words for null and what is not one plain line.
 */
import type { LintDocument } from '../document';
import { type Finding, info } from '../finding';
import { type ScalarNode, walk } from '../node';
import { readYaml11 } from '../yaml11';

const QUOTED_BY_MULTIPASS = /:|^0[0-9]+$/;
const QUOTED_BY_YAML_CPP = /^(?:~|null|Null|NULL|)$|[\n\r\t]|^ | $/;

export function* multipassRules({ root }: LintDocument): Generator<Finding> {
  if (!root) return;
  for (const { node } of walk(root)) {
    if (node.kind !== 'scalar') continue;
    const becomes = changedType(node);
    if (!becomes) continue;
    const message = `multipass drops the quotes; there this ${node.type === 'str' ? 'text' : node.type} becomes ${becomes}.`;
    yield info('multipass-type', node, message, { hint: 'Elsewhere it arrives as written.' });
  }
}

/** @returns the type that the scalar has after multipass, when that is another than before */
export function changedType(node: ScalarNode): string | undefined {
  const { text, type, style } = node;
  const quoted = QUOTED_BY_MULTIPASS.test(text);
  if (style === 'plain' && node.tag === '')
    return quoted && type !== 'str' && type !== 'refused' ? 'str' : undefined;
  if (type !== 'str' || quoted || QUOTED_BY_YAML_CPP.test(text)) return undefined;
  const after = readYaml11(text).type;
  return after === 'str' ? undefined : after;
}
