// All scenarios, in the order in which they are begun.
import type { Scenario } from '../scenario';
import { again } from './again';
import { federation } from './federation';
import { firstBoot } from './first-boot';
import { refused } from './refused';
import { spoiled } from './spoiled';

export const scenarios: readonly Scenario[] = [firstBoot, refused, federation, spoiled, again];
