/** The file of QEMU's image: checked before a machine starts. */
import { lstat, open, rm } from 'node:fs/promises';
import type { Code } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { errnoReason } from '../diagnostics/errno';
import { quoteValue } from '../diagnostics/quote';

/** Files next to the image until it gets its name: the image itself, and its unpacked copy for the audit. */
export function unfinished(output: string): { readonly part: string; readonly raw: string } {
  return { part: `${output}.partial`, raw: `${output}.partial.raw` };
}

/** @returns why no image can be written there; undefined when it can */
export async function outputProblem(output: string): Promise<Diagnostic | undefined> {
  const wrong = (code: Code, message: string, expected: string): Diagnostic => ({
    severity: 'error',
    ...{ code, path: 'output', message, given: quoteValue(output), expected },
  });
  const found = await lstat(output).catch(() => undefined);
  if (found) return wrong('taken', 'is there already', 'a new file: remove this one first, or name another');
  const { part } = unfinished(output);
  try {
    // The bake overwrites a file that a killed bake has left.
    await (await open(part, 'a')).close();
    await rm(part);
    return undefined;
  } catch (cause) {
    return wrong('not-writable', `cannot be written: ${errnoReason(cause)}`, 'a file in a folder of yours');
  }
}
