/** The flags of `bake`. */
import type { Argv } from 'yargs';
import { OPTION_NAMES, type OptionName } from '../deployment/options';
import type { MachineFlags } from '../machines/backend';
import { EC2_FLAGS } from '../machines/ec2/flags';
import { EC2_DEFAULTS } from '../machines/ec2/options';
import { QEMU_DEFAULTS } from '../machines/qemu/options';
import { optionFlags } from './generate';
import { machineFlags } from './machines';
import { needsSubcommand } from './subcommand';

/** Of the document's options those on which an image depends. */
export const RECIPE_OPTIONS: readonly OptionName[] = [
  'distro',
  'docker-apt-url',
  'docker-apt-key',
  'registry-mirror',
  'postgres-image',
  'synapse-image',
  'element-image',
  'nginx-image',
];

const NOT_IN_RECIPE = OPTION_NAMES.filter((name) => !RECIPE_OPTIONS.includes(name));

/** The image of QEMU's where no other file is named. */
export const BAKED_FILE = 'gen-cloudinit.qcow2';

const ACCOUNT = ['region', 'profile'];
const MACHINE = [
  ...ACCOUNT,
  ...['instance-type', 'release', 'image', 'disk', 'subnet', 'no-public-address', 'tag', 'yes'],
];

type Run = (flags: Record<string, unknown>) => Promise<void>;

/** What each subcommand of `bake` does. */
export interface BakeRuns {
  readonly qemu: Run;
  readonly ec2: Run;
  readonly list: Run;
  readonly remove: Run;
}

export function bakeFlags(runs: BakeRuns) {
  return (parser: Argv): Argv => {
    parser.command(
      'qemu',
      'make a disk image (qcow2) with QEMU',
      (own) => {
        const image = { type: 'string', group: 'Image:' } as const;
        own
          .strict()
          .option('output', { ...image, describe: `file of the image [${BAKED_FILE}]` })
          .option('time-limit', {
            ...image,
            describe: `minutes until the machine is ready [${QEMU_DEFAULTS.timeLimit}]`,
          })
          .option('json', { type: 'boolean', group: 'Image:', describe: 'what was made as JSON' });
        machineFlags(own, 'qemu');
        return optionFlags(own, NOT_IN_RECIPE)
          .example('$0 bake qemu --output matrix.qcow2', '')
          .example('$0 bake qemu --config deploy/matrix.yaml', '');
      },
      runs.qemu,
    );
    parser.command(
      'ec2',
      'make an image (AMI) of the account on EC2',
      (own) => {
        const image = { type: 'string', group: 'Image:' } as const;
        own
          .strict()
          .option('name', { ...image, describe: 'name of the image [gen-cloudinit- and the time]' })
          .option('time-limit', {
            ...image,
            describe: `minutes until the machine is ready [${EC2_DEFAULTS.timeLimit}]`,
          })
          .option('json', { type: 'boolean', group: 'Image:', describe: 'the image as JSON' });
        ec2Flags(own, MACHINE);
        return optionFlags(own, NOT_IN_RECIPE)
          .example('$0 bake ec2 --region eu-central-1', '')
          .example('$0 bake ec2 --yes --instance-type t4g.small', 'for arm64, without a question');
      },
      runs.ec2,
    );
    parser.command(
      'list',
      'list the images on EC2 that were baked',
      (own) => ec2Flags(own.strict(), ACCOUNT).option('json', { type: 'boolean', describe: 'as JSON' }),
      runs.list,
    );
    parser.command(
      'remove <image..>',
      'remove baked images from EC2, with their snapshots',
      (own) =>
        ec2Flags(own.strict(), ACCOUNT)
          .positional('image', { type: 'string', describe: 'id or name' })
          .option('json', { type: 'boolean', describe: 'what was removed as JSON' })
          .example('$0 bake remove ami-0123456789abcdef0', ''),
      runs.remove,
    );
    return needsSubcommand(parser, 'bake', ['qemu', 'ec2', 'list', 'remove']);
  };
}

function ec2Flags(parser: Argv, names: readonly string[]): Argv {
  for (const name of names) {
    const { type, help, default: preset } = (EC2_FLAGS as MachineFlags)[name]!;
    const describe = preset === undefined ? help : `${help} [${preset}]`;
    parser.option(name, { type, group: 'On EC2:', describe });
  }
  return parser;
}
