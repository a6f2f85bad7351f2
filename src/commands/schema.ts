import { DRAFT } from '../config/json-schema';
import { OPTION_NAMES, optionOf } from '../config/options';
import { defineCommand } from './command';
import { checkSchema, doctorSchema, extractSchema, showSchema } from './output-schemas';

/** Of the config file, and of what each verb prints with --json. */
const SCHEMAS = {
  config: configSchema,
  check: checkSchema,
  show: showSchema,
  extract: extractSchema,
  verify: async () => (await import('../verify/schema')).verifySchema(),
  doctor: doctorSchema,
} as const satisfies Record<string, () => object | Promise<object>>;

const NAMES = Object.keys(SCHEMAS) as readonly (keyof typeof SCHEMAS)[];

export const schemaCommand = defineCommand({
  words: {
    of: {
      type: 'string',
      help: 'the file that --config takes, or what this verb (or matrixctl doctor) prints with --json',
      default: 'config',
      choices: NAMES,
    },
  },
  flags: {},
  examples: [
    ['$0 schema > gen-cloudinit.schema.json', ''],
    ['$0 schema check', ''],
  ],
  async run({ flags: { of } }) {
    const data = await SCHEMAS[of]();
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
    $schema: DRAFT,
    title: 'gen-cloudinit configuration',
    type: 'object',
    properties,
    required: ['domain'],
    additionalProperties: false,
  };
}
