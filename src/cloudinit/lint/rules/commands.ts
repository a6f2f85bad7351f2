/** runcmd and bootcmd: cloud-init runs each as one sh script, unattended (util.shellify, cc_runcmd.py). */

import type { Script } from '../../read/scripts';
import type { UserDataDocument } from '../../read/user-data';
import { get, items, type Node } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import { perText } from '../once-per-text';
import { shellCode } from '../shell-code';
import { BASH_ONLY } from './bashisms';

export function* commandRules({ root, scripts }: UserDataDocument): Generator<Finding> {
  for (const key of ['bootcmd', 'runcmd'] as const) {
    for (const item of items(get(root, key))) yield* words(item);
  }
  const runcmd = scripts.find(({ name }) => name === 'runcmd');
  if (runcmd) yield* stopsOnFailure(runcmd);
  const waiting = perText(ownWait);
  const dialect = perText(bashOnly);
  const endless = perText(endlessDocuments);
  for (const script of scripts) {
    if (script.omitted) yield unchecked(script, script.omitted);
    const isRun = script.name === 'runcmd' || script.name === 'bootcmd';
    const wait = waiting(script.text)[isRun ? 'run' : 'code'];
    if (wait) yield* waitsForItself(script, isRun, wait, runcmd);
    for (const { line, word } of endless(script.text)) yield endlessDocument(script, line, word);
    if (script.shell === 'sh') for (const found of dialect(script.text)) yield bashism(script, found);
  }
}

function unchecked({ name }: Script, omitted: Node): Finding {
  const message = `The commands of ${name} are together too long to be judged; this one and others are not.`;
  return warning('commands-unchecked', omitted, message, { hint: 'Write long texts as files.' });
}

/** A list is one command of words; shellify turns numbers into text, but the schema refuses them. */
function* words(item: Node): Generator<Finding> {
  if (item.kind !== 'sequence') return;
  const [program] = item.items;
  if (program?.kind === 'scalar' && /^[^\s/=]+ +\S|^\/\S+ +-\S/.test(program.text)) {
    const message =
      'In a list every word is quoted: the shell looks for a program whose name contains blanks.';
    const hint = 'Write the command as text, or one word per list item.';
    yield error('command-word', program, message, { hint });
  }
  for (const word of item.items) {
    if (word.kind !== 'scalar') {
      yield error(
        'command-word',
        word,
        'A word of a command is a list or map; it arrives as Python would print it.',
      );
    } else if (/^(?:\||\|\||&&|;|>|>>|<|&|2>&1)$/.test(word.text)) {
      const message = 'In a list every word is quoted: this is an argument and no operator of the shell.';
      yield warning('command-operator', word, message, {
        given: word.text,
        hint: 'Write the command as text.',
      });
    } else if (/^\$\{?\w+\}?$|^~\/|^\/\S*\*/.test(word.text) && item.items[0] !== word) {
      if (!isShellCall(item.items)) {
        const message = 'In a list every word is quoted: the shell expands nothing.';
        yield warning('command-expansion', word, message, {
          given: word.text,
          hint: 'Write the command as text.',
        });
      }
    }
  }
}

function isShellCall(list: readonly Node[]): boolean {
  const first = list[0];
  const takesPatterns = /(?:^|\/)(?:(?:ba|da)?sh|find|sed|grep|egrep|awk|eval|perl|python3?|psql|docker)$/;
  return first?.kind === 'scalar' && takesPatterns.test(first.text);
}

/** The exit code of the script is that of its last command; without `set -e` all others may fail unnoticed. */
function* stopsOnFailure(script: Script): Generator<Finding> {
  const code = shellCode(script.text);
  const lines = code.split('\n');
  const isCode = (line: string) =>
    line.trim() !== '' && !/^\s*(?:#|:|export\s|umask\s|\w+=\S*\s*$)/.test(line);
  const commands = lines.slice(1).filter(isCode).length;
  // The words of a list are quoted, so they are blank in the code.
  const stops =
    /(?:^|[\s;&|({])set\s+(?:-[a-df-z]*e|-o\s+errexit)/m.test(code) || /^'set' '-[a-z]*e/m.test(script.text);
  if (commands < 2 || stops) return;
  const message = 'runcmd goes on when a command fails; only the exit code of the last one counts.';
  const hint = "Make 'set -e' the first item, or run one script that stops on failure.";
  yield warning('runcmd-no-set-e', script.place(2), message, { hint });
}

/** Lines in which a script waits for cloud-init: of its whole text, and of its code alone. */
function ownWait(text: string): { readonly run: number | undefined; readonly code: number | undefined } {
  const line = (source: string) => {
    const found = /cloud-init['\s]{1,9}status\b[^\n;&|]{0,99}(?:--wait|-w\b)/.exec(source);
    return found ? lineOf(source, found.index) : undefined;
  };
  const run = line(text);
  // The text contains everything that the code contains.
  return { run, code: run === undefined ? undefined : line(shellCode(text, { keepDoubleQuoted: true })) };
}

function* waitsForItself(
  script: Script,
  isRun: boolean,
  line: number,
  runcmd: Script | undefined,
): Generator<Finding> {
  const place = script.place(line);
  const hint = 'Leave it out.';
  if (isRun) {
    const message = 'cloud-init waits here for its own end, which never comes.';
    yield error('cloud-init-wait', place, message, { hint });
  } else if (runcmd?.text.includes(script.name)) {
    const message =
      'runcmd names this script; run from there, cloud-init waits for its own end, which never comes.';
    yield warning('cloud-init-wait', place, message, { hint });
  }
}

/** Here-documents whose last line is indented or has blanks behind it: the rest of the script becomes their text. */
function endlessDocuments(text: string): { readonly line: number; readonly word: string }[] {
  const open: { readonly line: number; readonly word: string }[] = [];
  let words: ReadonlyMap<string, number> | undefined;
  shellCode(text, {
    onOpenDocument: (start, word) => {
      if (open.length > 0 || word === '') return;
      // The last line with each word alone.
      words ??= new Map([...text.matchAll(/^.*$/gm)].map(({ 0: line, index }) => [line.trim(), index]));
      if ((words.get(word) ?? -1) > start) open.push({ line: lineOf(text, start), word });
    },
  });
  return open;
}

function endlessDocument(script: Script, line: number, word: string): Finding {
  const message = 'The here-document that begins here does not end: its last line must be the word alone.';
  return error('shell-syntax', script.place(line), message, {
    hint: `Write ${word} at the start of a line, without blanks around it.`,
  });
}

interface BashOnly {
  readonly name: string;
  readonly line: number;
}

function bashOnly(script: string): BashOnly[] {
  const code = shellCode(script);
  const expansions = shellCode(script, { keepDoubleQuoted: true });
  return BASH_ONLY.flatMap(({ name, pattern, inQuotes }) => {
    const text = inQuotes ? expansions : code;
    const found = pattern.exec(text);
    return found ? [{ name, line: lineOf(text, found.index + found[0].search(/\S/)) }] : [];
  });
}

function bashism(script: Script, { name, line }: BashOnly): Finding {
  const isRun = script.name === 'runcmd' || script.name === 'bootcmd';
  const which = isRun ? `${script.name} is run by` : 'The script is for';
  const message = `${which} sh (dash on Debian and Ubuntu), which has no ${name}.`;
  const hint = 'Put it into a script that begins with #!/bin/bash.';
  return warning('bashism', script.place(line), message, { hint });
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
