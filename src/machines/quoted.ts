/** Commands, for machines and for people. */
import { escapeFor } from '../server/escape';

/** One word of a shell command. */
export const quoted = escapeFor('command.sh');
