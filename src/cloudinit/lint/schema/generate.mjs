// Writes table.json from the schemas of cloud-init's releases (schema-cloud-config-v1.json, Apache-2.0 or GPL-3.0):
//   node src/cloudinit/lint/schema/generate.mjs CLOUD-INIT.git
// The argument is a clone of github.com/canonical/cloud-init with its tags. The same clone gives the same bytes.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Releases whose schemas are compared, oldest first; the last one is the table. */
const RELEASES = '22.4 23.1 23.2 23.3 23.4 24.1 24.2 24.3 24.4 25.1 25.2 25.3 26.1 26.2'.split(' ');
const SCHEMA = 'cloudinit/config/schemas/schema-cloud-config-v1.json';

const TYPES = {
  string: 'str',
  boolean: 'bool',
  integer: 'int',
  number: 'int|float',
  null: 'null',
  array: 'list',
  object: 'map',
};
/** Top-level keys that older releases read, although their schemas do not have them. */
const READ_BEFORE =
  /^(?:cloud_\w+_modules|launch-index|merge_\w+|system_info|output|reporting|autoinstall|version|device_aliases)\b/;
/** Values that break the module when they are not text, because its code does not convert them. */
const BREAKS =
  /^(?:write_files\[\]\.(?:path|content|owner|encoding)|(?:runcmd|bootcmd)\[\]|apt\.sources\.\*\.source)$/;

/** One shape of the table: see shape.ts. */
export function shapeOf(schema, defs, path = '') {
  const shape = {};
  for (const ref of [schema.$ref].flat().filter(Boolean))
    Object.assign(shape, shapeOf(defs[ref.replace('#/$defs/', '')], defs, path));
  const types = [schema.type ?? []].flat();
  if (types.length > 0) shape.type = types.map((type) => TYPES[type]).join('|');
  if (schema.properties) {
    shape.keys ??= {};
    for (const [name, inner] of Object.entries(schema.properties))
      shape.keys[name] = shapeOf(inner, defs, path === '' ? name : `${path}.${name}`);
  }
  for (const [pattern, inner] of Object.entries(schema.patternProperties ?? {})) {
    const names = namesOf(pattern);
    const values = shapeOf(inner, defs, `${path}.*`);
    if (names) for (const name of names) shape.keys = { ...shape.keys, [name]: values };
    else shape.values = values;
  }
  if (schema.additionalProperties === false && !shape.values) shape.closed = true;
  if (typeof schema.additionalProperties === 'object')
    shape.values = shapeOf(schema.additionalProperties, defs, `${path}.*`);
  if (schema.items) shape.items = shapeOf(schema.items, defs, `${path}[]`);
  if (schema.required) shape.required = schema.required;
  if (schema.enum && Array.isArray(schema.enum)) shape.choices = schema.enum;
  if (schema.pattern && schema.pattern !== '^.*$') shape.pattern = schema.pattern;
  if (schema.format === 'date') shape.pattern = '^\\d{4}-\\d\\d-\\d\\d$';
  if (schema.minimum !== undefined) shape.minimum = schema.minimum;
  if (schema.minItems || schema.minProperties)
    shape.least = Math.max(schema.minItems ?? 0, schema.minProperties ?? 0);
  if (schema.maxItems) shape.most = schema.maxItems;
  if (schema.uniqueItems) shape.unique = true;
  if (schema.deprecated) shape.old = [schema.deprecated_version, ...useOf(schema.deprecated_description)];
  if (schema.changed) shape.changed = [schema.changed_version, ...useOf(schema.changed_description)];
  for (const inner of schema.allOf ?? []) {
    if (inner.not) shape.apart = [...(shape.apart ?? []), inner.not.required];
    else Object.assign(shape, shapeOf(inner, defs, path));
  }
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) {
    const shapes = alternatives.map((each) => shapeOf(each, defs, path));
    if (shapes.every((each) => Object.keys(each).join() === 'required'))
      Object.assign(shape, { [schema.oneOf ? 'oneOf' : 'someOf']: shapes.map(({ required }) => required) });
    else shape.any = shapes;
  }
  if (BREAKS.test(path)) shape.breaks = true;
  return shape;
}

