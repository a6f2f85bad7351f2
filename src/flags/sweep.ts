/** The flags of `sweep`. */
import type { Argv } from 'yargs';
import { needsSubcommand } from './subcommand';

/** Only EC2 needs it: what other kinds of machine leave is removed by their own command. */
export function sweepFlags(run: (flags: Record<string, unknown>) => Promise<void>) {
  return (parser: Argv): Argv =>
    needsSubcommand(parser, 'sweep', ['ec2']).command(
      'ec2',
      'what earlier runs of verify and bake have left on EC2',
      (own) =>
        own
          .strict()
          .option('region', {
            type: 'string',
            describe: 'AWS region, repeatable [that of the aws command]',
          })
          .option('profile', { type: 'string', describe: 'profile in ~/.aws [that of the aws command]' })
          .option('run', { type: 'string', describe: 'everything of this one run, its image included' })
          .option('keep-images', { type: 'boolean', describe: 'with --run: its finished image stays' })
          .option('all', { type: 'boolean', describe: 'also of runs that may still be at work' })
          .option('yes', { type: 'boolean', describe: 'remove it; without, it is listed' })
          .option('json', { type: 'boolean', describe: 'the answer as JSON' })
          .example('$0 sweep ec2 --region eu-central-1', 'lists')
          .example('$0 sweep ec2 --region eu-central-1 --yes', 'removes'),
      run,
    );
}
