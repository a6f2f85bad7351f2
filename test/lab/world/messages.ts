// The messages between world.ts and the process inside the namespace.
import type { LabRequest } from './client';
import type { Fault } from './faults';

/** The input of the process inside. */
export interface InsideSettings {
  /** Folder of the apt repositories for each codename. */
  readonly apt: Readonly<Record<string, string>>;
  readonly registry: { readonly host: string; readonly port: number };
  readonly acmeManagement: string;
  /** PEM that pebble's own listener verifies against. */
  readonly labCa: string;
}

/** The servers that have faults and record their requests. */
export type DoorName = 'apt' | 'registry';

/** A request that one of them answered. */
export interface Recorded {
  /** Milliseconds since 1970, when the answer ended. */
  readonly time: number;
  readonly from: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export type Call = { readonly id: number } & (
  | { readonly what: 'faults'; readonly door: DoorName; readonly fault: Fault }
  | { readonly what: 'requests'; readonly door: DoorName }
  | { readonly what: 'fetch'; readonly request: LabRequest }
  | { readonly what: 'roots' }
);

/** The answer to the call of that number; number 0 says that the process is ready. */
export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
