/** Writes the product: to a file, or to standard output. */
import {
  accessSync,
  chmodSync,
  constants,
  fstatSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoReason } from '../diagnostics/errno';
import { quoteValue } from '../diagnostics/quote';
import { InputError } from './input';

/**
 * Writes the whole file or nothing. It follows a link. It writes to a device or a pipe directly, because a file in its
 * place would destroy it. A file that has these bytes already stays untouched.
 * @param mode permission bits of a new file; an existing one keeps its own, less what `mode` does not allow
 * @throws InputError when the path is a directory; Error with the path and the reason when it cannot be written
 */
export function writeOutput(path: string, bytes: Uint8Array, mode: number): void {
  try {
    writeWhole(path, bytes, mode);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new Error(`${quoteValue(path)} cannot be written: ${errnoReason(cause)}`, { cause });
  }
}

function writeWhole(path: string, bytes: Uint8Array, mode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory())
    throw new InputError(
      'unusable-output',
      `${quoteValue(path)} is a directory; --output takes the name of a file`,
    );
  if (found && !found.isFile()) {
    writeFileSync(path, bytes);
    return;
  }
  if (found && found.size === bytes.length && (found.mode & 0o777 & ~mode) === 0) {
    // A file that can be written but not read is replaced.
    const old = canRead(path) ? readFileSync(path) : undefined;
    if (old?.equals(bytes)) return;
  }
  const target = found ? realpathSync(path) : linkTarget(path);
  const beside = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, bytes, { mode, flag: 'wx' });
    if (found) chmodSync(beside, found.mode & mode);
    renameSync(beside, target);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw cause;
  }
}

/** Where a link points that leads to nothing yet; any other path as it is. */
function linkTarget(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
  return isLink ? resolve(dirname(path), readlinkSync(path)) : path;
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes to standard output and returns when everything has been written. It writes to a file piece by piece: a disk that
 * fills up accepts the first piece only, and the system reports no error before the next one.
 * @throws Error with the reason (a full disk); not when the reader has gone away, which ends the writing
 */
export async function printOut(product: string | Uint8Array): Promise<void> {
  try {
    await writeAll(product);
  } catch (cause) {
    throw new Error(`standard output cannot be written: ${errnoReason(cause)}`, { cause });
  }
}

async function writeAll(product: string | Uint8Array): Promise<void> {
  if (fstatSync(process.stdout.fd).isFile()) {
    const bytes = Buffer.from(product);
    for (let written = 0; written < bytes.length; ) written += writeSync(process.stdout.fd, bytes, written);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(product, (error: NodeJS.ErrnoException | null | undefined) => {
      if (error && error.code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}
