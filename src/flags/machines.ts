/** The flags of each kind of machine, for the verbs that start one. Nothing heavy is loaded here. */
import type { Argv } from 'yargs';
import type { MachineFlags } from '../machines/backend';
import { EC2_FLAGS } from '../machines/ec2/flags';
import type { MachineKind } from '../machines/machine';
import { MULTIPASS_FLAGS } from '../machines/multipass/flags';
import { QEMU_FLAGS } from '../machines/qemu/flags';

interface Kind {
  readonly name: string;
  readonly flags: MachineFlags;
  /** Time limit of a run when none is given; an emulated machine takes half an hour to boot the stack. */
  readonly minutes: number;
}

export const MACHINE_FLAGS = {
  multipass: { name: 'multipass', flags: MULTIPASS_FLAGS, minutes: 60 },
  qemu: { name: 'QEMU', flags: QEMU_FLAGS, minutes: 120 },
  ec2: { name: 'EC2', flags: EC2_FLAGS, minutes: 60 },
} as const satisfies Record<MachineKind, Kind>;

export const MACHINE_KINDS = Object.keys(MACHINE_FLAGS) as MachineKind[];

export function machineFlags(parser: Argv, kind: MachineKind): Argv {
  const { name, flags }: Kind = MACHINE_FLAGS[kind];
  for (const [flag, { type, help, default: preset }] of Object.entries(flags)) {
    const describe = preset === undefined ? help : `${help} [${preset}]`;
    parser.option(flag, { type, group: `On ${name}:`, describe });
  }
  return parser;
}
