import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Code } from '../diagnostics/codes';
import { errnoReason } from '../diagnostics/errno';

/** More than any provider accepts, even expanded; a document of this size is a mistake. */
const MAX_INPUT = 16 * 1024 * 1024;

/** Options and keys are some thousand characters; an endless device must not fill the memory. */
const MAX_TEXT = 1024 * 1024;

/** Code of an error that is a mistake in the request: exit code 2. */
export const USAGE = 'ERR_USAGE';

/** The request cannot be met as it stands: a mistake in the request (exit code 2). */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code = USAGE;

  /** @param rule the code that `explain` knows */
  constructor(
    readonly rule: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Reads the document that a verb works on.
 * @param file path; `-` or nothing is standard input
 * @throws InputError when it cannot be read, is empty or is larger than 16 MiB
 */
export async function readGiven(file: string | undefined): Promise<Uint8Array> {
  const name = inputName(file);
  const isStdin = file === undefined || file === '-';
  if (isStdin && process.stdin.isTTY)
    process.stderr.write('reading the document from standard input; Ctrl-D ends it\n');
  let bytes: Uint8Array;
  try {
    bytes = isStdin ? await collect(process.stdin, name) : await readFileBounded(file);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError('unreadable-file', `${name} cannot be read: ${errnoReason(cause)}`, { cause });
  }
  if (bytes.length === 0) throw new InputError('unreadable-file', `${name} is empty`);
  return bytes;
}

/** The name of the input in messages. */
export function inputName(file: string | undefined): string {
  return file === undefined || file === '-' ? 'standard input' : file;
}

async function readFileBounded(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    return await collect(handle.createReadStream({ autoClose: false }), file);
  } finally {
    await handle.close();
  }
}

async function collect(stream: AsyncIterable<Buffer>, name: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > MAX_INPUT)
      throw new InputError('unreadable-file', `${name} is larger than ${MAX_INPUT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads a text that an option names: the file of --config, a key.
 * @param path `-` is standard input
 * @throws Error when it cannot be read, is larger than 1 MiB or is not UTF-8
 */
export function readText(path: string): string {
  const file = path === '-' ? process.stdin.fd : openSync(path, 'r');
  try {
    const bytes = new Uint8Array(MAX_TEXT + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    if (length > MAX_TEXT) throw new Error(`it is larger than ${MAX_TEXT} bytes`);
    return decoded(bytes.subarray(0, length));
  } finally {
    if (path !== '-') closeSync(file);
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not UTF-8 text', { cause });
  }
}
