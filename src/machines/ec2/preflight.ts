/** The preflight: look everything up, check it, try it (dry run), report it and ask for confirmation. */

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

/** What the caller provides. */
export interface Surroundings {
  /** Shows the plan to a person and asks; absent without a terminal. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
  /** Called just before the first thing is created: from now on `run.sweepCommand` removes what may be left. */
  readonly announce?: (run: Run) => void;
  readonly pace?: Pacing;
  readonly now?: () => Date;
}

/** The person said no, or there was no terminal to ask at. */
export class NotConfirmed extends Error {
  readonly code = USAGE;

  constructor(message: string) {
    super(message);
    this.name = 'NotConfirmed';
  }
}

/**
 * Looks everything up, tries the permissions (dry run), reports the costs, asks for confirmation.
 * @param check further conditions, checked before the plan is shown
 * @throws the first problem, or NotConfirmed; the preflight creates nothing
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
    throw new NotConfirmed('this costs money and there is no terminal to ask at: confirm with --yes');
  }
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const yes = await Promise.race([surroundings.confirm(plan), interrupted]).finally(() =>
    throwIfStopped(signal),
  );
  if (!yes) throw new NotConfirmed('not started: nothing was made');
}

/** EC2 answers a dry run with an error in any case: this one means that the call would have worked. */
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
