import { OPTION_NAMES, optionOf } from '../deployment/options';

export { verifySchema } from '../verify/schema';

/**
 * JSON Schema (draft 7, which editors know best) of the file that --config takes, made from the option table.
 */
export function schema(): object {
  const properties = Object.fromEntries(
    OPTION_NAMES.map((name) => {
      const { type, help, default: value, defaultText, choices } = optionOf(name);
      const text = { type: 'string', ...(choices ? { enum: choices } : {}) };
      const shape = type === 'number' ? { type: 'integer' } : text;
      return [
        name,
        {
          description: defaultText ? `${help}. Default: ${defaultText}.` : `${help}.`,
          ...(type === 'strings' ? { oneOf: [text, { type: 'array', items: text }] } : shape),
          ...(value === undefined ? {} : { default: value }),
        },
      ];
    }),
  );
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'gen-cloudinit configuration',
    type: 'object',
    properties,
    additionalProperties: false,
  };
}
