/** Waits until the first boot has ended, successfully or not. */

import { readBootOutcome } from '../machines/boot-outcome';
import { type Machine, MachineGone } from '../machines/machine';
import { pause } from '../system/wait';
import { STATE_FILE } from './inside/state';
import { canEnter, type Enterable, fields, json, printed } from './shell';

/** The current state, for the display. */
export interface Standing {
  /** matrixctl's phase, or `booting` before there is one. */
  readonly phase: string;
  /** The last line that the console or cloud-init has printed. */
  readonly line: string;
}

export interface Ended {
  /** False when the time limit came first. */
  readonly ended: boolean;
  /** The console's last message, where only the console could be read. */
  readonly outcome: ReturnType<typeof readBootOutcome>;
  /** Why the machine did not answer, the last time that this happened. */
  readonly trouble: string;
}

/** Milliseconds between two checks. */
export const LOOK = 5_000;

/**
 * @param within milliseconds
 * @throws Stopped when the signal is aborted; MachineGone when the machine ends before
 */
export async function waitForFirstBoot(
  machine: Machine,
  options: {
    readonly within: number;
    readonly every?: number;
    readonly signal: AbortSignal;
    readonly show: (standing: Standing) => void;
  },
): Promise<Ended> {
  const end = performance.now() + options.within;
  for (;;) {
    const look = await (canEnter(machine) ? lookInside(machine) : lookAtConsole(machine));
    options.show(look.standing);
    if (look.ended || performance.now() >= end)
      return { ended: look.ended, outcome: look.outcome, trouble: look.trouble };
    await pause(options.every ?? LOOK, options.signal);
  }
}

interface Look extends Ended {
  readonly standing: Standing;
}

/**
 * cloud-init has ended when it has written its result, which is in /run and so belongs to this boot. A last stage that
 * crashed leaves only a failed unit. The check does not call cloud-init itself: each call costs a second of Python.
 */
const SCRIPT = `if [ -e /run/cloud-init/result.json ] || systemctl -q is-failed cloud-final.service 2>/dev/null
then echo ended; else echo running; fi
head -n 1 ${STATE_FILE} 2>/dev/null || echo
tail -c 2000 /var/log/cloud-init-output.log 2>/dev/null | tr '\\r' '\\n' | grep '[^[:space:]]' | tail -n 1`;

async function lookInside(machine: Enterable): Promise<Look> {
  try {
    const [word, state = '', line = ''] = (await printed(machine, SCRIPT)).split('\n');
    const { phase } = fields(json(state));
    const standing = { phase: typeof phase === 'string' ? phase : 'booting', line };
    return { ended: word === 'ended', outcome: undefined, trouble: '', standing };
  } catch (error) {
    if (error instanceof MachineGone) throw error;
    // It may still be booting, or rebooting; the time limit has the last word.
    const trouble = error instanceof Error ? error.message : String(error);
    return { ended: false, outcome: undefined, trouble, standing: { phase: 'booting', line: trouble } };
  }
}

async function lookAtConsole(machine: Machine): Promise<Look> {
  const text = await machine.console();
  const outcome = readBootOutcome(text);
  const line = text.split(/[\r\n]+/).findLast((each) => each.trim() !== '') ?? '';
  const news = [...text.matchAll(/gen-cloudinit: ([^\r\n]+)/g)].at(-1)?.[1];
  const phase = outcome ? (outcome.ready ? 'ready' : 'failed') : news ? 'first boot' : 'booting';
  return { ended: outcome !== undefined, outcome, trouble: '', standing: { phase, line } };
}
