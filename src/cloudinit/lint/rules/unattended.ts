/** Commands that run without a person, without a terminal and without HOME: what works in a login and fails at boot. */

import { Source } from '../../../diagnostics/source';
import type { Script } from '../../read/scripts';
import type { UserDataDocument } from '../../read/user-data';
import type { LandedFile } from '../../read/written-files';
import { error, type Finding, warning } from '../finding';
import { shellCode } from '../shell-code';

/** A command starts here, perhaps behind sudo, variables, or words that run it. */
const START = String.raw`(?:^|[;&|({]|\b(?:then|do|else|if|while|until)\b)[ \t]*(?:(?:sudo(?: -\S+)*|env|exec|command|time|nohup|timeout \S+|nice|[A-Za-z_]\w*=\S*)[ \t]+)*`;
const command = (words: string) => new RegExp(`${START}(?:${words})`, 'gm');

export function* unattendedRules({ scripts, files, input }: UserDataDocument): Generator<Finding> {
  const own = scripts.filter(({ name }) => name === 'runcmd' || name === 'bootcmd' || name === 'user data');
  for (const script of own) {
    // The words of a list are in quotes, and so is data; a list is its own line.
    const lines = new Source(unlisted(shellCode(script.text, { keepDoubleQuoted: true }), script.text));
    if (!/Assume-Yes/i.test(input.text)) yield* questions(script, lines);
    yield* homes(script, lines);
    if (script.name === 'runcmd' || input.kind === 'script') yield* ends(script, lines);
    for (const file of files) yield* startsFile(script, lines, file);
  }
}

/** Lines of single-quoted words, which a list becomes, without the quotes; all other lines as they are. */
function unlisted(code: string, text: string): string {
  const lines = text.split('\n');
  return code
    .split('\n')
    .map((line, index) =>
      /^'[^']*'(?: '[^']*')*$/.test(lines[index] ?? '') ? lines[index]!.replaceAll("'", '') : line,
    )
    .join('\n');
}

/** The rest of a command, up to its end. */
const REST = String.raw`[^\n;&|]{0,400}`;
const ASKING: readonly { readonly pattern: RegExp; readonly answered: RegExp; readonly use: string }[] = [
  {
    pattern: command(
      String.raw`(?:apt-get|apt|aptitude)[ \t](?:${REST}[ \t])?(?:install|upgrade|dist-upgrade|full-upgrade|remove|purge|autoremove|autopurge|build-dep|safe-upgrade)\b${REST}`,
    ),
    answered:
      /[ \t](?:-[a-zA-Z]*y[a-zA-Z]*|--yes|--assume-yes|-qq|--quiet=2|-s|--simulate|--dry-run|--download-only|-\w*d)\b|Assume-Yes/,
    use: '-y',
  },
  {
    pattern: command(
      String.raw`(?:dnf|yum|microdnf)[ \t](?:${REST}[ \t])?(?:install|update|upgrade|remove|groupinstall)\b${REST}`,
    ),
    answered: /[ \t](?:-[a-z]*y[a-z]*|--assumeyes)\b/,
    use: '-y',
  },
  {
    pattern: command(String.raw`zypper[ \t](?:${REST}[ \t])?(?:install|in|update|up|dup)\b${REST}`),
    answered: /[ \t](?:-n|--non-interactive|-y|--no-confirm)\b/,
    use: '--non-interactive',
  },
  {
    pattern: command(String.raw`pacman[ \t]${REST}-S${REST}`),
    answered: /--noconfirm/,
    use: '--noconfirm',
  },
  {
    pattern: command(String.raw`add-apt-repository[ \t]${REST}`),
    answered: /[ \t](?:-[a-z]*y[a-z]*|--yes)\b/,
    use: '-y',
  },
];

