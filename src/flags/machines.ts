/** The flags of each kind of machine, for the verbs that start one. Nothing heavy is loaded here. */
import type { Argv } from 'yargs';
import type { MachineFlags } from '../machines/backend';
import { EC2_FLAGS } from '../machines/ec2/flags';
import type { MachineKind } from '../machines/machine';
import { MULTIPASS_FLAGS } from '../machines/multipass/flags';

interface Kind {
  readonly name: string;
  readonly flags: MachineFlags;
}

export const MACHINE_FLAGS = {
  multipass: { name: 'multipass', flags: MULTIPASS_FLAGS },
  ec2: { name: 'EC2', flags: EC2_FLAGS },
} as const satisfies Partial<Record<MachineKind, Kind>>;

/** The kinds that can be started. */
export type OfferedKind = keyof typeof MACHINE_FLAGS;

export const OFFERED_KINDS = Object.keys(MACHINE_FLAGS) as OfferedKind[];

export function machineFlags(parser: Argv, kind: OfferedKind): Argv {
  const { name, flags }: Kind = MACHINE_FLAGS[kind];
  for (const [flag, { type, help, default: preset }] of Object.entries(flags)) {
    const describe = preset === undefined ? help : `${help} [${preset}]`;
    parser.option(flag, { type, group: `On ${name}:`, describe });
  }
  return parser;
}
