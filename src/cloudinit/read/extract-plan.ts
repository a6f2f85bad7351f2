/** Which files of a document go where below a directory: pure, so that tests can try every hostile path without one. */

import { whyRefused } from './parse';
import { PathTree } from './path-tree';
import { readUserData, type UserDataDocument } from './user-data';
import { DEFAULT_MODE, HALF_CHARACTER, hasSurrogate, type LandedFile } from './written-files';

export interface PlannedFile {
  /** Path on the server. */
  readonly path: string;
  /** The same as names below the directory; none of them is empty, `.`, `..` or contains a separator. */
  readonly parts: readonly string[];
  readonly bytes: Uint8Array;
  /** Permission bits; the set-user-id, set-group-id and sticky bits are never set. */
  readonly mode: number;
  /** Special bits that the document requests: reported and not set. */
  readonly owner: string;
}

export interface RefusedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ExtractPlan {
  readonly files: readonly PlannedFile[];
  readonly refused: readonly RefusedFile[];
  /** Why no plan is possible. */
  readonly problem?: string;
}

/** Names that Windows reserves for devices, with or without an extension. */
const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/i;
/** Linux accepts no longer path, its terminator included (limits.h), so cloud-init could not write it either. */
const PATH_MAX = 4096;
const WINDOWS_REFUSED = /[<>:"\\|?*\p{Cc}]|[. ]$/u;

/**
 * Follows the entries in cloud-init's order: a path written again replaces the first, `append` adds to it.
 * @param windows whether the names must be valid there
 */
export function planExtract(given: Uint8Array, windows: boolean): ExtractPlan {
  const document = readUserData(given);
  const { files } = document;
  const problem = noPlan(document);
  if (problem !== undefined) return { files: [], refused: [], problem };
  const planned = new Map<string, Planned>();
  const places = new PathTree<Taken>();
  const refused: RefusedFile[] = refusedParts(document);
  const loss = new Loss();
  for (const file of files) {
    const reason = loss.reason(file) ?? whyNot(file, windows) ?? collision(file.target, places);
    if (reason !== undefined || !file.decoded.bytes) {
      refused.push({ path: file.path, reason: reason ?? 'its content does not decode' });
      continue;
    }
    take(file.target, places);
    const before = file.isAppended ? planned.get(file.target)?.pieces : undefined;
    const next = {
      path: file.target,
      parts: file.target.slice(1).split('/'),
      pieces: before ?? [],
      mode: (file.mode ?? DEFAULT_MODE) & 0o777,
      owner: file.owner,
    };
    // All pieces are joined once, at the end: each may be small and the file large.
    next.pieces.push(file.decoded.bytes);
    planned.set(file.target, next);
  }
  return {
    files: [...planned.values()].map(({ pieces, ...file }) => ({ ...file, bytes: joined(pieces) })),
    refused,
  };
}

/** Why nothing can be extracted: what `check` reports as refused is not there for cloud-init. */
function noPlan({ input, source, refused, root, parts }: UserDataDocument): string | undefined {
  if (input.problem) return input.problem.message;
  if (parts.length === 1 && parts[0]?.isRendered && input.kind === 'jinja')
    return `it is not a cloud-config (${input.kind}).`;
  if (refused) {
    const { line, column } = source.at(refused.start);
    return `cloud-init refuses it (line ${line}, column ${column}): ${refused.message}.`;
  }
  return root ? undefined : `it is not a cloud-config (${input.kind}).`;
}

function refusedParts({ parts }: UserDataDocument): RefusedFile[] {
  return parts.flatMap(({ name, yaml }) => {
    const problem = yaml && whyRefused(yaml);
    return problem ? [{ path: name, reason: `cloud-init refuses this part: ${problem.message}` }] : [];
  });
}

/** write_files stops at the first error; deferred files are written in a run of their own. */
class Loss {
  private readonly stops = new Map<boolean, string>();

  reason(file: LandedFile): string | undefined {
    const before = this.stops.get(file.isDeferred);
    if (before !== undefined) return `cloud-init stops at ${before} and writes no later file`;
    const { bytes, isTooLarge } = file.decoded;
    const isBroken = !bytes && !isTooLarge && file.content !== undefined && file.uri === undefined;
    if (isBroken || hasSurrogate(file)) this.stops.set(file.isDeferred, file.path);
    return hasSurrogate(file) ? HALF_CHARACTER : undefined;
  }
}

function whyNot(file: LandedFile, windows: boolean): string | undefined {
  if (file.path.includes('\0')) return 'its path holds a NUL character';
  if (file.target === '/') return 'its path is the root directory';
  if (file.target.length >= PATH_MAX) return 'its path is too long';
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(file.path)) {
    return 'its path is not text that can be encoded';
  }
  const parts = file.target.slice(1).split('/');
  if (parts.some((part) => new TextEncoder().encode(part).length > 255))
    return 'a name in its path is too long';
  if (windows && parts.some((part) => WINDOWS_DEVICES.test(part) || WINDOWS_REFUSED.test(part))) {
    return 'its path cannot be written on this system';
  }
  if (file.uri !== undefined && file.content === undefined)
    return `its content is fetched on the server from ${file.uri}`;
  if (file.decoded.problem) return `its content does not decode: ${file.decoded.problem}`;
  return undefined;
}

/** What a name stands for; `path` is that of a file. */
interface Taken {
  readonly kind: 'file' | 'directory';
  readonly path: string;
}

/** The same name cannot be both a file and a directory. */
function collision(target: string, places: PathTree<Taken>): string | undefined {
  const depth = target.split('/').length - 1;
  let at = 0;
  for (const { value } of places.along(target)) {
    at++;
    if (value?.kind === 'file' && at < depth) return `${value.path} is a file and cannot be a directory too`;
    if (value?.kind === 'directory' && at === depth)
      return `${target} is a directory already, because of ${value.path}`;
  }
  return undefined;
}

function take(target: string, places: PathTree<Taken>): void {
  let last = places;
  for (const node of places.growAlong(target)) {
    node.value = { kind: 'directory', path: target };
    last = node;
  }
  last.value = { kind: 'file', path: target };
}

type Planned = Omit<PlannedFile, 'bytes'> & { readonly pieces: Uint8Array[] };

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
