/**
 * What cloud-init expects of a cloud-config: the keys of every module, their types, and the releases that brought,
 * deprecated or removed them. table.json is derived from cloud-init's schema-cloud-config-v1.json of the releases 22.4
 * to 26.2 (Copyright Canonical Ltd., GPL-3.0 or Apache-2.0, used under Apache-2.0); generate.mjs writes it.
 */
import table from './table.json';

export interface Shape {
  /** Types that are taken, joined by `|`: str bool int float null list map. Any type when absent. */
  readonly type?: string;
  readonly keys?: Readonly<Record<string, Shape>>;
  /** The schema refuses any other key. */
  readonly closed?: boolean;
  /** Shape of the value of any other key. */
  readonly values?: Shape;
  readonly items?: Shape;
  readonly required?: readonly string[];
  /** Of each list of keys exactly one must be there; `someOf`: at least one. */
  readonly oneOf?: readonly (readonly string[])[];
  readonly someOf?: readonly (readonly string[])[];
  /** Keys that exclude each other. */
  readonly apart?: readonly (readonly string[])[];
  readonly choices?: readonly (string | boolean)[];
  readonly pattern?: string;
  readonly minimum?: number;
  /** Fewest and most items or keys. */
  readonly least?: number;
  readonly most?: number;
  readonly unique?: boolean;
  /** Alternatives, one of which must fit. */
  readonly any?: readonly Shape[];
  /** A value of another type breaks the module, because its code does not convert it. */
  readonly breaks?: boolean;
  /** Deprecated: the release, then the key to use or a sentence. `changed` is the same for a value. */
  readonly old?: readonly string[];
  readonly changed?: readonly string[];
  /** The first release with this key, if it is later than 22.4. */
  readonly since?: string;
}

/** A shape as table.json writes it: one that is only a type is its name, and `str[]` is a list of text. */
type Short = string | { readonly [name: string]: unknown };

/** The parts of a shape that are shapes. */
function shapeOf(short: Short): Shape {
  if (short === 'str[]') return { type: 'list', items: { type: 'str' } };
  if (typeof short === 'string') return { type: short };
  const { keys, values, items, any, ...rest } = short;
  return {
    ...rest,
    ...(keys ? { keys: shapesOf(keys as Record<string, Short>) } : {}),
    ...(values ? { values: shapeOf(values as Short) } : {}),
    ...(items ? { items: shapeOf(items as Short) } : {}),
    ...(any ? { any: (any as Short[]).map(shapeOf) } : {}),
  };
}

function shapesOf(keys: Readonly<Record<string, Short>>): Readonly<Record<string, Shape>> {
  return Object.fromEntries(Object.entries(keys).map(([name, short]) => [name, shapeOf(short)]));
}

/** The whole cloud-config. */
export const CLOUD_CONFIG = { type: 'map', closed: true, keys: shapesOf(table.keys) };

/** Keys that a release removed, with that release: `rpi.enable_rpi_connect`. Indexes are left out of the path. */
export const GONE: Readonly<Record<string, string>> = table.gone;

/** The shape of a key of a mapping; undefined when the schema does not have it. */
export function keyShape(shape: Shape, name: string): Shape | undefined {
  return shape.keys && Object.hasOwn(shape.keys, name) ? shape.keys[name] : shape.values;
}

/** Types that fit, of all alternatives; empty when any does. */
export function typesOf(shape: Shape): readonly string[] {
  const own = shape.type?.split('|') ?? choiceTypes(shape);
  const inner = shape.any?.map(typesOf) ?? [];
  if (inner.length === 0 || inner.some((types) => types.length === 0)) return own;
  const either = [...new Set(inner.flat())];
  return own.length > 0 ? own.filter((type) => either.includes(type)) : either;
}

function choiceTypes({ choices }: Shape): string[] {
  return [...new Set((choices ?? []).map((choice) => (typeof choice === 'string' ? 'str' : 'bool')))];
}
