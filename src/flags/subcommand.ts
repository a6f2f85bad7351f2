/** A verb that needs a subcommand says so, whatever stands in its place. */
import type { Argv } from 'yargs';
import { nearest } from '../deployment/near';

/**
 * @param verb for instance `verify`
 * @param names its subcommands
 */
export function needsSubcommand(parser: Argv, verb: string, names: readonly string[]): Argv {
  return parser.command(
    '$0 [word]',
    false,
    (own) => own.positional('word', { type: 'string' }),
    ({ word }) => {
      const near = typeof word === 'string' ? nearest(word, names) : undefined;
      const given = word === undefined ? '' : `: ${JSON.stringify(word)} is none`;
      const hint = near ? `; did you mean ${near}?` : '';
      const message = `${verb} needs one of ${names.join(', ')}${given}${hint}`;
      throw Object.assign(new Error(message), { name: 'InputError' });
    },
  );
}
