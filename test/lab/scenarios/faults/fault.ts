// What a fault of the table is: data for the table and for the runner, and the few lines that inject it.
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
  /** What followed when it was last run, good or bad. */
  readonly seen: string;
}

export interface Fault extends FaultRow {
  /** The only kind of machine that can have it; both if absent. */
  readonly kind?: MachineKind;
  /** Whether it is one of the few that stand for all of them. */
  readonly few?: boolean;
  /** Additional settings of the server. */
  spec?(lab: Lab): Promise<Pick<ServerSpec, 'options' | 'edit' | 'hardware'>>;
  /** Prepares the world before power on. */
  before?(stage: Stage): Promise<void>;
  /** The machine has just been switched on: waits for the moment and lets it happen. */
  inject(stage: Stage): Promise<void>;
  /** The console line that must tell the reason. */
  readonly reason?: RegExp;
  /** Whether the first boot has to stop at it, so that the state file says `failed` and the same reason. */
  readonly stops?: boolean;
  /** Takes the fault away; from here on the server has to find its way alone. */
  mend?(stage: Stage): Promise<void>;
  /** Seconds that it may take; default 300. */
  readonly limit?: number;
  /** Whether the database must be the same before and after. */
  readonly keepsDatabase?: boolean;
  /** What else has to hold, asked when the server is ready. */
  judge?(stage: Stage): Promise<readonly Verdict[]>;
  /** Judges of an undisturbed server that cannot say yes here. */
  readonly without?: readonly Judge[];
  /** Judges that replace them. */
  readonly instead?: readonly Judge[];
}
