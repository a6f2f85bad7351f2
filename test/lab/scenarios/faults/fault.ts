// A fault of the table: data for the table and for the runner, and the few lines that inject it.
import type { Lab, MachineKind } from '../../lab';
import type { ServerSpec } from '../../server';
import type { Judge, Verdict } from '../../verdict';
import type { Stage } from './stage';

/** A line of the table in test/lab/README.md. */
export interface FaultRow {
  /** Of the scenario. */
  readonly name: string;
  readonly fault: string;
  /** The named moment of the boot. */
  readonly moment: string;
  readonly expected: string;
  /** The result of its last run, good or bad. */
  readonly seen: string;
}

export interface Fault extends FaultRow {
  /** The only kind of machine that supports it; both if absent. */
  readonly kind?: MachineKind;
  /** Whether it is one of the few that represent all of them. */
  readonly few?: boolean;
  /** Additional settings of the server. */
  spec?(lab: Lab): Promise<Pick<ServerSpec, 'options' | 'edit' | 'hardware'>>;
  /** Prepares the world before power on. */
  before?(stage: Stage): Promise<void>;
  /** Runs after power on: waits for the moment and injects the fault. */
  inject(stage: Stage): Promise<void>;
  /** The console line that must name the reason. */
  readonly reason?: RegExp;
  /** Whether the fault has to stop the first boot, so that the state file has `failed` and the same reason. */
  readonly stops?: boolean;
  /** Removes the fault; from then on the server has to recover without help. */
  mend?(stage: Stage): Promise<void>;
  /** Seconds that the recovery may take; default 300. */
  readonly limit?: number;
  /** Whether the database must be the same before and after. */
  readonly keepsDatabase?: boolean;
  /** Further conditions, checked when the server is ready. */
  judge?(stage: Stage): Promise<readonly Verdict[]>;
  /** Judges of an undisturbed server that cannot pass here. */
  readonly without?: readonly Judge[];
  /** Judges that replace them. */
  readonly instead?: readonly Judge[];
}
