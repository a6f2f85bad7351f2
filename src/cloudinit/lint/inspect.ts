/** What a document holds, as plain data for `show`. Nothing that looks like a secret is in it. */

import { APT_KEY, SCRIPT } from '../../server/files';
import type { RungName } from '../ladder';
import { readDocument } from './document';
import type { LandedFile } from './files';
import { DEFAULT_MODE } from './files';
import type { Kind } from './input';
import { entries, get, items, type Node, text } from './node';
import { allFits, type Fit } from './rules/size';
import { redacted } from './visible';

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
  /** Address that the content is fetched from. */
  readonly source?: string;
  readonly problem?: string;
}

export interface Shown {
  readonly kind: Kind;
  readonly form: 'yaml' | 'gzip' | 'base64';
  readonly layers: readonly string[];
  /** Which form of ours it is; absent for a document of anybody else's. */
  readonly rung?: RungName;
  readonly bytes: { readonly given: number; readonly document: number };
  readonly lines: number;
  /** Why there is nothing more to show, in words. */
  readonly problem?: string;
  readonly keys: readonly string[];
  readonly files: readonly ShownFile[];
  readonly packages: readonly string[];
  readonly aptSources: readonly { readonly name: string; readonly source: string; readonly key: string }[];
  readonly users: readonly string[];
  readonly bootcmd: readonly string[];
  readonly runcmd: readonly string[];
  readonly sizes: readonly Fit[];
}

/** @param given the bytes of the document, in any of the forms that a provider takes */
export function inspect(given: Uint8Array): Shown {
  const { input, source, yaml, root, files } = readDocument(given);
  const problem = input.problem?.message ?? syntaxProblem(yaml?.problem, source);
  return {
    kind: input.kind,
    form: input.form,
    layers: input.layers,
    ...ofRung(input.form, files),
    bytes: { given: input.given.length, document: input.bytes.length },
    lines: input.text === '' ? 0 : source.at(input.text.trimEnd().length).line,
    ...(problem === undefined ? {} : { problem }),
    keys: entries(root).map(({ name }) => name),
    files: files.map((file) => ({ ...shownFile(file), line: source.at(file.node.start).line })),
    packages: items(get(root, 'packages')).flatMap(packageNames),
    aptSources: entries(get(get(root, 'apt'), 'sources')).map(({ name, value }) => aptSource(name, value)),
    users: items(get(root, 'users')).map((user) =>
      user.kind === 'scalar' ? user.text : (text(user, 'name') ?? '?'),
    ),
    bootcmd: items(get(root, 'bootcmd')).map(command),
    runcmd: items(get(root, 'runcmd')).map(command),
    sizes: allFits(input),
  };
}

/** The rung of a document that gen-cloudinit made. */
function ofRung(form: Shown['form'], files: readonly LandedFile[]): Pick<Shown, 'rung'> {
  const at = (path: string) => files.find(({ target }) => target === path);
  if (!at('/etc/gen-cloudinit.env')) return {};
  const script = at(SCRIPT);
  if (!script) return { rung: at(APT_KEY) ? 'script-fetched' : 'both-fetched' };
  if (form === 'yaml') return { rung: script.encoding === 'text/plain' ? 'plain' : 'packed' };
  if (at(APT_KEY)) return { rung: 'gzip' };
  const text = new TextDecoder().decode(script.decoded.bytes);
  return { rung: /^(?:cmd_)?doctor\(\)/m.test(text) ? 'key-fetched' : 'core' };
}

function syntaxProblem(
  problem: { message: string; start: number } | undefined,
  source: { at(offset: number): { line: number; column: number } },
): string | undefined {
  if (!problem) return undefined;
  const { line, column } = source.at(problem.start);
  return `The YAML cannot be read (line ${line}, column ${column}): ${problem.message}.`;
}

function shownFile(file: LandedFile): Omit<ShownFile, 'line'> {
  const { decoded, uri } = file;
  return {
    path: file.target,
    owner: file.owner,
    mode: octal(file.mode ?? DEFAULT_MODE),
    ...(decoded.bytes ? { bytes: decoded.bytes.length } : {}),
    encoding: file.encoding,
    deferred: file.isDeferred,
    appended: file.isAppended,
    ...(uri === undefined ? {} : { source: redacted(uri) }),
    ...(decoded.problem === undefined ? {} : { problem: decoded.problem }),
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

/** A command in one line; of a longer text the first line that does something. */
function command(item: Node): string {
  if (item.kind === 'mapping') return '(keys with values, which cloud-init refuses)';
  if (item.kind === 'sequence') {
    return redacted(item.items.map((word) => (word.kind === 'scalar' ? word.text : '?')).join(' '));
  }
  const lines = redacted(item.text).trim().split('\n');
  const first = lines.find((line) => !/^\s*(?:#|$)/.test(line)) ?? lines[0] ?? '';
  return lines.length > 1 ? `${first.trim()} ... (${lines.length} lines)` : first;
}
