import { OPTION_NAMES, optionOf } from '../config/options';
import { defineCommand } from './command';

export const schemaCommand = defineCommand({
  words: {
    of: {
      type: 'string',
      help: 'config: the file that --config takes; verify: what verify --json prints',
      default: 'config',
      choices: ['config', 'verify'],
    },
  },
  flags: {},
  examples: [['$0 schema > gen-cloudinit.schema.json', '']],
  async run({ flags: { of } }) {
    const data = of === 'verify' ? (await import('../verify/schema')).verifySchema() : configSchema();
    return { status: 'ok', product: { data, text: JSON.stringify(data, null, 2) } };
  },
});

/**
 * JSON Schema (draft 7, which editors know best) of the file that --config takes, made from the option table.
 */
export function configSchema(): object {
  const properties = Object.fromEntries(
    OPTION_NAMES.map((name) => {
      const { type, help, default: value, defaultText, choices, schema = {} } = optionOf(name);
      const text = { type: 'string', ...(choices ? { enum: choices } : {}), ...schema };
      const shape = type === 'number' ? { type: 'integer', ...schema } : text;
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
    required: ['domain'],
    additionalProperties: false,
  };
}
