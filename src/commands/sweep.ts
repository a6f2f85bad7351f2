import { matches } from '../config/rules';
import { ACCOUNT_FLAGS } from '../machines/ec2/ec2-flags';
import { type Swept, sweepEc2, sweepLines } from '../machines/ec2/sweep';
import { defineCommand, refusal } from './command';
import { REPORT_FLAGS } from './common-flags';

/** Lists leftovers of earlier runs on EC2, and with `--yes` removes it. */
export const sweepEc2Command = defineCommand({
  flags: {
    ...ACCOUNT_FLAGS,
    region: { ...ACCOUNT_FLAGS.region, type: 'strings', help: 'AWS region, repeatable' },
    run: {
      type: 'string',
      help: 'everything of this one run, its image included',
      rule: matches(
        /^gc-[0-9a-f]{10}$/,
        'the ID of a run, gc- and ten digits, as gen-cloudinit sweep ec2 lists it',
      ),
    },
    'keep-images': { type: 'boolean', help: 'with --run: keep its finished image' },
    all: { type: 'boolean', help: 'include runs that may still be at work' },
    yes: { type: 'boolean', help: 'remove it; without --yes it is only listed' },
    ...REPORT_FLAGS,
  },
  interruptible: true,
  examples: [
    ['$0 sweep ec2 --region eu-central-1', ''],
    ['$0 sweep ec2 --region eu-central-1 --yes', ''],
  ],
  async run({ flags }, { signal, progress }) {
    const { region: regions, ...options } = flags;
    if (options.keepImages && options.run === undefined) {
      return refusal([
        {
          severity: 'error',
          code: 'wrong-value',
          path: 'keep-images',
          message: 'goes with --run only: without it finished images stay anyway',
        },
      ]);
    }
    const data = await sweepEc2({ regions, ...options }, { progress }, signal);
    const status = isSwept(data) ? 'ok' : 'failed';
    return { status, product: { data, text: sweepReport(data, options.yes) } };
  },
});

/** Whether everything to be removed is gone; always true for a mere list. */
export function isSwept({ left }: Swept): boolean {
  return left.length === 0;
}

const isProduct = ({ kind }: { readonly kind: string }) => kind === 'image' || kind === 'snapshot';

/** The answer for a person. @param isRemoving whether it was removed, or only listed */
export function sweepReport({ regions, found, kept, removed, left }: Swept, isRemoving: boolean): string {
  const where = regions.join(', ');
  const block = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [title, ...lines.map((line) => `  ${line}`)] : [];
  return [
    ...(found.length === 0 ? [`${where}: nothing is left over`] : []),
    ...(isRemoving
      ? [
          ...block('removed:', sweepLines(removed.map((thing) => ({ ...thing, state: '' })))),
          ...block(
            'NOT removed, and it may cost money:',
            left.map(({ thing, reason }) => `${thing.region}  ${thing.kind}  ${thing.id}: ${reason}`),
          ),
        ]
      : [
          ...block('left over:', sweepLines(found)),
          ...(found.length > 0 ? ['the same command with --yes removes it'] : []),
        ]),
    ...block(
      'kept, since its run may still be at work (--all takes it too):',
      sweepLines(kept.filter((thing) => !isProduct(thing))),
    ),
    ...block(
      'kept, baked images and what they are made of (gen-cloudinit bake remove):',
      sweepLines(kept.filter(isProduct)),
    ),
  ].join('\n');
}
