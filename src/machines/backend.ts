/** How a kind of machine plugs into a command: flags in, a launch out. */
import type { Diagnostic } from '../deployment/diagnostic';
import type { Launch } from './machine';

/** One flag of a kind of machine, as --help and the README tell it. */
export interface MachineFlag {
  readonly type: 'string' | 'boolean';
  readonly help: string;
  /** What is taken when it is not given, in words. */
  readonly default?: string;
}

export type MachineFlags = Readonly<Record<string, MachineFlag>>;

/** What the command brings along. */
export interface Around {
  /** The time limit of the whole run, in minutes. */
  readonly minutes: number;
  /** Asks a person whether to go on; absent where nobody can be asked. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Called before the first thing is made, with the command that removes whatever may be left. */
  readonly announce: (remove: string) => void;
}

export type Plugged =
  | { readonly launch: Launch; readonly diagnostics: readonly Diagnostic[] }
  | { readonly launch: undefined; readonly diagnostics: readonly Diagnostic[] };

/** Each kind has a module `backend.ts` that exports one of these as `backend`; it is loaded when it is asked for. */
export interface Backend {
  /**
   * @param flags those of the kind's table, as texts and booleans; undefined is not given
   * @param document what is going to be booted: a kind may not take every form
   * @returns how to launch it, or what is wrong with flags or document
   */
  plug(flags: Readonly<Record<string, unknown>>, document: Uint8Array, around: Around): Plugged;
}

/** The value of a flag that takes text. */
export function textFlag(flags: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** The values of a flag that may be given several times. */
export function listFlag(
  flags: Readonly<Record<string, unknown>>,
  name: string,
): readonly string[] | undefined {
  const value = flags[name];
  return value === undefined ? undefined : [value].flat().map(String);
}

/** The value of a flag that takes a number; NaN where it is none, for the rule of the option to refuse. */
export function numberFlag(flags: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = textFlag(flags, name);
  return value === undefined ? undefined : /^\d+$/.test(value) ? Number(value) : Number.NaN;
}
