/** What bash supports and dash, the /bin/sh of Debian and Ubuntu, does not. Patterns are for code without quoted text. */
export interface Bashism {
  readonly name: string;
  readonly pattern: RegExp;
  /** Also searched in double quotes, where the shell expands too. */
  readonly inQuotes?: true;
}

/** A command starts here. */
const START = String.raw`(?:^|[;&|({]|\b(?:then|do|else|if|while|until)\b)[ \t]*`;
const command = (words: string) => new RegExp(`${START}(?:${words})(?=[\\s;]|$)`, 'm');

export const BASH_ONLY: readonly Bashism[] = [
  { name: '[[ ]]', pattern: command(String.raw`(?:!\s+)?\[\[`) },
  { name: 'pipefail', pattern: /\bset[ \t]+[-+\w \t]{0,60}o[ \t]+pipefail\b/ },
  { name: 'arrays', pattern: /(?:^|[\s;])\w+\+?=\(/m },
  { name: '(( ))', pattern: new RegExp(`${START}\\(\\(`, 'm') },
  { name: 'function keyword', pattern: command(String.raw`function\s+[\w-]+(?:\s*\(\))?`) },
  { name: 'here-strings (<<<)', pattern: /<<</ },
  { name: '&> and >&', pattern: /&>>?\s*\S|>&(?!\s*[\d-])\s*\S/ },
  { name: '|&', pattern: /\|&/ },
  { name: 'process substitution', pattern: /(?:^|\s)[<>]\(/m },
  { name: 'ranges in braces', pattern: /\{\w+\.\.\w+\}/ },
  { name: "$'...' quotes", pattern: /\$'/ },
  { name: '+=', pattern: /(?:^|[\s;])[A-Za-z_]\w*\+=/m },
  { name: '== in [ ]', pattern: /(?:^|[\s;])\[ (?=[^[\]\n]*\])[^[\]\n]*[^=!]==/m },
  {
    name: 'declare, let, shopt or source',
    pattern: command('(?:declare|typeset|let|shopt|source|mapfile|readarray|pushd|popd|disown)'),
  },
  { name: 'echo -e', pattern: command(String.raw`echo\s+-(?=\w*e)\w+`) },
  { name: 'trap on ERR, DEBUG or RETURN', pattern: /\btrap\b[^\n]{0,200}\b(?:ERR|DEBUG|RETURN)\b/ },
  { name: 'substitution in braces', pattern: /\$\{\w+(?:\[|\/|\^|,|@[A-Za-z]|:\s*\d|: -)/, inQuotes: true },
  { name: 'indirect expansion', pattern: /\$\{!\w/, inQuotes: true },
  {
    name: 'variables of bash',
    pattern: /\$\{?(?:RANDOM|EUID|BASHPID|BASH_\w+|PIPESTATUS|FUNCNAME|SECONDS)\b/,
    inQuotes: true,
  },
];
