/** Parts of the JSON Schemas (draft 7, which editors know best) of what the verbs print and read. */

export const DRAFT = 'http://json-schema.org/draft-07/schema#';

export const text = (description: string) => ({ type: 'string', description });

export const flag = (description: string) => ({ type: 'boolean', description });

/** An integer of at least 0. */
export const count = (description: string) => ({ type: 'integer', minimum: 0, description });

export const list = (items: object, description?: string) => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
});

/** @param optional keys that may be absent; every other key is always there, and no further one */
export function object(
  properties: Readonly<Record<string, object>>,
  optional: readonly string[] = [],
): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}
