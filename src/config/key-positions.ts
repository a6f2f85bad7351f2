import { EVENT_ID, parseEvents } from 'js-yaml';

/** Offsets of a key and of its value; the value's is the key's where it is not a scalar. */
export interface KeyPosition {
  readonly key: number;
  readonly value: number;
}

/** @param text YAML that js-yaml reads as a mapping @returns the positions of the mapping's own keys */
export function keyPositions(text: string): ReadonlyMap<string, KeyPosition> {
  const found = new Map<string, KeyPosition>();
  let depth = 0;
  let key: { readonly name: string; readonly start: number } | undefined;
  for (const event of parseEvents(text, {})) {
    if (event.type === EVENT_ID.POP) {
      depth--;
      // The end of a list or mapping that is a value.
      if (depth === MAPPING) key = undefined;
    } else if (event.type === EVENT_ID.ALIAS) {
      if (depth === MAPPING) key = undefined;
    } else if (event.type !== EVENT_ID.SCALAR) {
      depth++;
    } else if (depth === MAPPING && key) {
      if (event.valueStart >= 0) found.set(key.name, { key: key.start, value: event.valueStart });
      key = undefined;
    } else if (depth === MAPPING) {
      key = { name: text.slice(event.valueStart, event.valueEnd), start: event.valueStart };
      found.set(key.name, { key: key.start, value: key.start });
    }
  }
  return found;
}

/** Depth inside the document's mapping. */
const MAPPING = 2;
