// Undoes the set-up in reverse order, and continues after a failed step.

/** A stack of things to undo. */
export class Cleanup {
  #steps: { what: string; undo: () => unknown }[] = [];

  /** Remembers how to undo what has just been done. */
  add(what: string, undo: () => unknown): void {
    this.#steps.push({ what, undo });
  }

  /**
   * Undoes everything, last first; a second call finds nothing left to do.
   * @throws an AggregateError that names each step that failed, after all were tried.
   */
  async run(): Promise<void> {
    const failures: Error[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (cause) {
        failures.push(new Error(`clean-up of ${step.what} failed`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join('; '));
  }
}
