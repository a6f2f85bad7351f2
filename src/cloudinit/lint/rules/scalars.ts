/** Text that YAML joins or reads otherwise than it looks: dashes one column too deep, folded scripts, surrogates. */

import type { UserDataDocument } from '../../read/user-data';
import { type ScalarNode, walk } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';

export function* scalarRules({ root, source }: UserDataDocument): Generator<Finding> {
  if (!root) return;
  for (const { node, isKey } of walk(root)) {
    if (node.kind !== 'scalar' || isKey) continue;
    const written = source.text.slice(node.start, node.end);
    if (node.style === 'plain') yield* joined(node, written);
    if (node.style === 'folded') yield* folded(node, source.text);
    if (node.surrogate !== undefined) yield surrogate(node, node.surrogate);
  }
}

/** `- git` and below it ` - curl` is one text, `git - curl`. */
function* joined(node: ScalarNode, written: string): Generator<Finding> {
  const dash = /\n[ \t]*-[ \t]/.exec(written);
  if (!dash || !/\]$/.test(node.path)) return;
  const start = node.start + dash.index + dash[0].indexOf('-');
  const message =
    'This dash is deeper than the one above it, so both lines are one item, with the dash in its text.';
  yield error('item-joined', { path: node.path, start }, message, {
    hint: 'Put the dash in the same column as the one above it.',
  });
}

/** A line begins with a command. */
const COMMAND =
  /^(?:sudo |if |for |while |echo |cd |apt(?:-get)? |systemctl |cp |mv |mkdir |curl |wget |export |docker |chmod |chown |sed |cat |rm |tar |git |ln |set |touch |ufw |snap |useradd |usermod |sleep |\w+=\S*$)/;
/** The line goes on in the next one. */
const GOES_ON = /(?:\\|&&|\|\|?|;|\b(?:then|do|else|sudo)|[{(,])$/;

function* folded(node: ScalarNode, text: string): Generator<Finding> {
  const lines = text.slice(text.indexOf('\n', node.start) + 1, node.end).split('\n');
  const full = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (full.length < 2) return;
  const hint = `Write ${'|'} instead of >.`;
  const isContent = /^write_files\[\d+\]\.content$/.test(node.path);
  if (/^#!/.test(node.text)) {
    const message = 'The > joins the lines of this script into one: its first line takes all commands.';
    yield error('folded-lines', node, message, { hint });
  } else if (/^(?:run|boot)cmd\[\d+\]$/.test(node.path) && runsTogether(full)) {
    const message = 'The > joins these commands into one line, without a ; between them.';
    yield error('folded-lines', node, message, { hint });
  } else if (isContent && /\S\n?.* .*/.test(node.text) && joins(lines)) {
    yield warning('folded-lines', node, 'The > joins the lines of this file into one.', { hint });
  }
}

function runsTogether(lines: readonly string[]): boolean {
  return lines.some((line, index) => {
    const before = lines[index - 1];
    return before !== undefined && COMMAND.test(`${line} `) && !GOES_ON.test(before);
  });
}

/** Two full lines of the first line's depth in a row, of which YAML makes one. */
function joins(lines: readonly string[]): boolean {
  const depth = (line: string | undefined) => line?.search(/\S/) ?? -1;
  const first = depth(lines.find((line) => line.trim() !== ''));
  return lines.some((line, index) => depth(line) === first && depth(lines[index + 1]) === first);
}

/** JSON writes an emoji as two escapes; PyYAML makes two characters of them, which no file can hold. */
function surrogate(node: ScalarNode, start: number): Finding {
  const effect = node.path.startsWith('write_files')
    ? 'neither this file nor a later one is written'
    : 'the module that writes it fails';
  const message = `cloud-init's YAML reader does not join the halves of this character; ${effect}.`;
  return error('yaml-surrogate', { path: node.path, start }, message, {
    hint: 'Write the character itself, or \\U and eight digits.',
  });
}
