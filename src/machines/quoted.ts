/** Commands, for machines and for people. */
import { escapeFor } from '../parts/escape';

/** One word of a shell command. */
export const quoted = escapeFor('command.sh');
