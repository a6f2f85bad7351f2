import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, realpath, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type PlannedFile, planExtract, type RefusedFile } from '../cloudinit/read/extract-plan';
import { octal } from '../cloudinit/read/inventory';
import { errnoReason } from '../diagnostics/errno';
import { printable } from '../diagnostics/printable';
import { InputError, readGiven } from '../system/input';
import { defineCommand } from './command';
import { DOCUMENT_WORD, JSON_FLAG } from './common-flags';

export const extractCommand = defineCommand({
  words: {
    file: { ...DOCUMENT_WORD.file, help: 'the document; - is standard input', required: true },
    dir: { type: 'string', help: 'a new or empty directory', required: true },
  },
  flags: {
    ...JSON_FLAG,
    quiet: { type: 'boolean', help: 'list only the files that were not written' },
    force: {
      type: 'boolean',
      help: 'write into a directory that is not empty; files of the same name are replaced',
    },
  },
  examples: [['$0 extract user-data.yaml files', '']],
  async run({ flags: { file, dir = '', force, quiet } }) {
    const data = await extract(await readGiven(file), dir, { force });
    const status = data.refused.length > 0 ? 'failed' : 'ok';
    return { status, product: { data, text: extractReport(data, quiet) } };
  },
});

export interface ExtractOptions {
  /** Write into a directory that is not empty; files of the same name are replaced. */
  readonly force?: boolean;
}

export interface Extracted {
  /** Absolute, without links. */
  readonly directory: string;
  readonly written: readonly WrittenFile[];
  readonly refused: readonly RefusedFile[];
}

export interface WrittenFile {
  /** Path on the server, and the same below the directory. */
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  readonly mode: string;
  /** As the document requests; the user who runs the command owns the file. */
  readonly owner: string;
}

/**
 * Writes the files of a document below a directory, decoded and with their permissions, never outside it.
 * It follows no links: it refuses and reports each file whose path is blocked.
 * @throws InputError when the document holds no readable YAML, or the directory cannot be used
 */
export async function extract(
  given: Uint8Array,
  directory: string,
  { force = false }: ExtractOptions = {},
): Promise<Extracted> {
  const { files, refused, problem } = planExtract(given, process.platform === 'win32');
  if (problem !== undefined)
    throw new InputError('unreadable-file', `the document cannot be read: ${problem}`);
  const root = await usableDirectory(directory, force);
  const written: WrittenFile[] = [];
  const stopped: RefusedFile[] = [];
  for (const planned of files) {
    try {
      written.push(await write(root, planned));
    } catch (cause) {
      const reason = cause instanceof InTheWay ? cause.message : `it cannot be written: ${codeOf(cause)}`;
      stopped.push({ path: planned.path, reason });
    }
  }
  return { directory: root, written, refused: [...refused, ...stopped] };
}

/** Something exists where a file or directory has to be. */
class InTheWay extends Error {}

async function usableDirectory(directory: string, force: boolean): Promise<string> {
  if (directory === '')
    throw new InputError('missing-argument', 'the directory is missing: gen-cloudinit extract FILE DIR');
  try {
    await makeDirectories(directory);
    const root = await realpath(directory);
    if (!force && (await readdir(root)).length > 0) {
      throw new InputError('unusable-output', `${directory} is not empty; --force writes into it anyway`);
    }
    return root;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError('unusable-output', `${directory} cannot be used: ${errnoReason(cause)}`, { cause });
  }
}

/** Makes a directory and those above it. Not by Node's own recursive mkdir, which never returns in /proc. */
async function makeDirectories(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (found) throw Object.assign(new Error(`${directory} is not a directory`), { code: 'ENOTDIR' });
  const parent = dirname(directory);
  if (parent !== directory) await makeDirectories(parent);
  await mkdir(directory, { mode: 0o755 });
}

async function write(root: string, { path, parts, bytes, mode, owner }: PlannedFile): Promise<WrittenFile> {
  let parent = root;
  for (const part of parts.slice(0, -1)) {
    parent = join(parent, part);
    await realDirectory(parent);
  }
  const file = join(parent, parts.at(-1)!);
  await makeRoom(file);
  // O_EXCL creates a new file or fails: it follows no link and opens no device, even one created meanwhile.
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.chmod(mode);
  } catch (cause) {
    await unlink(file);
    throw cause;
  } finally {
    await handle.close();
  }
  return { path, file, bytes: bytes.length, mode: octal(mode), owner };
}

/** Creates the directory if it is missing. It refuses a link to one, which may lead outside. */
async function realDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
    await chmod(path, 0o755);
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause;
    const found = await lstat(path);
    if (!found.isDirectory()) throw new InTheWay(`${path} exists and is not a directory`);
  }
}

/** Removes a regular file of the same name; anything else stays and blocks the path. */
async function makeRoom(file: string): Promise<void> {
  const found = await lstat(file).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  });
  if (!found) return;
  if (!found.isFile()) throw new InTheWay(`${file} exists and is not a regular file`);
  await unlink(file);
}

function codeOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : String(cause);
}

/** What was written and what was not, for a person. A refused file means exit code 1. */
export function extractReport({ directory, written, refused }: Extracted, isQuiet = false): string {
  const rows = written.map(({ mode, owner, bytes, file }) => `  ${mode}  ${owner}  ${bytes}  ${file}`);
  const notes = refused.map(({ path, reason }) => `  not written: ${path}: ${reason}`);
  const total = `${written.length} file${written.length === 1 ? '' : 's'} below ${directory}; owners are listed, not set`;
  return (isQuiet ? notes : [total, ...rows, ...notes]).map(printable).join('\n');
}
