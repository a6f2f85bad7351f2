/** One thing that holds, does not hold, or could not be judged. */

/**
 * `not judged` is never `ok`: where the evidence should be available, it counts as a failure (`required`); where this kind
 * of machine cannot give it at all, the report mentions it, and it does not decide.
 */
export type Status = 'ok' | 'failed' | 'not judged';

export interface Check {
  /** Its group, a heading of the table: `cloud-init`, `files`, `containers` and so on. */
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
  /** A point that depends on a condition. */
  holds(name: string, ok: boolean, seen: string, expected: string): Check;
  /** A point that what was seen equals what was expected. */
  is(name: string, seen: string, expected: string): Check;
  /** A point without evidence. @param required whether this machine should have given it */
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

/** Whether the points together show that the machine is as it should be. */
export function allHold(points: readonly Check[]): boolean {
  return (
    points.some(({ status }) => status === 'ok') &&
    points.every(({ status, required }) => status === 'ok' || (status === 'not judged' && !required))
  );
}
