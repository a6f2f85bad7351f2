/** Collects all the evidence that a machine can give, in order. */
import type { Machine } from '../machines/machine';
import { throwIfStopped } from '../system/wait';
import { certify } from './certificate';
import { type Check, judging } from './check';
import type { Expectations } from './expectations';
import { judgeCloudInit } from './inside/cloud-init';
import { judgeContainers } from './inside/containers';
import { judgeFiles } from './inside/files';
import { judgeHealth, judgeState } from './inside/state';
import { judgeAdminApi, judgePorts } from './outside/closed';
import { judgeRedirect, judgeWeb, TLS_POINTS } from './outside/web';
import { canEnter, type Enterable } from './shell';
import type { Ended } from './wait-first-boot';

/** The viewpoints from which the machine could be checked. */
export type Access = 'inside and outside' | 'inside' | 'console and outside' | 'console';

export interface Judged {
  readonly access: Access;
  readonly points: readonly Check[];
  readonly notes: readonly string[];
}

export function accessTo(machine: Machine): Access {
  if (canEnter(machine)) return machine.reach ? 'inside and outside' : 'inside';
  return machine.reach ? 'console and outside' : 'console';
}

/**
 * @param ended how the first boot ended
 * @param show receives what is being judged, for the display
 * @throws Stopped when the signal is aborted; anything else that goes wrong is a point that does not hold
 */
export async function judge(
  machine: Machine,
  expectations: Expectations,
  ended: Ended,
  signal: AbortSignal,
  show: (what: string) => void,
): Promise<Judged> {
  const points: Check[] = [firstBoot(ended)];
  const notes: string[] = [];
  const step = async (what: string, work: () => Promise<readonly Check[]>) => {
    throwIfStopped(signal);
    show(what);
    try {
      points.push(...(await work()));
    } catch (error) {
      throwIfStopped(signal);
      const seen = error instanceof Error ? error.message : String(error);
      points.push(judging(what).holds('could be judged', false, seen, 'an answer'));
    }
  };
  if (!canEnter(machine)) points.push(...unseenInside(machine));
  // A machine that has not let us in so far will not do so now.
  else if (ended.ended || ended.trouble === '') await judgeInside(machine, expectations, signal, step);
  if (!machine.reach) {
    const { unreachable = 'no port of the machine is reached from here' } = machine;
    // The user requested it, so the verdict depends on it.
    const isAsked = machine.unreachable !== undefined;
    points.push(judging('from outside').unknown('everything', unreachable, isAsked));
    return { access: accessTo(machine), points, notes };
  }
  const reach = machine.reach.bind(machine);
  notes.push(`${expectations.domain} is taken for ${reach(443).host}, whatever the DNS says.`);
  await step('from outside', async () => {
    const certified = await certify(machine, expectations, reach, signal);
    notes.push(...certified.notes);
    const way = { domain: expectations.domain, reach };
    const redirect = await judgeRedirect({ ...way, trust: { kind: 'unverified' } });
    if (!certified.trust) {
      const { unknown } = judging('from outside');
      const blind = TLS_POINTS.map((name) => unknown(name, 'needs a certificate', true));
      return [...certified.points, ...redirect, ...blind];
    }
    const sure = { ...way, trust: certified.trust };
    return [
      ...certified.points,
      ...redirect,
      ...(await judgeWeb(sure, expectations)),
      await judgeAdminApi(sure),
    ];
  });
  await step('closed', () => judgePorts(reach, expectations));
  return { access: accessTo(machine), points, notes };
}

async function judgeInside(
  machine: Enterable,
  expectations: Expectations,
  signal: AbortSignal,
  step: (what: string, work: () => Promise<readonly Check[]>) => Promise<void>,
): Promise<void> {
  await step('cloud-init', () => judgeCloudInit(machine));
  await step('first boot', () => judgeState(machine, expectations));
  await step('first boot', () => judgeHealth(machine));
  await step('files', () => judgeFiles(machine, expectations));
  await step('containers', () => judgeContainers(machine, expectations, signal));
}

function firstBoot({ ended, outcome, trouble }: Ended): Check {
  const { holds } = judging('first boot');
  if (!ended)
    return holds('ended', false, trouble || 'the time limit came first', 'an end within the time limit');
  if (!outcome) return holds('ended', true, 'ended', 'ended');
  const seen = outcome.ready ? outcome.line : `failed: ${outcome.why}`;
  return holds('last word on the console', outcome.ready, seen, 'gen-cloudinit: ready');
}

/** The groups that need a way in. The report mentions them, and they do not decide: the user requested such a machine. */
function unseenInside({ kind }: Machine): Check[] {
  const why = `${kind} gives no way in`;
  return ['cloud-init', 'files', 'containers'].map((group) =>
    judging(group).unknown('everything', why, false),
  );
}
