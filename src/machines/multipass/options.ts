/** What can be chosen for a multipass instance. */
import { randomBytes } from 'node:crypto';
import { textFlag } from '../backend';
import { judged, matches, type Rule } from '../option-rules';
import { MULTIPASS_DEFAULTS } from './flags';

export interface MultipassOptions {
  readonly name: string;
  readonly image: string;
  readonly cpus: string;
  /** With a unit, as multipass writes it: 4G. */
  readonly memory: string;
  readonly disk: string;
  /** How long multipass may wait for the first boot, in minutes. */
  readonly minutes: number;
}

const size = matches(/^\d+(?:\.\d+)?[KMG](?:i?B)?$/i);

/** What each may look like; names as multipass has them. */
const RULES: readonly Rule<MultipassOptions>[] = [
  {
    option: 'name',
    fits: matches(/^[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/),
    expected: 'letters, digits and hyphens; a letter first, no hyphen last',
  },
  {
    option: 'image',
    fits: matches(/^[^\s-]\S*$/),
    expected: 'a release such as 24.04, an alias, a URL or file://...',
  },
  { option: 'cpus', fits: matches(/^[1-9]\d{0,2}$/), expected: 'a whole number of processors' },
  { option: 'memory', fits: size, expected: 'a size such as 4G' },
  { option: 'disk', fits: size, expected: 'a size such as 20G' },
];

/**
 * Fills the gaps and judges what was given.
 * @param minutes the time limit of the run
 * @returns the options, and a diagnostic for each that cannot be used
 */
export function multipassOptions(flags: Readonly<Record<string, unknown>>, minutes: number) {
  const { image, cpus, memory, disk } = MULTIPASS_DEFAULTS;
  const asked = {
    name: textFlag(flags, 'name'),
    image: textFlag(flags, 'image'),
    cpus: textFlag(flags, 'cpus'),
    memory: textFlag(flags, 'memory'),
    disk: textFlag(flags, 'disk'),
  };
  const name = `gc-verify-${randomBytes(3).toString('hex')}`;
  return judged<MultipassOptions>(asked, { name, image, cpus, memory, disk, minutes }, RULES);
}
