/** Ctrl-C for a command that has to clean up: the first requests the end, the second ends at once. */

export interface Interruptible {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** Whether it was. */
  readonly interrupted: boolean;
  /** Returns the signals to Node. */
  release(): void;
}

/**
 * Takes over the signals.
 * @param warn a line for the person
 * @param leftBehind what to print when the clean-up itself is interrupted: the command that does the rest
 * @param quit ends the process; called on the second signal
 */
export function interruptible(
  warn: (line: string) => void,
  leftBehind: () => string | undefined,
  quit: (code: number) => void,
): Interruptible {
  const controller = new AbortController();
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  const handlers = Object.entries(codes).map(([name, code]) => {
    const handler = () => {
      if (!controller.signal.aborted) {
        warn(`${name}: cleaning up; press Ctrl-C again to quit without cleanup`);
        controller.abort(new Error('interrupted'));
        return;
      }
      const command = leftBehind();
      if (command) warn(`not everything is removed yet; remove it with:\n${command}`);
      quit(code);
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    signal: controller.signal,
    get interrupted() {
      return controller.signal.aborted;
    },
    release() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
