// The table of faults: its lines for the README, and a scenario for each.
import type { Scenario } from '../../scenario';
import { aptFaults, registryFaults } from './downloads';
import type { Fault, FaultRow } from './fault';
import { networkFaults } from './network';
import { powerFaults } from './power';
import { scenarioOf } from './runner';
import { serverFaults } from './server';

const faults: readonly Fault[] = [
  ...powerFaults,
  ...networkFaults,
  ...registryFaults,
  ...aptFaults,
  ...serverFaults,
];

/** Faults that other scenarios cover. */
const elsewhere: readonly FaultRow[] = [
  {
    name: 'wrong-image',
    fault: 'an image that the registry does not know',
    moment: 'at its pull',
    expected: 'the console distinguishes it from a dead network; the boot ends as failed at once',
    seen: 'as expected',
  },
];

export const faultRows: readonly FaultRow[] = [...faults, ...elsewhere];

/** The world has one registry, so only one scenario at a time may use its faults. */
const alone = registryFaults.map(({ name }) => name);

export const faultScenarios: readonly Scenario[] = faults.map((fault, index) =>
  scenarioOf(fault, 120 + index, [...alone.slice(0, Math.max(0, alone.indexOf(fault.name))), 'wrong-image']),
);
