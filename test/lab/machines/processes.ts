// Distinguishes a process from a later one with the same number.
import { readFileSync } from 'node:fs';

/** When a process was started, in clock ticks since boot (field 22 of proc(5) stat); undefined if it is gone. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it only waits for its parent to collect the exit code.
    return state === 'Z' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}
