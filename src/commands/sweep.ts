import type { Diagnostic } from '../deployment/diagnostic';
import { shown } from '../deployment/shown';
import { textFlag } from '../machines/backend';
import { ec2Options } from '../machines/ec2/options';
import { type Swept, sweepEc2, sweepLines } from '../machines/ec2/sweep';

export interface SweepAnswer {
  /** Absent when the request was wrong. */
  readonly swept?: Swept;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the command line brings along. */
interface Around {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

type Flags = Readonly<Record<string, unknown>>;

/**
 * Lists what earlier runs have left on EC2, and with `--yes` removes it.
 * @param flags those of `sweep ec2`
 * @throws Ec2Error when EC2 cannot be asked; Stopped after an interruption
 */
export async function sweep(flags: Flags, { signal, progress }: Around): Promise<SweepAnswer> {
  const regions = [flags.region ?? []].flat().map(String);
  const profile = textFlag(flags, 'profile');
  const run = textFlag(flags, 'run');
  const accounts = regions.length > 0 ? regions.map((region) => ({ region, profile })) : [{ profile }];
  const diagnostics = accounts.flatMap((account) => ec2Options(account).diagnostics);
  if (run !== undefined && !/^gc-[0-9a-f]{10}$/.test(run)) {
    diagnostics.push({
      severity: 'error',
      code: 'wrong-value',
      path: 'run',
      message: 'has a value that cannot be used',
      given: shown(run),
      expected: 'the id of a run, gc- and ten digits, as gen-cloudinit sweep ec2 lists it',
    });
  }
  const keepImages = flags['keep-images'] === true;
  if (keepImages && run === undefined) {
    diagnostics.push({
      severity: 'error',
      code: 'wrong-value',
      path: 'keep-images',
      message: 'goes with --run only: without it finished images stay anyway',
    });
  }
  if (diagnostics.length > 0) return { diagnostics };
  const options = { regions, profile, run, keepImages, all: flags.all === true, yes: flags.yes === true };
  return { swept: await sweepEc2(options, { progress }, signal), diagnostics };
}

/** Whether everything that was to go is gone; a mere list always is well. */
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
