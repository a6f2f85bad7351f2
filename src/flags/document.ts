/** The flags of the verbs that read a document: `check`, `show` and `extract`; and of `schema`. */
import type { Argv } from 'yargs';
import { OPTIONS } from '../deployment/options';

function documentFlags(parser: Argv): Argv {
  return parser
    .strict()
    .positional('file', { type: 'string', describe: 'the document; standard input when left out, or -' })
    .option('json', { type: 'boolean', describe: 'the answer as JSON' });
}

export function checkFlags(parser: Argv): Argv {
  return documentFlags(parser)
    .option('provider', { choices: OPTIONS.provider.choices, describe: 'the size limit that has to be kept' })
    .example('$0 check user-data.yaml', '')
    .example('$0 --domain matrix.example.org | $0 check --provider ec2', '');
}

export function showFlags(parser: Argv): Argv {
  return documentFlags(parser).example('$0 show user-data.yaml', '');
}

export function extractFlags(parser: Argv): Argv {
  return documentFlags(parser)
    .positional('dir', { type: 'string', describe: 'a new or empty directory' })
    .option('force', { type: 'boolean', describe: 'the directory may hold something already' })
    .example('$0 extract user-data.yaml files', '');
}

export function schemaFlags(parser: Argv): Argv {
  return parser
    .strict()
    .positional('of', {
      choices: ['config', 'verify'],
      default: 'config',
      describe: 'the file, or verify --json',
    })
    .example('$0 schema > gen-cloudinit.schema.json', '');
}
