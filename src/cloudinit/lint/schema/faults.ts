/** Where a cloud-config departs from the table: what JSON Schema would call its errors, with the place of each. */
import type { Place } from '../../../diagnostics/source';
import {
  entries,
  get,
  type KeyValue,
  type MappingNode,
  type Node,
  own,
  strongestFirst,
  typeOf,
} from '../../read/yaml-node';
import { keyShape, type Shape, typesOf } from './shape';

export type Fault =
  | {
      readonly kind: 'type';
      readonly node: Node;
      readonly types: readonly string[];
      readonly breaks: boolean;
    }
  | { readonly kind: 'value'; readonly node: Node; readonly shape: Shape }
  | { readonly kind: 'count'; readonly node: Node; readonly shape: Shape }
  | { readonly kind: 'repeated'; readonly node: Node }
  | { readonly kind: 'missing'; readonly node: Node; readonly names: readonly (readonly string[])[] }
  | { readonly kind: 'together'; readonly node: Node; readonly names: readonly string[] }
  | { readonly kind: 'unknown'; readonly place: Place; readonly entry: KeyValue; readonly shape: Shape }
  /** Not an error of the schema: deprecated keys and values, and keys that are younger than 22.4. */
  | {
      readonly kind: 'old';
      readonly place: Place;
      readonly old: readonly string[];
      readonly isValue: boolean;
    }
  | { readonly kind: 'since'; readonly place: Place; readonly since: string };

export function faultsOf(root: Node, shape: Shape): Iterable<Fault> {
  return check(root, shape, { seen: new Map(), faulty: new Map() });
}

interface Progress {
  readonly seen: Map<Shape, Set<Node>>;
  /** The faulty keys of a mapping, by its shape, that are not reported yet. */
  readonly faulty: Map<Shape, Map<MappingNode, readonly KeyValue[]>>;
}

const isSoft = ({ kind }: Fault) => kind === 'old' || kind === 'since';

/** Whether a value has one of the types; to cloud-init, bytes are text. */
export function fits(node: Node, types: readonly string[]): boolean {
  const type = typeOf(node);
  return types.length === 0 || types.includes(type === 'binary' ? 'str' : type);
}

function* check(node: Node, shape: Shape, progress: Progress): Generator<Fault> {
  const seen = progress.seen.get(shape) ?? new Set();
  progress.seen.set(shape, seen);
  if (seen.has(node)) return;
  seen.add(node);
  const types = typesOf(shape);
  if (!fits(node, types)) {
    yield { kind: 'type', node, types, breaks: shape.breaks ?? false };
    return;
  }
  if (shape.changed) yield { kind: 'old', place: node, old: shape.changed, isValue: true };
  if (!isAllowed(node, shape)) yield { kind: 'value', node, shape };
  if (node.kind === 'mapping') yield* mapping(node, shape, progress);
  if (node.kind === 'sequence') yield* sequence(node.items, node, shape);
  for (const [child, inner] of children(node, shape)) yield* check(child, inner, progress);
  if (shape.any) yield* alternatives(node, shape.any, progress);
}

/** Faults of an alternative beyond which it is not compared further. */
const ENOUGH = 20;

function* alternatives(node: Node, any: readonly Shape[], progress: Progress): Generator<Fault> {
  const fitting = any.filter((each) => fits(node, typesOf(each)));
  const [only] = fitting;
  if (only && fitting.length === 1) {
    // `old` of an alternative is about the form of the value.
    if (only.old) yield { kind: 'old', place: node, old: only.old, isValue: true };
    yield* check(node, only, progress);
    return;
  }
  const results = fitting.map((each) => ({ each, faults: first(check(node, each, fresh()), ENOUGH) }));
  const best =
    results.find(({ faults }) => faults.every(isSoft)) ??
    results.sort((a, b) => a.faults.length - b.faults.length)[0];
  if (!best) return;
  const values = results.flatMap(
    ({ faults }) => faults.find((f) => f.kind === 'value' && f.node === node) ?? [],
  );
  if (best.faults.every(isSoft) && best.each.old)
    yield { kind: 'old', place: node, old: best.each.old, isValue: true };
  if (values.length === results.length) yield { kind: 'value', node, shape: { any } };
  else yield* best.faults;
}

const fresh = (): Progress => ({ seen: new Map(), faulty: new Map() });

function first<T>(found: Iterable<T>, count: number): T[] {
  const list: T[] = [];
  for (const each of found) if (list.push(each) >= count) break;
  return list;
}

function isAllowed(node: Node, { choices, pattern, minimum }: Shape): boolean {
  if (node.kind !== 'scalar') return true;
  const { value } = node.reading;
  if (choices && !choices.some((choice) => choice === value)) return false;
  if (pattern && typeof value === 'string' && !new RegExp(pattern).test(value)) return false;
  return minimum === undefined || !/^(?:int|float)$/.test(node.type) || Number(value) >= minimum;
}

