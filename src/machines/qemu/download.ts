/** Downloads that are whole and right, or not there: resumed where they stopped, checked, then named. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaunchEvents } from '../machine';
import { ProxyError, proxyIsSet } from '../proxy';
import { orStop, pause } from '../waiting';
import { isRunning } from './folders';
import { Progress } from './progress';

export interface Wanted {
  readonly url: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly folder: string;
  /** Name that the file gets in the folder when it is whole. */
  readonly name: string;
}

/** A server that sends nothing for so long, in milliseconds, has forgotten us. */
const SILENCE = 60_000;
const ATTEMPTS = 4;

/** A request that fails when it is interrupted, or when nothing comes for a minute. */
class Patience {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private readonly interrupt = () => this.controller.abort(this.outer.reason);

  constructor(private readonly outer: AbortSignal) {
    outer.addEventListener('abort', this.interrupt, { once: true });
    this.again();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Something came. */
  again(): void {
    clearTimeout(this.timer);
    const give = () => this.controller.abort(new Error(`nothing came for ${SILENCE / 1000} seconds`));
    this.timer = setTimeout(give, SILENCE);
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.interrupt);
  }
}

/** GET, through a proxy where the environment names one. */
async function get(
  url: string,
  asked: { headers?: Record<string, string>; signal: AbortSignal },
): Promise<Response> {
  if (!proxyIsSet()) return fetch(url, asked);
  const { proxiedFetch } = await import('./proxied-fetch');
  return proxiedFetch(url, asked);
}

/** An answer that will be the same when it is asked for again. */
class Refused extends Error {}

/** A small file. @throws Error with the URL and what went wrong */
export async function fetchBytes(url: string, signal: AbortSignal): Promise<Uint8Array> {
  orStop(signal);
  const patience = new Patience(signal);
  try {
    const answer = await get(url, { signal: patience.signal });
    if (!answer.ok) throw new Refused(`${answer.status} ${answer.statusText}`);
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    orStop(signal);
    throw new Error(`${url}: ${reason(error)}`, { cause: error });
  } finally {
    patience.end();
  }
}

/**
 * Downloads a file; an earlier attempt's beginning is used, also one of a process that was killed.
 * @throws Error when the server refuses, breaks off again and again, or the sum is wrong (then nothing is kept)
 */
export async function download(wanted: Wanted, events: LaunchEvents, signal: AbortSignal): Promise<void> {
  const { url, folder, name, sha256 } = wanted;
  const part = await adoptPart(folder, name);
  for (let attempt = 1; ; attempt += 1) {
    orStop(signal);
    try {
      await fetchRest(url, part, events, signal);
      break;
    } catch (error) {
      orStop(signal);
      if (attempt === ATTEMPTS || error instanceof Refused || error instanceof ProxyError) {
        throw new Error(`${url}: ${reason(error)}; the next run goes on where this one stopped`, {
          cause: error,
        });
      }
      events.progress(`${url}: ${reason(error)}; trying again`);
      await pause(attempt * 1000, signal);
    }
  }
  const seen = await sha256Of(part, signal);
  if (seen !== sha256) {
    await rm(part, { force: true });
    throw new Error(
      `${url} is not what SHA256SUMS says: ${seen} and not ${sha256}; nothing is kept of it, run again`,
    );
  }
  await rename(part, join(folder, name));
}

/** Takes over what a process that is gone has left of this file. @returns the name for this process's part */
async function adoptPart(folder: string, name: string): Promise<string> {
  const own = join(folder, `${name}.${process.pid}.part`);
  for (const file of await readdir(folder)) {
    const pid = file.startsWith(`${name}.`) ? /\.(\d+)\.part$/.exec(file)?.[1] : undefined;
    if (pid === undefined || Number(pid) === process.pid || isRunning(Number(pid))) continue;
    // Another process may be taking it too: only one of them gets it.
    await rename(join(folder, file), own).catch(() => undefined);
  }
  return own;
}

async function fetchRest(
  url: string,
  part: string,
  events: LaunchEvents,
  signal: AbortSignal,
): Promise<void> {
  const have = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  const patience = new Patience(signal);
  try {
    const headers = have > 0 ? { Range: `bytes=${have}-` } : {};
    const answer = await get(url, { headers, signal: patience.signal });
    // 416: there is no more than what we have.
    if (answer.status === 416) return;
    if (!answer.ok || !answer.body) {
      const Kind = answer.status >= 500 || answer.status === 429 ? Error : Refused;
      throw new Kind(`${answer.status} ${answer.statusText}`);
    }
    const begin = answer.status === 206 ? have : 0;
    const length = Number(answer.headers.get('content-length') ?? Number.NaN);
    const progress = new Progress(url.replace(/.*\//, ''), begin, begin + length, events);
    const file = await open(part, begin > 0 ? 'a' : 'w', 0o644);
    try {
      for await (const chunk of answer.body) {
        await file.write(chunk as Uint8Array);
        progress.add((chunk as Uint8Array).length);
        patience.again();
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (progress.short) throw new Error('the connection broke off');
  } finally {
    patience.end();
  }
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    orStop(signal);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/** What fetch means by "fetch failed" is in the cause. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  if (error instanceof ProxyError) return message;
  return cause instanceof Error && cause.message ? cause.message : message;
}
