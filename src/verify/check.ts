/** One thing that holds, does not hold, or could not be judged. */

/**
 * `not judged` is never `ok`: where the evidence was to be had, it counts as a failure (`required`); where this kind
 * of machine cannot give it at all, it is told and does not decide.
 */
export type Status = 'ok' | 'failed' | 'not judged';

export interface Check {
  /** What it belongs to, a heading of the table: `cloud-init`, `files`, `containers` and so on. */
  readonly group: string;
  readonly name: string;
  readonly status: Status;
  /** Whether the verdict needs it. */
  readonly required: boolean;
  /** What was seen and what was expected, each one line for a person. */
  readonly seen: string;
  readonly expected: string;
}

/** One line, short enough for a table. */
function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 297)}...` : line;
}

/** Judges within one group. */
export interface Judging {
  /** A point on a condition. */
  holds(name: string, ok: boolean, seen: string, expected: string): Check;
  /** A point that what was seen is exactly what was expected. */
  is(name: string, seen: string, expected: string): Check;
  /** A point that nobody could judge. @param required whether it should have been possible here */
  unknown(name: string, why: string, required: boolean): Check;
}

export function judging(group: string): Judging {
  const holds = (name: string, ok: boolean, seen: string, expected: string): Check => ({
    group,
    name,
    status: ok ? 'ok' : 'failed',
    required: true,
    seen: oneLine(seen) || 'nothing',
    expected: oneLine(expected),
  });
  return {
    holds,
    is: (name, seen, expected) => holds(name, seen === expected, seen, expected),
    unknown: (name, why, required) => ({
      group,
      name,
      status: 'not judged',
      required,
      seen: oneLine(why),
      expected: '',
    }),
  };
}

/** Whether the points together say that the machine is as it should be. */
export function allHold(points: readonly Check[]): boolean {
  return (
    points.some(({ status }) => status === 'ok') &&
    points.every(({ status, required }) => status === 'ok' || (status === 'not judged' && !required))
  );
}