function* sequence(items: readonly Node[], node: Node, shape: Shape): Generator<Fault> {
  if (items.length < (shape.least ?? 0) || items.length > (shape.most ?? items.length))
    yield { kind: 'count', node, shape };
  if (!shape.unique) return;
  const texts = new Set<string>();
  for (const item of items) {
    if (item.kind !== 'scalar') continue;
    const identity = `${item.type}:${item.text}`;
    if (texts.has(identity)) yield { kind: 'repeated', node: item };
    texts.add(identity);
  }
}

function* mapping(node: MappingNode, shape: Shape, progress: Progress): Generator<Fault> {
  const has = (name: string) => get(node, name) !== undefined;
  const missing = (shape.required ?? []).filter((name) => !has(name));
  for (const name of missing) yield { kind: 'missing', node, names: [[name]] };
  if (shape.least && keyCount(node) < shape.least) yield { kind: 'count', node, shape };
  const { oneOf, someOf } = shape;
  const names = oneOf ?? someOf ?? [];
  const complete = names.filter((list) => list.every(has));
  if (names.length > 0 && complete.length === 0) yield { kind: 'missing', node, names };
  if (oneOf && complete.length > 1) yield { kind: 'together', node, names: complete.flat() };
  for (const list of shape.apart ?? []) if (list.every(has)) yield { kind: 'together', node, names: list };
  yield* keys(node, shape, progress);
}

/** The largest number of keys that one of the merged mappings has: none of the schema's limits is above 1. */
function keyCount(node: MappingNode): number {
  return Math.max(...Array.from(strongestFirst(node), (mapping) => own(mapping).size));
}

/** A key is written once and reported once, even if many mappings merge it. */
function* keys(node: MappingNode, shape: Shape, { faulty }: Progress): Generator<Fault> {
  const unreported = faulty.get(shape) ?? new Map<MappingNode, readonly KeyValue[]>();
  faulty.set(shape, unreported);
  for (const mapping of strongestFirst(node)) {
    const candidates = unreported.get(mapping) ?? faultyKeys(mapping, shape);
    for (const entry of candidates) {
      const { key, name, value } = entry;
      if (get(node, name) !== value) continue;
      const place = { path: node.path === '' ? name : `${node.path}.${name}`, start: key.start };
      const known = keyShape(shape, name);
      if (known?.old) yield { kind: 'old', place, old: known.old, isValue: false };
      if (known?.since) yield { kind: 'since', place, since: known.since };
      if (!known) yield { kind: 'unknown', place, entry, shape };
    }
    // A key that a stronger one hides here may be effective in another mapping.
    const isHidden = ({ name, value }: KeyValue) => get(node, name) !== value;
    unreported.set(mapping, candidates.filter(isHidden));
  }
}

const FAULTY = new WeakMap<Shape, WeakMap<MappingNode, readonly KeyValue[]>>();

/** The keys of one mapping that the shape does not have, or has with a remark. Computed once per shape. */
function faultyKeys(mapping: MappingNode, shape: Shape): readonly KeyValue[] {
  const known = FAULTY.get(shape) ?? new WeakMap<MappingNode, readonly KeyValue[]>();
  FAULTY.set(shape, known);
  const found = known.get(mapping) ?? [...own(mapping).values()].filter(({ name }) => isFaulty(shape, name));
  known.set(mapping, found);
  return found;
}

function isFaulty(shape: Shape, name: string): boolean {
  const known = keyShape(shape, name);
  return known ? known.old !== undefined || known.since !== undefined : shape.closed === true;
}

function children(node: Node, shape: Shape): [Node, Shape][] {
  if (node.kind === 'scalar') return [];
  if (node.kind === 'sequence')
    return shape.items ? [...new Set(node.items)].map((item) => [item, shape.items!]) : [];
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

/** The types that cloud-init expects at the nodes whose place it knows, of all alternatives. */
export function wantedTypes(root: Node | undefined, shape: Shape): ReadonlyMap<Node, readonly string[]> {
  const found = new Map<Node, readonly string[]>();
  const seen = new Map<Shape, Set<Node>>();
  const visit = (node: Node, each: Shape) => {
    const nodes = seen.get(each) ?? new Set();
    seen.set(each, nodes);
    if (nodes.has(node)) return;
    nodes.add(node);
    found.set(node, [...new Set([...(found.get(node) ?? []), ...typesOf(each)])]);
    for (const [child, inner] of children(node, each)) visit(child, inner);
    for (const inner of each.any ?? []) if (fits(node, typesOf(inner))) visit(node, inner);
  };
  if (root) visit(root, shape);
  return found;
}