function* questions(script: Script, lines: Source): Generator<Finding> {
  const code = lines.text;
  for (const { pattern, answered, use } of ASKING) {
    for (const found of code.matchAll(pattern)) {
      const whole = code.slice(0, found.index);
      const isAnswered = /(?:\byes\b[^\n]*|\becho\s+['"]?y[^\n]*)\s*$/i.test(
        whole.slice(whole.lastIndexOf('\n') + 1),
      );
      if (answered.test(found[0]) || (isAnswered && found[0].startsWith('|'))) continue;
      // A command that goes on in the next line.
      const after = code.slice(found.index + found[0].length);
      if (found[0].endsWith('\\') && answered.test(` ${after.slice(0, 400).split(/[;&|]|[^\\]\n/)[0]}`))
        continue;
      // A variable may hold the option.
      if (/[ \t]"?\$\{?\w*(?:opt|flag|arg|yes)\w*/i.test(found[0])) continue;
      const line = lines.at(found.index + found[0].search(/\S/)).line;
      const message = 'This command asks before it works, and no one answers at boot: it aborts.';
      // With nothing to remove there is no question.
      const make = /\b(?:remove|purge|autoremove|autopurge)\b/.test(found[0]) ? warning : error;
      yield make('command-asks', script.place(line), message, { hint: `Add ${use}.` });
    }
  }
}

/** systemd starts cloud-init without HOME. dash leaves ~ as it is, and takes $HOME for empty or, with `set -u`, fails. */
function* homes(script: Script, lines: Source): Generator<Finding> {
  const code = lines.text;
  const isSet = /(?:^|[\s;&|(])(?:export[ \t]+)?HOME=/m.exec(code);
  const strict = /(?:^|[\s;&|({])set\s+-[a-z]*u|\bset\s+-o\s+nounset/m.test(code);
  // In double quotes ~ is text.
  const bare = unlisted(shellCode(script.text), script.text);
  const found = /\$HOME\b|\$\{HOME\}/.exec(code) ?? /(?<=\s|\w=)~(?=\/|\s|$)/m.exec(bare);
  if (!found || (isSet && isSet.index <= found.index)) return;
  const isVariable = found[0] !== '~';
  const inShell = code.slice(code.lastIndexOf('\n', found.index) + 1, found.index);
  if (/\b(?:su|sudo|runuser|ssh|bash|sh)\b[^\n]{0,400}[ \t]-\w*[cil]\w*\b/.test(inShell)) return;
  const effect = !isVariable
    ? script.shell === 'sh'
      ? 'sh leaves ~ as it is, and makes a directory of that name'
      : undefined
    : strict
      ? 'with set -u the script stops here'
      : 'it is empty, so the path begins at /';
  if (effect === undefined) return;
  const make = strict && isVariable ? error : warning;
  yield make(
    'home-unset',
    script.place(lines.at(found.index).line),
    `HOME is not set when cloud-init runs this; ${effect}.`,
    {
      hint: "Write the path itself, or 'export HOME=/root' first.",
    },
  );
}

/** A command that ends the boot while cloud-init still runs. */
function* ends(script: Script, lines: Source): Generator<Finding> {
  const code = lines.text;
  const pattern = command(
    String.raw`(?:(?:/usr)?/sbin/)?(?:(?:systemctl[ \t]+(?:--\S+[ \t]+)*)?(?:reboot|poweroff|halt|kexec)|shutdown|(?:init|telinit)[ \t]+[06])(?=[\s;&|)]|$)${REST}`,
  );
  for (const found of code.matchAll(pattern)) {
    if (/shutdown[^\n]*(?:\+[1-9]|\d:\d\d|[ \t]-c\b)/.test(found[0])) continue;
    const line = lines.at(found.index + found[0].search(/\S/)).line;
    const message = 'This ends cloud-init in the middle of its last stage: the boot never counts as done.';
    yield warning('command-reboots', script.place(line), message, {
      hint: 'Use power_state, which acts after cloud-init: {mode: reboot}.',
    });
  }
}

/** A file that is run by its path needs its executable bits. */
function* startsFile(script: Script, lines: Source, file: LandedFile): Generator<Finding> {
  const code = lines.text;
  if (
    !code.includes(file.target) ||
    file.mode === undefined ||
    file.mode & 0o111 ||
    !file.text?.startsWith('#!')
  )
    return;
  const path = escaped(file.target);
  const found = new RegExp(`${START}${path}(?=[\\s;&|)]|$)`, 'm').exec(code);
  if (!found || isMadeExecutable(file.target, code)) return;
  const line = lines.at(found.index + found[0].search(/\S/)).line;
  const mode = `0${file.mode.toString(8)}`;
  const message = `${file.path} has the mode ${mode} and cannot be run by its path.`;
  yield error('script-not-executable', script.place(line), message, {
    hint: "Give the file permissions: '0755', or run it with sh or bash.",
  });
}

const escaped = (text: string) => text.replaceAll(/[^\w/]/g, String.raw`\$&`);

/** A chmod or install of the file, of a directory above it, of a pattern or of a variable. */
function isMadeExecutable(target: string, code: string): boolean {
  const above = target
    .split('/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    .filter((path) => path !== '')
    .map((path) => `${escaped(path)}/?(?=[\\s;&|"']|$)`);
  const name = escaped(target.split('/').pop() ?? '');
  return new RegExp(`\\b(?:chmod|install)\\b[^\\n;]*(?:${[...above, name].join('|')}|[*$])`, 'm').test(code);
}
