/** Pauses and time limits of polling EC2. */
import { Ec2Error } from './errors';

/** Milliseconds. Tests against a simulator run the same code at a faster pace. */
export interface Pacing {
  /** Between two polls of something that changes. */
  readonly poll: number;
  /** Between two polls of the console. */
  readonly console: number;
  /** How long an interrupted call that creates something may still answer, to give its id. */
  readonly grace: number;
  /**
   * Between two searches for things that a call without an answer may have created; `SETTLE_LOOKS` searches in a row
   * must find nothing. EC2 is eventually consistent: a list may lack what was just created for seconds.
   */
  readonly settle: number;
  /** One HTTP request, before the SDK tries again. */
  readonly request: number;
  /** From accepted to running. */
  readonly start: number;
  /** Terminating, and waiting until nothing holds the security group; EC2 sometimes takes minutes. */
  readonly remove: number;
  /** From CreateImage to an available image: 15 minutes are common, more with large disks. */
  readonly image: number;
}

export const SETTLE_LOOKS = 4;

/** For EC2 itself; `GEN_CLOUDINIT_EC2_PACE=0.01` shortens the pauses for a simulator, which does everything at once. */
export const PACING: Pacing = scaled(
  {
    poll: 4_000,
    console: 10_000,
    grace: 10_000,
    settle: 3_000,
    request: 60_000,
    start: 600_000,
    remove: 900_000,
    image: 3_600_000,
  },
  Number(process.env.GEN_CLOUDINIT_EC2_PACE),
);

/**
 * The same limits with shorter pauses.
 * @param factor over 0 and below 1; anything else changes nothing
 */
export function scaled(pace: Pacing, factor: number): Pacing {
  if (!(factor > 0 && factor < 1)) return pace;
  const { poll, console, grace, settle } = pace;
  const short = (ms: number) => Math.ceil(ms * factor);
  return { ...pace, poll: short(poll), console: short(console), grace: short(grace), settle: short(settle) };
}

/** How many polls in a row may fail without an answer: a minute without a network does not end a run. */
const BLIND_LOOKS = 10;

/**
 * A poll that treats an error of server or network as "not yet". A refusal by EC2 is thrown at once.
 * @param look answers undefined for "not yet"
 */
export function tolerateOutages<T, Given extends unknown[]>(
  look: (...given: Given) => Promise<T | undefined>,
): (...given: Given) => Promise<T | undefined> {
  let blind = 0;
  return async (...given) => {
    try {
      const answer = await look(...given);
      blind = 0;
      return answer;
    } catch (error) {
      if (!(error instanceof Ec2Error) || error.refused || ++blind > BLIND_LOOKS) throw error;
      return undefined;
    }
  };
}
