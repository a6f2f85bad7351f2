/**
 * A YAML document as cloud-init sees it (types by YAML 1.1, merge keys followed, aliases shared), with the
 * place of every node in the text.
 */
import type { Place } from '../../diagnostics/source';
import type { Reading } from './yaml11';

export type ScalarType = Reading['type'] | 'binary';
export type Style = 'plain' | 'single' | 'double' | 'literal' | 'folded';

interface NodeBase extends Place {
  /** As written (`!!str`), or empty. */
  readonly tag: string;
  /** Place of the tag, if there is one. */
  readonly tagAt?: number;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly style: Style;
  /** Offset after its last character, without a closing quote. */
  readonly end: number;
  /** The text after quotes, escapes and folding are resolved. */
  readonly text: string;
  readonly type: ScalarType;
  readonly reading: Reading;
  /** Inside `[ ]` or `{ }`. */
  readonly inFlow: boolean;
  /** Offset and indentation of a literal's first line, which locate its lines in the document. */
  readonly block?: {
    readonly start: number;
    readonly indent: number;
    /** Place of the text of a line, counted from 1, in a part whose lines are not those of the document. */
    readonly lineAt?: (line: number) => number;
  };
  /** Place of the first escape that is half of a character (`\\ud83d`): Python cannot write such text. */
  readonly surrogate?: number;
}

export interface SequenceNode extends NodeBase {
  readonly kind: 'sequence';
  readonly items: Node[];
}

export interface MappingNode extends NodeBase {
  readonly kind: 'mapping';
  readonly entries: { readonly key: Node; readonly value: Node }[];
  /** Mappings that `<<` merges, the strongest first; a key of the mapping itself is stronger. */
  readonly merged: MappingNode[];
}

export type Node = ScalarNode | SequenceNode | MappingNode;
export type NodeType = ScalarType | 'list' | 'map';

export function typeOf(node: Node): NodeType {
  if (node.kind === 'scalar') return node.type;
  return node.kind === 'sequence' ? 'list' : 'map';
}

/** The value of a key as PyYAML resolves it: the last of repeated keys, then the merged ones. */
export function get(node: Node | undefined, name: string): Node | undefined {
  if (node?.kind !== 'mapping') return undefined;
  for (const mapping of strongestFirst(node)) {
    const found = own(mapping).get(name);
    if (found) return found.value;
  }
  return undefined;
}

const OWN = new WeakMap<MappingNode, ReadonlyMap<string, KeyValue>>();

/** A mapping's own keys, the last of repeated ones. Computed once: many mappings may merge the same one. */
export function own(mapping: MappingNode): ReadonlyMap<string, KeyValue> {
  const known = OWN.get(mapping);
  if (known) return known;
  const keys = new Map<string, KeyValue>();
  for (const { key, value } of mapping.entries) {
    if (key.kind === 'scalar') keys.set(key.text, { key, name: key.text, value });
  }
  OWN.set(mapping, keys);
  return keys;
}

/** A mapping and those merged into it, each once: merges may be many and may form loops. */
export function* strongestFirst(
  mapping: MappingNode,
  seen: Set<MappingNode> = new Set(),
): Generator<MappingNode, void, void> {
  if (seen.has(mapping)) return;
  seen.add(mapping);
  yield mapping;
  for (const merged of mapping.merged) yield* strongestFirst(merged, seen);
}

/** The text of a string under a key; undefined for anything else. */
export function text(node: Node | undefined, name: string): string | undefined {
  const value = get(node, name);
  return value?.kind === 'scalar' && value.type === 'str' ? value.text : undefined;
}

export function isTrue(node: Node | undefined): boolean {
  // util.get_cfg_option_bool accepts the words in strings as well.
  if (node?.kind !== 'scalar') return false;
  return node.type === 'bool' ? node.reading.value === true : /^(?:1|on|yes|true)$/i.test(node.text);
}

export function items(node: Node | undefined): readonly Node[] {
  return node?.kind === 'sequence' ? node.items : [];
}

export interface KeyValue {
  readonly key: Node;
  /** Text of the key. */
  readonly name: string;
  readonly value: Node;
}

/** Each key with its value, merged ones included, as PyYAML resolves them. */
export function entries(node: Node | undefined): KeyValue[] {
  const found = new Map<string, KeyValue>();
  if (node?.kind !== 'mapping') return [];
  for (const mapping of strongestFirst(node)) {
    for (const [name, entry] of own(mapping)) if (!found.has(name)) found.set(name, entry);
  }
  return [...found.values()];
}

/** Every node once, keys included, in the order of the document. Aliases may form loops. */
export function* walk(root: Node): Generator<{ node: Node; isKey: boolean }> {
  const seen = new Set<Node>();
  const stack: { node: Node; isKey: boolean }[] = [{ node: root, isKey: false }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (seen.has(next.node)) continue;
    seen.add(next.node);
    yield next;
    const { node } = next;
    if (node.kind === 'sequence') {
      for (const item of [...node.items].reverse()) stack.push({ node: item, isKey: false });
    } else if (node.kind === 'mapping') {
      for (const { key, value } of [...node.entries].reverse()) {
        stack.push({ node: value, isKey: false }, { node: key, isKey: true });
      }
      for (const merged of node.merged) stack.push({ node: merged, isKey: false });
    }
  }
}
