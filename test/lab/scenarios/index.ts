// All scenarios, in the order in which they are begun.
import type { Scenario } from '../scenario';
import { firstBoot } from './first-boot';

export const scenarios: readonly Scenario[] = [firstBoot];
