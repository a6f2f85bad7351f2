/**
 * What the code of each mistake and warning means; `gen-cloudinit explain CODE` prints it. The type of a diagnostic's code
 * comes from this table, so the compiler refuses a code without a row here.
 */
import { ACCOUNTS } from './accounts';
import { APT } from './apt';
import { COMMAND_LINE } from './command-line';
import { COMMANDS } from './commands';
import type { Explanations } from './explanation';
import { HANDOVER } from './handover';
import { HEADER } from './header';
import { KEYS } from './keys';
import { PARTS } from './parts';
import { SECRETS } from './secrets';
import { SYSTEM } from './system';
import { WRITE_FILES } from './write-files';
import { YAML } from './yaml';

export type { Explanation } from './explanation';

export const CODES = {
  ...COMMAND_LINE,
  ...YAML,
  ...KEYS,
  ...HEADER,
  ...PARTS,
  ...WRITE_FILES,
  ...COMMANDS,
  ...APT,
  ...ACCOUNTS,
  ...SYSTEM,
  ...SECRETS,
  ...HANDOVER,
} as const satisfies Explanations;

/** Stable kebab-case name of a rule. */
export type Code = keyof typeof CODES;

/** Whether a text is the name of a rule. */
export function isCode(name: string): name is Code {
  return Object.hasOwn(CODES, name);
}
