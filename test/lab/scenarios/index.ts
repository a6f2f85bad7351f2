// All scenarios, in the order in which they start: long ones first, so that the two lanes end together.
import type { Scenario } from '../scenario';
import { again } from './again';
import { bakeQemu } from './bake-qemu';
import { baked } from './baked';
import { browser } from './browser';
import { cutShort } from './cut-short';
import { delegation } from './delegation';
import { faultScenarios } from './faults';
import { federation } from './federation';
import { firstBoot } from './first-boot';
import { interrupt } from './interrupt';
import { ipv6Only } from './ipv6-only';
import { keepsDocker } from './keeps-docker';
import { operate } from './operate';
import { pace } from './pace';
import { rebirth } from './rebirth';
import { refused } from './refused';
import { slowStart } from './slow-start';
import { spoiled } from './spoiled';
import { verifyFile, verifyProbes } from './verify';
import { verifyQemu } from './verify-qemu';

export const scenarios: readonly Scenario[] = [
  firstBoot,
  spoiled,
  baked,
  verifyProbes,
  verifyFile,
  browser,
  again,
  operate,
  rebirth,
  cutShort,
  ...refused,
  federation,
  delegation,
  keepsDocker,
  interrupt,
  ipv6Only,
  pace,
  slowStart,
  ...faultScenarios,
  verifyQemu,
  bakeQemu,
];
