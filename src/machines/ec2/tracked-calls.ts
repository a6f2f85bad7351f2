/** Tracks calls that create something, so that the result can be removed even if the answer never came. */

import { pause, throwIfStopped } from '../../system/wait';
import type { Action, Ec2, Input, Output } from './client';
import { Ec2Error } from './errors';
import type { Pacing } from './pacing';

export class TrackedCalls {
  /** Instances that EC2 has named; its lists may not contain them yet. */
  readonly instances = new Set<string>();
  readonly groups = new Set<string>();
  readonly images = new Set<string>();
  private unanswered = 0;

  constructor(
    private readonly ec2: Ec2,
    private readonly pace: Pacing,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether a call may have created something without an answer. */
  get inDoubt(): boolean {
    return this.unanswered > 0;
  }

  /**
   * Like `call`, but after an interruption it gives the request some time to finish, because the answer names what to
   * remove. Only then it ends the request.
   * @param named takes the ids out of the answer; they are recorded even if the run was interrupted meanwhile
   * @throws Stopped after an interruption, also when the call itself succeeded; else Ec2Error
   */
  async make<A extends Action>(
    action: A,
    input: Input<A>,
    named: (made: Output<A>) => void = () => {},
  ): Promise<Output<A>> {
    throwIfStopped(this.signal);
    const patience = new AbortController();
    const answered = new AbortController();
    const interrupted = () => {
      pause(this.pace.grace, answered.signal).then(
        () => patience.abort(this.signal.reason),
        () => {},
      );
    };
    this.signal.addEventListener('abort', interrupted, { once: true });
    this.unanswered++;
    try {
      const made = await this.ec2.call(action, input, patience.signal);
      this.unanswered--;
      named(made);
      throwIfStopped(this.signal);
      return made;
    } catch (error) {
      if (error instanceof Ec2Error && error.refused) this.unanswered--;
      throwIfStopped(this.signal);
      throw error;
    } finally {
      answered.abort();
      this.signal.removeEventListener('abort', interrupted);
    }
  }

  /**
   * Repeats a call while EC2 does not know yet what it has just created: "InvalidGroup.NotFound" right after
   * CreateSecurityGroup means "not yet" (EC2 developer guide, "Eventual consistency").
   */
  async patiently<T>(notYet: readonly string[], attempt: () => Promise<T>): Promise<T> {
    for (let look = 1; ; look++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Ec2Error) || !notYet.includes(error.code) || look === 5) throw error;
        await pause(this.pace.poll, this.signal);
      }
    }
  }
}
