/** What the run will start, and that it costs money: reported before anything is created. */

import type { Ec2 } from './client';
import type { Ec2Options } from './ec2-flags';
import type { ChosenImage } from './image';
import type { TypeFacts } from './instance-type';
import { type Network, openPorts } from './network';
import { DEAD_MAN_AFTER_MINUTES, type Run } from './tags';
import type { UserData } from './user-data';

export interface Plan {
  readonly region: string;
  readonly type: TypeFacts;
  readonly image: ChosenImage;
  /** GiB of the root disk. */
  readonly disk: number;
  readonly spot: boolean;
  readonly ports: readonly number[];
  readonly timeLimit: number;
  readonly deadMan: boolean;
  /** The same for people, one per line; the last line says that it costs money. */
  readonly lines: readonly string[];
}

/** Everything that the preflight has found out. */
export interface Prepared {
  readonly ec2: Ec2;
  readonly run: Run;
  readonly plan: Plan;
  readonly network: Network;
  readonly options: Ec2Options;
  readonly data: UserData;
}

export function makePlan(region: string, type: TypeFacts, image: ChosenImage, options: Ec2Options): Plan {
  const disk = Math.max(options.disk, image.rootSize);
  const ports = openPorts(options);
  const ending = options.deadMan
    ? `It powers itself off, and is gone, after ${options.timeLimit + DEAD_MAN_AFTER_MINUTES} minutes even if this program is killed.`
    : 'Nothing powers it off automatically.';
  const lines = [
    `one ${type.name} (${type.cpus} CPUs, ${type.memory} GiB, ${type.architecture})${options.spot ? ', spot if there is one' : ''} in ${region}`,
    `image ${image.id} (${image.name})`,
    `disk of ${disk} GiB (gp3), ${ports.length > 0 ? `TCP ${ports.join(', ')} open to the world` : 'no port open'}`,
    `This costs money from the start until it is removed, at most ${options.timeLimit} minutes as planned. ${ending}`,
  ];
  const { spot, timeLimit, deadMan } = options;
  return { region, type, image, disk, spot, ports, timeLimit, deadMan, lines };
}
