// The surroundings of a judge: the server that it judges, and the world around it.
import type { Server } from './server';
import type { Vantage } from './vantage';
import type { World } from './world/world';

export interface Place {
  readonly server: Server;
  /** A client's machine in the same internet, with a network namespace of its own. */
  readonly outside: Vantage;
  readonly world: World;
  /** Factor on every time limit; see lab.ts. */
  readonly patience: number;
}
