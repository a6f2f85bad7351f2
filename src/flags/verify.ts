/** The flags of `verify`. */
import type { Argv } from 'yargs';
import type { MachineKind } from '../machines/machine';
import { optionFlags } from './generate';
import { MACHINE_FLAGS, MACHINE_KINDS, machineFlags } from './machines';
import { needsSubcommand } from './subcommand';

/** What `verify` takes beside the options of the document and those of the machine. */
export const VERIFY_FLAGS = {
  keep: { type: 'boolean', describe: 'leave the machine, and say how to enter and to remove it' },
  'keep-on-failure': { type: 'boolean', describe: 'the same, if anything does not hold' },
  'time-limit': { type: 'string', describe: 'minutes for launch and first boot' },
  json: { type: 'boolean', describe: 'the verdict as JSON (gen-cloudinit schema verify)' },
  'save-to': { type: 'string', describe: 'directory for logs and consoles [out/verify]' },
} as const;

/** One subcommand a kind of machine, so that each has a --help with its own flags. */
export function verifyFlags(run: (kind: MachineKind, flags: Record<string, unknown>) => Promise<void>) {
  return (parser: Argv): Argv => {
    for (const kind of MACHINE_KINDS) {
      parser.command(
        `${kind} [file]`,
        `boot it on ${kind}`,
        (own) => {
          own.positional('file', { type: 'string', describe: 'the document; - is standard input' });
          for (const [name, flag] of Object.entries(VERIFY_FLAGS))
            own.option(name, { ...flag, group: 'Verdict:' });
          own.describe(
            'time-limit',
            `${VERIFY_FLAGS['time-limit'].describe} [${MACHINE_FLAGS[kind].minutes}]`,
          );
          machineFlags(own, kind);
          return optionFlags(own, ['output', 'provider'])
            .example(`$0 verify ${kind} --domain matrix.example.org`, '')
            .example(`$0 verify ${kind} user-data.yaml --json`, '');
        },
        (flags) => run(kind, flags),
      );
    }
    return needsSubcommand(parser, 'verify', MACHINE_KINDS);
  };
}
