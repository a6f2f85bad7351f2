/** Which files of a document go where below a directory: pure, so that every hostile path can be tried without one. */
import { readDocument } from './document';
import { DEFAULT_MODE, type LandedFile } from './files';

export interface PlannedFile {
  /** Path on the server. */
  readonly path: string;
  /** The same as names below the directory; none of them is empty, `.`, `..` or has a separator in it. */
  readonly parts: readonly string[];
  readonly bytes: Uint8Array;
  /** Permission bits; the set-user-id, set-group-id and sticky bits are never set. */
  readonly mode: number;
  /** As asked for; told and not set. */
  readonly owner: string;
}

export interface RefusedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ExtractPlan {
  readonly files: readonly PlannedFile[];
  readonly refused: readonly RefusedFile[];
  /** Why there is no plan at all. */
  readonly problem?: string;
}

/** Names that Windows keeps for devices, with or without an extension. */
const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/i;
const WINDOWS_REFUSED = /[<>:"\\|?*\p{Cc}]|[. ]$/u;

/**
 * Follows the entries in cloud-init's order: a path written again replaces the first, `append` adds to it.
 * @param windows whether the names must be usable there
 */
export function planExtract(given: Uint8Array, windows: boolean): ExtractPlan {
  const { input, yaml, files } = readDocument(given);
  const problem = input.problem ?? yaml?.problem;
  if (problem) return { files: [], refused: [], problem: problem.message };
  if (!yaml) return { files: [], refused: [], problem: `it is no cloud-config (${input.kind}).` };
  const planned = new Map<string, PlannedFile>();
  /** Each directory with a file that needs it. */
  const directories = new Map<string, string>();
  const refused: RefusedFile[] = [];
  for (const file of files) {
    const reason = whyNot(file, windows) ?? collision(file.target, planned, directories);
    if (reason !== undefined || !file.decoded.bytes) {
      refused.push({ path: file.path, reason: reason ?? 'its content does not decode' });
      continue;
    }
    for (const parent of parents(file.target)) directories.set(parent, file.target);
    const before = file.isAppended ? planned.get(file.target)?.bytes : undefined;
    planned.set(file.target, {
      path: file.target,
      parts: file.target.slice(1).split('/'),
      bytes: before ? joined(before, file.decoded.bytes) : file.decoded.bytes,
      mode: (file.mode ?? DEFAULT_MODE) & 0o777,
      owner: file.owner,
    });
  }
  return { files: [...planned.values()], refused };
}

function whyNot(file: LandedFile, windows: boolean): string | undefined {
  if (file.path.includes('\0')) return 'its path holds a NUL character';
  if (file.target === '/') return 'its path is the root directory';
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

/** The same name cannot be both a file and a directory. */
function collision(
  target: string,
  planned: ReadonlyMap<string, PlannedFile>,
  directories: ReadonlyMap<string, string>,
): string | undefined {
  const file = parents(target).find((parent) => planned.has(parent));
  if (file !== undefined) return `${file} is a file and cannot be a directory too`;
  const child = directories.get(target);
  return child === undefined ? undefined : `${target} is a directory already, because of ${child}`;
}

/** `/a/b/c` has `/a` and `/a/b`. */
function parents(target: string): string[] {
  const parts = target.split('/').slice(0, -1);
  return parts.slice(1).map((_, index) => parts.slice(0, index + 2).join('/'));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const result = new Uint8Array(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
}
