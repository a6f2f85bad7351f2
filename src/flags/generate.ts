/** The flags of the command without a verb, which other verbs take too. */
import type { Argv } from 'yargs';
import { OPTION_NAMES, type OptionName, optionOf } from '../deployment/options';

/** Each option as a flag, its help with the default and the choices; and --config. @param without what is left away */
export function optionFlags(parser: Argv, without: readonly OptionName[] = []): Argv {
  for (const name of OPTION_NAMES) {
    if (without.includes(name)) continue;
    const { help, group, default: value, defaultText, choices } = optionOf(name);
    const preset = value ?? defaultText;
    const rest = choices?.filter((choice) => choice !== value).join(', ');
    const notes = [preset === undefined ? rest : preset, preset === undefined || !rest ? '' : `or ${rest}`];
    parser.option(name, {
      type: 'string',
      group: `${group}:`,
      describe: [help, ...notes.filter(Boolean).map((note) => `[${note}]`)].join(' '),
    });
  }
  return parser.option('config', {
    type: 'string',
    group: 'Output:',
    describe: 'YAML file with options by the same names',
  });
}

export function generateFlags(parser: Argv): Argv {
  return optionFlags(parser)
    .option('quiet', { type: 'boolean', group: 'Output:', describe: 'no report on standard error' })
    .example('$0 --domain matrix.example.org > user-data.yaml', '')
    .example('$0 --domain matrix.example.org --server-name example.org', '');
}
