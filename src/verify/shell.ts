/** Scripts for a machine's `exec`, and their answers. */
import type { Machine } from '../machines/machine';

/** A machine that can be entered. */
export type Enterable = Machine & Required<Pick<Machine, 'exec'>>;

export function canEnter(machine: Machine): machine is Enterable {
  return machine.exec !== undefined;
}

/**
 * Runs a script and returns what it printed, whatever its exit code.
 * @throws Error when the machine could not be entered
 */
export async function printed(machine: Enterable, script: string): Promise<string> {
  const { stdout } = await machine.exec(script);
  return stdout;
}

/** The JSON of a text; undefined when the text is not JSON. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as an object, empty where it is not one, so that its keys can be read. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
