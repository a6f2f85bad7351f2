/** The shell scripts of a document: user data itself, files that are scripts, and cloud-init's script of runcmd. */

import type { Place, Source } from '../../diagnostics/source';
import type { LandedFile } from './written-files';
import { get, items, type Node, type ScalarNode } from './yaml-node';

export type Shell = 'sh' | 'bash';

export interface Script {
  /** `runcmd`, or the path of the file. */
  readonly name: string;
  readonly shell: Shell;
  readonly text: string;
  /** Where a line of the script (counted from 1) is in the document. */
  readonly place: (line: number) => Place;
  /** Lines at which the commands of runcmd or bootcmd start. */
  readonly starts?: readonly number[];
  /** The first command that does not fit into the text. */
  readonly omitted?: Node;
}

/** Length of all commands above which a repeated one is omitted: no document in use comes close. */
const REPEATS = 1 << 20;
/** The shell writes a quote inside quotes as four characters, so a document without aliases always fits. */
const QUOTED = 4;

/** The shell of a script by its first line; undefined when the script is for neither sh nor bash. */
export function shellOf(script: string, path = ''): Shell | undefined {
  const shebang = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(script);
  if (!shebang) return /\.sh$/.test(path) ? 'sh' : undefined;
  const program = /(?:^|\/)env$/.test(shebang[1]!) ? shebang[2] : shebang[1];
  const name = program?.split('/').pop();
  if (name === 'bash') return 'bash';
  return name === 'sh' || name === 'dash' || name === 'ash' ? 'sh' : undefined;
}

/** Place of a line of a scalar's text: exact in a literal (`|`), else the start of the scalar. */
export function linePlace(source: Source, scalar: ScalarNode, line: number, column = 1): Place {
  if (!scalar.block) return scalar;
  const { lineAt } = scalar.block;
  if (lineAt) return { path: scalar.path, start: lineAt(line) + column - 1 };
  const first = source.at(scalar.block.start).line;
  return { path: scalar.path, start: source.lineStart(first + line - 1) + scalar.block.indent + column - 1 };
}

export function fileScripts(files: readonly LandedFile[], source: Source): Script[] {
  const scripts: Script[] = [];
  for (const { text, path, content, encoding } of files) {
    const shell = text === undefined ? undefined : shellOf(text, path);
    if (!shell || !content || text === undefined) continue;
    const isPlain = encoding === 'text/plain';
    scripts.push({
      name: path,
      shell,
      text,
      place: (line) => (isPlain ? linePlace(source, content, line) : content),
    });
  }
  return scripts;
}

/**
 * The script that cloud-init's util.shellify makes of runcmd or bootcmd: text as it is, lists with every word
 * in single quotes. Undefined when the key is absent. Aliases can repeat a long text without end, so the script is
 * limited to a small multiple of the document: it omits repeated commands first, then those that do not fit (`omitted`).
 */
export function commandScript(
  root: Node | undefined,
  key: 'runcmd' | 'bootcmd',
  source: Source,
): Script | undefined {
  const list = get(root, key);
  const commands = items(list);
  if (!list || commands.length === 0) return undefined;
  const lines = ['#!/bin/sh'];
  const origins: { readonly line: number; readonly node: Node }[] = [];
  const seen = new Set<string>();
  let size = 0;
  let omitted: Node | undefined;
  for (const node of commands) {
    const command = commandText(node);
    if (command === undefined) continue;
    // Already checked.
    if (size > REPEATS && seen.has(command)) continue;
    if (size + command.length > REPEATS + QUOTED * source.text.length) {
      omitted ??= node;
      continue;
    }
    size += command.length;
    seen.add(command);
    origins.push({ line: lines.length + 1, node });
    for (const line of command.split('\n')) lines.push(line);
  }
  const place = (line: number): Place => {
    const origin = lastUpTo(line, origins);
    if (!origin) return list;
    return origin.node.kind === 'scalar'
      ? linePlace(source, origin.node, line - origin.line + 1)
      : origin.node;
  };
  const text = `${lines.join('\n')}\n`;
  const starts = origins.map(({ line }) => line);
  return { name: key, shell: 'sh', text, place, starts, ...(omitted ? { omitted } : {}) };
}

/** A binary search: there may be as many findings as lines. */
function lastUpTo<At extends { readonly line: number }>(line: number, sorted: readonly At[]): At | undefined {
  let [first, end] = [0, sorted.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (sorted[middle]!.line <= line) first = middle + 1;
    else end = middle;
  }
  return sorted[first - 1];
}

function commandText(node: Node): string | undefined {
  if (node.kind === 'scalar') return node.type === 'str' ? node.text : undefined;
  if (node.kind === 'mapping') return undefined;
  return node.items
    .map((word) => `'${word.kind === 'scalar' ? word.text.replaceAll("'", "'\\''") : ''}'`)
    .join(' ');
}
