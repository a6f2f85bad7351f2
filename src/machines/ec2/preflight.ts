/** Before anything is made: everything is looked up, judged, tried (dry run), told and confirmed. */

import { USAGE } from '../../system/input';
import type { Progress } from '../../system/run';
import { throwIfStopped } from '../../system/wait';
import { connect, type Ec2 } from './client';
import type { Ec2Options } from './ec2-flags';
import { hasCode } from './errors';
import { chooseImage } from './image';
import { instanceInput } from './instance';
import { typeFacts } from './instance-type';
import { findNetwork } from './network';
import type { Pacing } from './pacing';
import { makePlan, type Plan, type Prepared } from './plan';
import { DEAD_MAN_AFTER_MINUTES, newRun, type Run, tagged } from './tags';
import { userData } from './user-data';

/** What the caller brings along. */
export interface Surroundings {
  /** Shows the plan to a person and asks; absent where nobody can be asked. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
  /** Called just before the first thing is made: from now on `run.sweepCommand` removes what may be left. */
  readonly announce?: (run: Run) => void;
  readonly pace?: Pacing;
  readonly now?: () => Date;
}

/** Nobody was there to say yes, or somebody said no. */
export class NotConfirmed extends Error {
  readonly code = USAGE;

  constructor(message: string) {
    super(message);
    this.name = 'NotConfirmed';
  }
}

/**
 * Looks everything up, tries the permissions (dry run), tells what it will cost, asks.
 * @param check what else has to hold, asked before the plan is told
 * Makes nothing; throws what was found wrong, or NotConfirmed.
 */
export async function prepare(
  kind: Run['kind'],
  document: Uint8Array,
  options: Ec2Options,
  surroundings: Surroundings,
  events: Progress,
  signal: AbortSignal,
  check: (ec2: Ec2) => Promise<void> = async () => {},
): Promise<Prepared> {
  const seconds = (options.timeLimit + DEAD_MAN_AFTER_MINUTES) * 60;
  const data = await userData(document, options.deadMan ? seconds : undefined);
  if (data.squeezed) events.progress("compressed, to make room for the dead man's switch");
  const ec2 = await connect(options, surroundings.pace);
  try {
    const type = await typeFacts(ec2, options.instanceType, signal);
    const image = await chooseImage(ec2, options, type.architecture, signal);
    const network = await findNetwork(ec2, options.subnet, signal);
    const plan = makePlan(ec2.region, type, image, options);
    const now = surroundings.now?.() ?? new Date();
    const run = newRun(kind, ec2.region, options, options.timeLimit, now, options.tags);
    const prepared = { ec2, plan, network, options, data, run };
    await check(ec2);
    await dryRun(prepared, signal);
    for (const line of plan.lines) events.progress(line);
    if (!options.yes) await ask(plan, surroundings, signal);
    return prepared;
  } catch (error) {
    ec2.close();
    throw error;
  }
}

async function ask(plan: Plan, surroundings: Surroundings, signal: AbortSignal): Promise<void> {
  if (!surroundings.confirm) {
    throw new NotConfirmed('this costs money and nobody can be asked here: say so with --yes');
  }
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const yes = await Promise.race([surroundings.confirm(plan), interrupted]).finally(() =>
    throwIfStopped(signal),
  );
  if (!yes) throw new NotConfirmed('not started: nothing was made');
}

/** EC2 answers a dry run with an error either way: this one says that it would have worked. */
async function dryRun(prepared: Prepared, signal: AbortSignal): Promise<void> {
  const { ec2, run, network, options } = prepared;
  const would = (attempt: Promise<unknown>) =>
    attempt.catch((error: unknown) => {
      if (!hasCode(error, ['DryRunOperation'])) throw error;
    });
  const group = {
    DryRun: true,
    GroupName: run.id,
    Description: `gen-cloudinit ${run.kind}`,
    VpcId: network.vpc,
    TagSpecifications: tagged(run, ['security-group']),
  };
  await would(ec2.call('CreateSecurityGroup', group, signal));
  const input = instanceInput(prepared, undefined, options.spot);
  await would(ec2.call('RunInstances', { ...input, DryRun: true }, signal));
}