/** The names that a pattern stands for, where they are few: `^(a|b)_(c|d)$`. */
function namesOf(pattern) {
  const parts = /^\^\(([\w|]+)\)_\(([\w|]+)\)\$$/.exec(pattern);
  return parts?.[1].split('|').flatMap((a) => parts[2].split('|').map((b) => `${a}_${b}`));
}

function useOf(description = '') {
  const text = description.replaceAll(/\*\*|``/g, '').trim();
  const use = /^Use (\w+)(?: key)? instead\.$/.exec(text)?.[1];
  return [use ?? text].filter(Boolean);
}

/** The whole table of one release: its top-level keys in one map. */
export function rootShape(schema) {
  const defs = schema.$defs;
  const parts = schema.allOf.map(({ $ref }) => shapeOf(defs[$ref.replace('#/$defs/', '')], defs));
  const keys = Object.assign({}, ...parts.map((part) => part.keys));
  for (const name of Object.keys(schema.properties ?? {})) keys[name] ??= {};
  // Debian's package adds this key.
  keys.apt.keys.generate_mirrorlists ??= { type: 'bool' };
  return {
    type: 'map',
    closed: true,
    keys: Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Calls back for every key, with its path and that of the map that holds it. */
function eachKey(shape, visit, path = '') {
  for (const [name, inner] of Object.entries(shape.keys ?? {})) {
    const here = path === '' ? name : `${path}.${name}`;
    visit(here, inner, path);
    eachKey(inner, visit, here);
  }
  if (shape.values) eachKey(shape.values, visit, `${path}.*`);
  if (shape.items) eachKey(shape.items, visit, `${path}[]`);
  for (const each of shape.any ?? []) eachKey(each, visit, path);
}

/** Marks each key with the release that brought it, and lists those that a release removed. */
export function withHistory(releases) {
  const newest = releases.at(-1).shape;
  const known = releases.map(({ shape }) => {
    const [paths, holders] = [new Set(), new Set()];
    eachKey(shape, (path, _, holder) => {
      paths.add(path);
      holders.add(holder);
    });
    return { paths, holders };
  });
  const gone = {};
  known.slice(0, -1).forEach(({ paths }, index) => {
    for (const path of paths)
      if (!known.slice(index + 1).some((later) => later.paths.has(path)))
        gone[path] = releases[index + 1].name;
  });
  eachKey(newest, (path, inner, holder) => {
    const first = known.findIndex(({ paths }) => paths.has(path));
    // The whole map is new, or the schema gained a key that the code read before.
    const isNew = first > 0 && (known[first - 1].holders.has(holder) || holder === 'packages[]');
    if (!isNew || inner.old || READ_BEFORE.test(path)) return;
    inner.since = releases[first].name;
  });
  return { ...newest, gone };
}

/** A shape that is only a type is its name: `"str"`, or `"str[]"` for a list of text. */
function short(_name, value) {
  if (typeof value !== 'object' || value === null || typeof value.type !== 'string') return value;
  const { type, items, ...rest } = value;
  if (Object.keys(rest).length > 0) return value;
  if (items === undefined) return type;
  const isText = type === 'list' && items.type === 'str' && Object.keys(items).length === 1;
  return isText ? 'str[]' : value;
}

/** One top-level key per line, so that a difference is readable. */
export function tableText({ gone, keys }) {
  const lines = Object.entries(keys).map(
    ([name, shape]) => `${JSON.stringify(name)}:${JSON.stringify(shape, short)}`,
  );
  return `{"gone":${JSON.stringify(gone)},\n"keys":{\n${lines.join(',\n')}\n}}\n`;
}

function main([repository]) {
  const read = (name) =>
    JSON.parse(
      execFileSync('git', ['-C', repository, 'show', `${name}:${SCHEMA}`], {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      }),
    );
  const table = withHistory(RELEASES.map((name) => ({ name, shape: rootShape(read(name)) })));
  writeFileSync(join(import.meta.dirname, 'table.json'), tableText(table));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
