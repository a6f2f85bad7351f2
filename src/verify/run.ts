/** One verify from launch to removal. */
import { join } from 'node:path';
import type { Launch, Machine } from '../machines/machine';
import { sha256Of } from '../server/files';
import { Stopped, throwIfStopped } from '../system/wait';
import { allHold, type Check, judging } from './check';
import { saveEvidence } from './evidence';
import type { Expectations } from './expectations';
import { judge } from './judge';
import type { Display } from './progress-line';
import type { Report } from './report';
import { type Ended, waitForFirstBoot } from './wait-first-boot';

export interface VerifyOptions {
  readonly keep: boolean;
  readonly keepOnFailure: boolean;
  /** Milliseconds for launch and first boot together. */
  readonly within: number;
  /** Directory below which logs and consoles are saved. */
  readonly saveTo: string;
  /** Milliseconds between two checks of the first boot; five seconds when omitted. */
  readonly every?: number;
}

/** Ctrl-C, and what is printed when even the clean-up is interrupted. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Receives the command that removes what may be left. */
  readonly announce: (remove: string) => void;
}

/**
 * Boots the document, judges the machine, saves the evidence of a failure, removes the machine.
 * @throws Stopped after an interruption, when everything is removed; the launch's own error when there is no machine
 */
export async function runVerify(
  document: Uint8Array,
  expectations: Expectations,
  launch: Launch,
  options: VerifyOptions,
  display: Display,
  { signal, announce }: Interruption,
): Promise<Report> {
  const begin = performance.now();
  const seconds = () => Math.round((performance.now() - begin) / 100) / 10;
  display.show('launching');
  const machine = await inTime(options.within, signal, (launching) =>
    launch(document, { progress: (line) => display.say(line) }, launching),
  );
  announce(machine.howTo.remove);
  const launchSeconds = seconds();
  let kept = false;
  try {
    const within = Math.max(0, options.within - (performance.now() - begin));
    const ended = await firstBoot(machine, options, within, display, signal);
    const firstBootSeconds = seconds();
    const judged = await judge(machine, expectations, ended, signal, (what) =>
      display.show(`judging ${what}`),
    );
    const isWell = allHold(judged.points);
    display.show(isWell ? 'judged' : 'saving logs');
    const folder = join(options.saveTo, machine.name);
    // A serial log lies in the machine's own folder; it stays even if everything holds.
    const evidence =
      isWell && machine.kind !== 'qemu'
        ? { saved: [], notes: [] }
        : await saveEvidence(machine, expectations, folder, isWell);
    kept = options.keep || (options.keepOnFailure && !isWell);
    throwIfStopped(signal);
    const cleanUp = kept ? { points: [], notes: [] } : await removal(machine, display);
    const points = [...judged.points, ...cleanUp.points];
    return {
      verdict: allHold(points) ? 'ok' : 'failed',
      domain: expectations.domain,
      serverName: expectations.serverName,
      machine: {
        kind: machine.kind,
        name: machine.name,
        access: judged.access,
        ...(kept ? { kept: machine.howTo } : {}),
      },
      document: { bytes: document.length, sha256: sha256Of(document) },
      seconds: { launch: launchSeconds, firstBoot: firstBootSeconds, total: seconds() },
      points,
      notes: [...judged.notes, ...evidence.notes, ...cleanUp.notes],
      saved: evidence.saved,
    };
  } catch (error) {
    // Interrupted, or failed ourselves: nothing stays.
    display.show('removing the machine');
    await machine.destroy();
    throw error;
  }
}

/**
 * Launches within the time limit. The machine keeps the signal for its whole life, so the limit aborts it only until the
 * machine runs: later evidence must be judged, and saved, also when the time is over.
 */
async function inTime(
  within: number,
  signal: AbortSignal,
  launch: (signal: AbortSignal) => Promise<Machine>,
): Promise<Machine> {
  const late = new AbortController();
  const minutes = Math.round(within / 60_000);
  const over = `no machine within ${minutes} minutes (--time-limit)`;
  const timer = setTimeout(() => late.abort(new Error(over)), within);
  try {
    return await launch(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    // After Ctrl-C too the launch's own error counts: it says what could not be removed.
    if (signal.aborted || !late.signal.aborted) throw error;
    const said = reason(error);
    throw new Error(said.includes(over) ? said : `${over}; ${said}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** A machine that ends before its time is a finding, not a breakdown. */
async function firstBoot(
  machine: Machine,
  { every }: VerifyOptions,
  within: number,
  display: Display,
  signal: AbortSignal,
): Promise<Ended> {
  const show = ({ phase, line }: { phase: string; line: string }) => display.show(phase, line);
  try {
    return await waitForFirstBoot(machine, {
      within,
      signal,
      show,
      ...(every === undefined ? {} : { every }),
    });
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return { ended: false, outcome: undefined, trouble: reason(error) };
  }
}

/**
 * Removes the machine; a failure to do so is a point that does not hold. What a point has seen is cut to one line, so the
 * command is in a note.
 */
async function removal(
  machine: Machine,
  display: Display,
): Promise<{ readonly points: readonly Check[]; readonly notes: readonly string[] }> {
  const point = (ok: boolean, seen: string) =>
    judging('clean-up').holds('everything is removed', ok, seen, 'removed');
  display.show('removing the machine');
  try {
    await machine.destroy();
    return { points: [point(true, 'removed')], notes: [] };
  } catch (error) {
    return {
      points: [point(false, reason(error))],
      notes: [`What is left has to be removed: ${machine.howTo.remove}`],
    };
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
