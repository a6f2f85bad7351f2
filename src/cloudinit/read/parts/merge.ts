/** Several cloud-configs as one, with cloud-init's mergers (cloudinit/mergers, handlers/cloud_config.py). */
import { entries, get, items, type MappingNode, type Node, type ScalarNode } from '../yaml-node';

export interface Mergers {
  readonly dict: readonly string[] | undefined;
  readonly list: readonly string[] | undefined;
  readonly str: readonly string[] | undefined;
}

/** What cloud-init does when a part does not say how: keys are replaced, lists among them. */
const DEFAULT = 'dict(replace)+list()+str()';
const KEYS = ['merge_how', 'merge_type'];

/**
 * @param header value of the part's header Merge-Type
 * @returns undefined when cloud-init refuses the way of merging, and the part with it
 */
export function mergersOf(root: Node | undefined, header: string): Mergers | undefined {
  const value = KEYS.map((key) => get(root, key)).find(
    (node) => node && !(node.kind === 'scalar' && node.type === 'null'),
  );
  const own = value === undefined ? [] : value.kind === 'scalar' ? words(value.text) : listed(value);
  const all = own && [...own, ...(words(header) ?? [])];
  const isValid =
    all?.every(([name]) => ['dict', 'list', 'str'].includes(name)) && words(header) !== undefined;
  if (!all || !isValid) return undefined;
  // The first merger that can merge a type does.
  const options = (all.length > 0 ? all : (words(DEFAULT) ?? [])).toReversed();
  const by = new Map(options.map(([name, list]) => [name, list]));
  return { dict: by.get('dict'), list: by.get('list'), str: by.get('str') };
}

type Merger = readonly [name: string, options: readonly string[]];

/** `dict(replace)+list(append)`. */
function words(text: string): Merger[] | undefined {
  const found: Merger[] = [];
  for (const piece of text.split('+')) {
    const word = piece.trim().toLowerCase().replaceAll('-', '_');
    if (word === '') continue;
    const [, name, options = ''] = /^([a-z_][a-z0-9_]*)\((.*?)\)$/.exec(word) ?? [];
    if (name === undefined) return undefined;
    found.push([
      name,
      options
        .split(',')
        .map((option) => option.trim())
        .filter(Boolean),
    ]);
  }
  return found;
}

/** `[{name: list, settings: [append]}]` or `[[list, append]]`. */
function listed(node: Node): Merger[] | undefined {
  const word = (each: Node | undefined) => (each?.kind === 'scalar' ? each.text : '');
  const found: Merger[] = [];
  for (const item of items(node)) {
    const settings = get(item, 'settings');
    const [name, ...options] =
      item.kind === 'mapping' ? [get(item, 'name'), ...items(settings)] : items(item);
    if (name?.kind !== 'scalar' || (item.kind === 'mapping' && !settings)) return undefined;
    found.push([name.text.replaceAll('-', '_').trim(), options.map(word)]);
  }
  return found;
}

/** The mapping of one cloud-config as cloud-init starts from it: without the words on merging. */
export function withoutMergeKeys(root: MappingNode): MappingNode {
  if (KEYS.every((key) => get(root, key) === undefined)) return root;
  return mapping(
    root,
    entries(root).filter(({ name }) => !KEYS.includes(name)),
  );
}

/** @param before what earlier parts made @param after the next part */
export function mergeConfigs(before: MappingNode, after: MappingNode, mergers: Mergers): MappingNode {
  return merged(before, withoutMergeKeys(after), mergers) as MappingNode;
}

type Entry = { readonly key: Node; readonly value: Node };

function mapping(like: MappingNode, list: readonly Entry[]): MappingNode {
  return { ...like, entries: list.map(({ key, value }) => ({ key, value })), merged: [] };
}

function merged(before: Node, after: Node, mergers: Mergers): Node {
  if (before.kind === 'mapping')
    return mergers.dict ? mergedMapping(before, after, mergers, mergers.dict) : before;
  if (before.kind === 'sequence')
    return mergers.list ? mergedList(before, after, mergers, mergers.list) : before;
  if (before.type !== 'str') return before;
  if (!mergers.str) return before;
  const isAppended = mergers.str.includes('append') && after.kind === 'scalar' && after.type === 'str';
  return isAppended ? joined(before, after) : after;
}

function joined(before: ScalarNode, after: ScalarNode): ScalarNode {
  const { block: _, ...rest } = after;
  const text = before.text + after.text;
  return { ...rest, text, reading: { type: 'str', value: text } };
}

function has(options: readonly string[], ...names: readonly string[]): boolean {
  return names.some((name) => options.includes(name));
}

function recurses(options: readonly string[], node: Node, isDict: boolean): boolean {
  if (node.kind === 'sequence') return has(options, 'recurse_array', 'recurse_list');
  if (node.kind === 'mapping') return isDict || has(options, 'recurse_dict');
  return node.type === 'str' && has(options, 'recurse_str');
}

function mergedMapping(before: MappingNode, after: Node, mergers: Mergers, options: readonly string[]): Node {
  if (after.kind !== 'mapping') return before;
  const isReplaced = has(options, 'replace');
  const result = new Map(entries(before).map(({ name, key, value }) => [name, { key, value }]));
  for (const { name, key, value } of entries(after)) {
    const old = result.get(name);
    const isNull = value.kind === 'scalar' && value.type === 'null';
    if (old && isNull && has(options, 'allow_delete')) result.delete(name);
    else if (!old || isReplaced) result.set(name, { key, value });
    else if (recurses(options, value, true))
      result.set(name, { key, value: merged(old.value, value, mergers) });
  }
  return mapping(before, [...result.values()]);
}

function mergedList(
  before: Node & { kind: 'sequence' },
  after: Node,
  mergers: Mergers,
  options: readonly string[],
): Node {
  const method =
    ['append', 'prepend', 'replace', 'no_replace'].find((name) => options.includes(name)) ?? 'replace';
  if (after.kind !== 'sequence') return method === 'replace' ? after : before;
  if (method === 'append') return { ...before, items: [...before.items, ...after.items] };
  if (method === 'prepend') return { ...before, items: [...after.items, ...before.items] };
  const list = before.items.map((old, index) => {
    const value = after.items[index];
    if (!value || method === 'no_replace') return old;
    return recurses(options, value, false) ? merged(old, value, mergers) : value;
  });
  return { ...before, items: list };
}
