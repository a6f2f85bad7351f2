// The verdicts of a judge, and the code that runs judges.
import type { Place } from './place';

/** One point that holds or fails, with the observation and the expectation, both in a few words for a person. */
export interface Verdict {
  readonly name: string;
  readonly ok: boolean;
  readonly seen: string;
  readonly expected: string;
}

/** Examines one aspect of a server. A judge that throws counts as a failed verdict: there was no answer. */
export interface Judge {
  readonly name: string;
  ask(place: Place): Promise<readonly Verdict[]>;
}

/** A judge's verdicts, and the seconds that it took. */
export interface Judgement {
  readonly judge: string;
  readonly seconds: number;
  readonly verdicts: readonly Verdict[];
}

/**
 * One line of at most 1000 characters. An observation may be the output of a program: its start names the state and its
 * end the cause, so this omits the middle.
 */
export function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length <= 1000 ? line : `${line.slice(0, 400)} … ${line.slice(-597)}`;
}

/** A verdict on a condition. */
export const holds = (name: string, ok: boolean, seen: string, expected: string): Verdict => ({
  name,
  ok,
  seen: oneLine(seen),
  expected: oneLine(expected),
});

/** A verdict that requires exactly the expected observation. */
export const is = (name: string, seen: string | number | undefined, expected: string | number): Verdict =>
  holds(name, seen === expected, `${seen ?? 'nothing'}`, `${expected}`);

/** An error with its causes, in one line. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = error instanceof AggregateError ? error.errors.map(explain) : [];
  if (error.cause !== undefined) parts.push(explain(error.cause));
  return oneLine([error.message, ...parts].join(': '));
}

/** Runs part of the judging under a name and measures its time; an error becomes a failed verdict. */
export async function timed(name: string, work: () => Promise<readonly Verdict[]>): Promise<Judgement> {
  const start = performance.now();
  const verdicts = await work().catch((error: unknown) => [
    holds(name, false, explain(error), 'an answer to judge'),
  ]);
  return { judge: name, seconds: (performance.now() - start) / 1000, verdicts };
}

/** Asks several judges, one after the other. */
export async function ask(judges: readonly Judge[], place: Place): Promise<Judgement[]> {
  const all: Judgement[] = [];
  for (const judge of judges) all.push(await timed(judge.name, () => judge.ask(place)));
  return all;
}
