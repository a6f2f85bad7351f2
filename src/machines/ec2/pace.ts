/** Waiting for EC2: how long between two looks. */

/** Milliseconds. Tests against a simulator run the same code at a faster pace. */
export interface Pace {
  /** Between two looks at something that changes. */
  readonly poll: number;
  /** Between two looks at the console. */
  readonly console: number;
  /** How long an interrupted call that makes something may still answer, so that its id is known. */
  readonly grace: number;
  /**
   * Between two searches for things that a call without an answer may have made; `SETTLE_LOOKS` searches in a row
   * must find nothing. EC2 is eventually consistent: what was just made may be missing from a list for seconds.
   */
  readonly settle: number;
  /** One HTTP request, before the SDK tries again. */
  readonly request: number;
  /** From accepted to running. */
  readonly start: number;
  /** Terminating, and waiting until nothing holds the security group; EC2 takes minutes at times. */
  readonly remove: number;
  /** From CreateImage to an available image: 15 minutes are common, more with large disks. */
  readonly image: number;
}

export const SETTLE_LOOKS = 4;

export const PACE: Pace = {
  poll: 4_000,
  console: 10_000,
  grace: 10_000,
  settle: 3_000,
  request: 60_000,
  start: 600_000,
  remove: 900_000,
  image: 3_600_000,
};
