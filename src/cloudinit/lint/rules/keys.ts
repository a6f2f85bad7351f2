/** Keys and types, compared with the table in shapes.ts. */

import {
  entries,
  get,
  type KeyValue,
  type MappingNode,
  type Node,
  type NodeType,
  own,
  strongestFirst,
  typeOf,
} from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import { CLOUD_CONFIG, type Shape } from './shapes';

const NAMES: Partial<Record<string, string>> = {
  str: 'text',
  bool: 'true or false',
  int: 'a number',
  float: 'a number',
  null: 'nothing',
  list: 'a list',
  map: 'keys with values',
  timestamp: 'a date',
  binary: 'binary data',
};

export function* keyRules(root: Node | undefined): Generator<Finding> {
  if (root?.kind === 'mapping') yield* check(root, CLOUD_CONFIG, { seen: new Set(), faulty: new Map() });
}

/** The types that cloud-init expects at the nodes whose place it knows. */
export function wantedTypes(root: Node | undefined): ReadonlyMap<Node, readonly string[]> {
  const found = new Map<Node, readonly string[]>();
  const visit = (node: Node, shape: Shape) => {
    if (found.has(node)) return;
    found.set(node, shape.type.split('|'));
    for (const [child, inner] of children(node, shape)) visit(child, inner);
  };
  if (root) visit(root, CLOUD_CONFIG);
  return found;
}

function children(node: Node, shape: Shape): [Node, Shape][] {
  if (node.kind === 'scalar') return [];
  if (node.kind === 'sequence') return shape.items ? node.items.map((item) => [item, shape.items!]) : [];
  // Looked up by name where the names are known: many mappings may merge one large mapping.
  const known = Object.entries(shape.keys ?? {}).flatMap(([name, inner]): [Node, Shape][] => {
    const value = get(node, name);
    return value ? [[value, inner]] : [];
  });
  const { values } = shape;
  if (!values) return known;
  const others = entries(node).filter(({ name }) => !(shape.keys && Object.hasOwn(shape.keys, name)));
  return [...known, ...others.map(({ value }): [Node, Shape] => [value, values])];
}

function keyShape(shape: Shape, name: string): Shape | undefined {
  return shape.keys && Object.hasOwn(shape.keys, name) ? shape.keys[name] : shape.values;
}

interface Progress {
  readonly seen: Set<Node>;
  /** The faulty keys of a mapping, by its shape, that are not reported yet. */
  readonly faulty: Map<Shape, Map<MappingNode, readonly KeyValue[]>>;
}

function* check(node: Node, shape: Shape, progress: Progress): Generator<Finding> {
  const { seen } = progress;
  const type = typeOf(node);
  const wanted = shape.type.split('|');
  if (!wanted.includes(type)) {
    yield wrongType(node, type, shape);
    return;
  }
  if (shape.choices && node.kind === 'scalar' && !shape.choices.includes(node.text)) {
    const expected = shape.choices.join(', ');
    yield error('value', node, 'cloud-init does not know this value here.', { given: node.text, expected });
  }
  if (seen.has(node)) return;
  seen.add(node);
  if (node.kind === 'mapping') yield* keys(node, shape, progress);
  for (const [child, inner] of children(node, shape)) yield* check(child, inner, progress);
}

function wrongType(node: Node, type: NodeType, shape: Shape): Finding {
  const expected = [...new Set(shape.type.split('|').map((name) => NAMES[name]))].join(' or ');
  const here = type === 'refused' ? 'something that it refuses' : NAMES[type];
  const message = `cloud-init wants ${expected} here; this is ${here}.`;
  if (type === 'null') return warning('empty-key', node, message, { hint: 'Leave the key out.' });
  const isScalarMix = node.kind === 'scalar' && /str|bool|int/.test(shape.type);
  if (isScalarMix && !shape.breaks) {
    const hint = shape.type.includes('str') ? 'Put it in quotes.' : `Write ${expected}, without quotes.`;
    return warning('type', node, message, { hint });
  }
  const isCommand = type === 'map' && shape.type.includes('str');
  const hint = isCommand ? 'A colon and a blank made it a key: put the whole text in quotes.' : undefined;
  return error('type', node, message, hint === undefined ? {} : { hint });
}

/** A key is written once and reported once, even if many mappings merge it. */
function* keys(node: MappingNode, shape: Shape, { faulty }: Progress): Generator<Finding> {
  const unreported = faulty.get(shape) ?? new Map<MappingNode, readonly KeyValue[]>();
  faulty.set(shape, unreported);
  for (const mapping of strongestFirst(node)) {
    const candidates =
      unreported.get(mapping) ?? [...own(mapping).values()].filter(({ name }) => isFaulty(shape, name));
    // A key that a stronger one hides here may be effective in another mapping.
    unreported.set(
      mapping,
      candidates.filter(({ name, value }) => get(node, name) !== value),
    );
    for (const { key, name, value } of candidates) {
      if (get(node, name) !== value) continue;
      const place = { path: node.path === '' ? name : `${node.path}.${name}`, start: key.start };
      const known = keyShape(shape, name);
      if (known?.deprecated) {
        const { since, use } = known.deprecated;
        const hint = use === undefined ? 'Leave it out.' : `Use ${use}.`;
        yield warning('deprecated-key', place, `Deprecated since cloud-init ${since}.`, { hint });
      }
      if (!known) yield unknownKey(place, name, Object.keys(shape.keys ?? {}));
    }
  }
}

function isFaulty(shape: Shape, name: string): boolean {
  const known = keyShape(shape, name);
  return known ? known.deprecated !== undefined : shape.closed === true;
}

function unknownKey(place: { path: string; start: number }, name: string, known: readonly string[]): Finding {
  const near = known.find((candidate) => isNear(name, candidate));
  const message = 'cloud-init does not know this key; it ignores it and reports it as a fault.';
  return near
    ? error('unknown-key', place, message, { given: name, hint: `Is ${near} meant?` })
    : warning('unknown-key', place, message, { given: name });
}

/** Equal except for case, `-` for `_`, one character more, less or other, or two neighbours exchanged. */
function isNear(given: string, known: string): boolean {
  const [a, b] = [given.toLowerCase().replaceAll('-', '_'), known.replaceAll('-', '_')];
  if (a === b) return true;
  if (Math.abs(a.length - b.length) > 1 || b.length < 4) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const isSwapped = left.length === 2 && left[0] === right[1] && left[1] === right[0];
  return isSwapped || (left.length <= 1 && right.length <= 1);
}
