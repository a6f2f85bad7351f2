/** The flags of a multipass instance. Its own defaults (1 CPU, 1G, 5G) are too small for the deployment. */
import type { FlagTable, FlagValues } from '../../config/flags';
import { matches } from '../../config/rules';
import { timeLimit } from '../machine';

const SIZE = /^\d+(?:\.\d+)?[KMG](?:i?B)?$/i;

/** Ubuntu's release of this number. */
export const DEFAULT_IMAGE = '24.04';

/** The same rules as in multipass. */
export const MULTIPASS_FLAGS = {
  name: {
    type: 'string',
    help: 'name of the instance',
    defaultText: 'gc-verify- and random letters',
    rule: matches(
      /^[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/,
      'letters, digits and hyphens; a letter first, no hyphen last',
    ),
  },
  image: {
    type: 'string',
    help: 'image: a release, an alias, a URL or file://...',
    defaultText: DEFAULT_IMAGE,
    rule: matches(/^[^\s-]\S*$/, 'a release such as 24.04, an alias, a URL or file://...'),
  },
  cpus: {
    type: 'string',
    help: 'processors',
    default: '2',
    rule: matches(/^[1-9]\d{0,2}$/, 'a whole number of processors'),
  },
  memory: {
    type: 'string',
    help: 'memory, such as 4G',
    default: '4G',
    rule: matches(SIZE, 'a size such as 4G'),
  },
  disk: {
    type: 'string',
    help: 'disk, such as 20G',
    default: '20G',
    rule: matches(SIZE, 'a size such as 20G'),
  },
  'time-limit': timeLimit(1, 1440, 60),
} as const satisfies FlagTable;

/** With a name and an image where none was given. */
export type MultipassOptions = FlagValues<typeof MULTIPASS_FLAGS> & {
  readonly name: string;
  readonly image: string;
};
