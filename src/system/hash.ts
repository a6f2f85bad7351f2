import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { throwIfStopped } from './wait';

/** SHA-256 of a file's content in hexadecimal digits. @throws Stopped when the signal is aborted */
export async function fileSha256(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    throwIfStopped(signal);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
