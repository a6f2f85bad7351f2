// A negative control: it spoils something on a healthy server, and only that judge must fail.
import { pause } from '../machines/run';
import type { Place } from '../place';
import { sh } from '../server';
import { ask, holds, is, type Judge, type Judgement, timed, type Verdict } from '../verdict';

export interface Control {
  /** The fault. */
  readonly name: string;
  readonly judges: readonly Judge[];
  /** Shell scripts, run inside. */
  readonly spoil: string;
  readonly mend: string;
  /** The verdicts that must fail, by name, and the observation that each must contain. All others must hold. */
  readonly expects: Readonly<Record<string, RegExp>>;
  /** Judges that must pass after the repair; `judges` if absent. If empty, the next control shows it. */
  readonly after?: readonly Judge[];
}

const failing = async (judges: readonly Judge[], place: Place): Promise<Verdict[]> =>
  (await ask(judges, place)).flatMap(({ verdicts }) => verdicts.filter(({ ok }) => !ok));

const list = (verdicts: readonly Verdict[]): string =>
  verdicts.map(({ name, seen }) => `${name}: ${seen}`).join('; ') || 'all is well';

/**
 * Repeats the judging until it has the expected result, for a minute at most. nginx's old processes, for instance, still
 * answer for a moment after a reload, and on a busy machine one round may take half a minute.
 */
async function eventually(
  judges: readonly Judge[],
  place: Place,
  wanted: (failed: readonly Verdict[]) => boolean,
): Promise<Verdict[]> {
  const end = Date.now() + 60_000 * place.patience;
  for (;;) {
    const failed = await failing(judges, place);
    if (wanted(failed) || Date.now() > end) return failed;
    await pause(300);
  }
}

/** Spoils, judges, repairs, and judges again. */
export function control(
  place: Place,
  { name, judges, spoil, mend, expects, after = judges }: Control,
): Promise<Judgement> {
  const names = Object.keys(expects).sort().join('; ');
  const isSeen = (failed: readonly Verdict[]) =>
    failed
      .map((verdict) => verdict.name)
      .sort()
      .join('; ') === names && failed.every((verdict) => expects[verdict.name]?.test(verdict.seen));
  return timed(name, async () => {
    const limit = 120_000 * place.patience;
    let failed: Verdict[];
    try {
      await sh(place.server, spoil, limit);
      failed = await eventually(judges, place, isSeen);
    } finally {
      await sh(place.server, mend, limit);
    }
    const wanted = Object.entries(expects).map(([point, seen]) => `${point}: ${seen}`);
    const verdicts = [holds('exactly this is detected', isSeen(failed), list(failed), wanted.join('; '))];
    if (after.length > 0) {
      const still = await eventually(after, place, (left) => left.length === 0);
      verdicts.push(is('mended, all is well', list(still), 'all is well'));
    }
    return verdicts;
  });
}
