/** What a document contains, as plain data for `show`. It includes nothing that looks like a secret. */

import type { Source } from '../../diagnostics/source';
import { allFits, type Fit, type Form } from '../../providers';
import { type Problem, whyRefused } from './parse';
import type { Part } from './parts/part';
import { redacted, redactedCommand } from './secrets';
import type { Kind } from './unwrap';
import type { UserDataDocument } from './user-data';
import { DEFAULT_MODE, HALF_CHARACTER, hasSurrogate, type LandedFile } from './written-files';
import { entries, get, items, type Node, text } from './yaml-node';

export interface ShownFile {
  readonly path: string;
  readonly owner: string;
  /** Four octal digits, as cloud-init sets them. */
  readonly mode: string;
  /** Decoded; absent when the content does not decode. */
  readonly bytes?: number;
  readonly encoding: string;
  readonly line: number;
  readonly deferred: boolean;
  readonly appended: boolean;
  /** Address that cloud-init fetches the content from. */
  readonly source?: string;
  readonly problem?: string;
}

export interface ShownPart {
  /** Content type, as cloud-init decides it. */
  readonly type: string;
  readonly name: string;
  readonly line: number;
  readonly problem?: string;
}

export interface Inventory {
  readonly kind: Kind;
  readonly form: Form;
  readonly layers: readonly string[];
  readonly bytes: { readonly given: number; readonly document: number };
  readonly lines: number;
  /** Why there is nothing more to show, in words. */
  readonly problem?: string;
  /** What cloud-init hands to its handlers. */
  readonly parts: readonly ShownPart[];
  readonly keys: readonly string[];
  readonly files: readonly ShownFile[];
  readonly packages: readonly string[];
  readonly aptSources: readonly { readonly name: string; readonly source: string; readonly key: string }[];
  readonly users: readonly string[];
  readonly bootcmd: readonly string[];
  readonly runcmd: readonly string[];
  readonly sizes: readonly Fit[];
}

export function inventory(document: UserDataDocument): Inventory {
  const { input, source, parts, refused } = document;
  // What cloud-init refuses is not there for it.
  const { root, files } = refused ? { root: undefined, files: [] } : document;
  const problem = input.problem?.message ?? refusedWords(refused, source);
  return {
    kind: input.kind,
    form: input.form,
    layers: input.layers,
    bytes: { given: input.given.length, document: input.bytes.length },
    lines: input.text === '' ? 0 : source.at(input.text.trimEnd().length).line,
    ...(problem === undefined ? {} : { problem }),
    parts: parts.map((part) => ({ ...shownPart(part), line: source.at(part.start).line })),
    keys: entries(root).map(({ name }) => name),
    files: files.map((file) => ({ ...shownFile(file), line: source.at(file.node.start).line })),
    packages: items(get(root, 'packages')).flatMap(packageNames),
    aptSources: entries(get(get(root, 'apt'), 'sources')).map(({ name, value }) => aptSource(name, value)),
    users: items(get(root, 'users')).map((user) =>
      user.kind === 'scalar' ? user.text : (text(user, 'name') ?? '?'),
    ),
    bootcmd: items(get(root, 'bootcmd')).map(commands()),
    runcmd: items(get(root, 'runcmd')).map(commands()),
    sizes: allFits(input.form, input.given.length),
  };
}

function refusedWords(refused: Problem | undefined, source: Source): string | undefined {
  if (!refused) return undefined;
  const { line, column } = source.at(refused.start);
  return `cloud-init refuses the document (line ${line}, column ${column}): ${refused.message}.`;
}

function shownPart({ type, name, yaml }: Part): Omit<ShownPart, 'line'> {
  const problem = yaml && whyRefused(yaml);
  return { type, name, ...(problem ? { problem: `refused: ${problem.message}` } : {}) };
}

function shownFile(file: LandedFile): Omit<ShownFile, 'line'> {
  const { decoded, uri } = file;
  const problem = hasSurrogate(file) ? HALF_CHARACTER : decoded.problem;
  return {
    path: file.target,
    owner: file.owner,
    mode: octal(file.mode ?? DEFAULT_MODE),
    ...(decoded.bytes ? { bytes: decoded.bytes.length } : {}),
    encoding: file.encoding,
    deferred: file.isDeferred,
    appended: file.isAppended,
    ...(uri === undefined ? {} : { source: redacted(uri) }),
    ...(problem === undefined ? {} : { problem }),
  };
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** `name`, `[name, version]` or `{snap: [...]}`. */
function packageNames(item: Node): string[] {
  if (item.kind === 'scalar') return [item.text];
  if (item.kind === 'mapping') {
    return entries(item).flatMap(({ name, value }) =>
      items(value)
        .flatMap(packageNames)
        .map((each) => `${each} (${name})`),
    );
  }
  return [item.items.map((word) => (word.kind === 'scalar' ? word.text : '?')).join('=')];
}

function aptSource(name: string, entry: Node): { name: string; source: string; key: string } {
  const key = get(entry, 'key') ? 'in the document' : get(entry, 'keyid') ? 'from a key server' : 'none';
  return { name, source: redacted(text(entry, 'source') ?? ''), key };
}

/** Through aliases one text can be very many commands: it is searched once. */
function commands(): (item: Node) => string {
  const done = new Map<string, string>();
  return (item) => {
    if (item.kind !== 'scalar') return command(item);
    const shown = done.get(item.text) ?? command(item);
    done.set(item.text, shown);
    return shown;
  };
}

/** A command in one line; of a longer text the first line that does something. */
function command(item: Node): string {
  if (item.kind === 'mapping') return '(keys with values, which cloud-init refuses)';
  if (item.kind === 'sequence') {
    return redactedCommand(item.items.map((word) => (word.kind === 'scalar' ? word.text : '?')).join(' '));
  }
  const lines = redactedCommand(item.text).trim().split('\n');
  const first = lines.find((line) => !/^\s*(?:#|$)/.test(line)) ?? lines[0] ?? '';
  return lines.length > 1 ? `${first.trim()} ... (${lines.length} lines)` : first;
}
