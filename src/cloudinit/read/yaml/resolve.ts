/** The type of a scalar: by its tag, or without one by its text. */
import type { Style } from '../yaml-node';
import { type Reading, readYaml11 } from '../yaml11';

const CORE = 'tag:yaml.org,2002:';

/** @param tag in full */
export function isCore(tag: string, name: string): boolean {
  return tag === CORE + name;
}

/** `!!name` for a tag of YAML itself, else the tag in full. */
export function shortTag(tag: string): string {
  return tag.startsWith(CORE) ? `!!${tag.slice(CORE.length)}` : tag;
}

const TYPED = ['int', 'float', 'bool', 'null', 'timestamp'] as const;

export function readTagged(tag: string, style: Style, text: string): Reading {
  // `!` alone makes PyYAML look at the text, even in quotes.
  if (tag === '!' || (tag === '' && style === 'plain')) return readYaml11(text);
  const type = TYPED.find((name) => isCore(tag, name));
  if (type === undefined) return { type: 'str', value: text };
  if (type === 'null') return { type, value: null };
  const reading = readYaml11(text);
  if (reading.type === type || reading.type === 'refused') return reading;
  if (type === 'float' && reading.type === 'int') return { type, value: Number(reading.value) };
  return { type: 'refused', value: `it is not of the type that its tag names (!!${type})` };
}
