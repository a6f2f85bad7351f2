/** Downloads that are whole and right, or not there: resumed where they stopped, checked, then named. */
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSha256 } from './hash';
import { ProxyError, proxyIsSet } from './proxy';
import { isRunning, type Progress } from './run';
import { pause, throwIfStopped } from './wait';

export interface Wanted {
  readonly url: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly folder: string;
  /** Name that the file gets in the folder when it is whole. */
  readonly name: string;
}

/** Milliseconds of silence after which the download counts as broken. */
const SILENCE = 60_000;
const ATTEMPTS = 4;

/** A request that fails when it is interrupted, or when nothing arrives for a minute. */
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

  /** Data has arrived. */
  again(): void {
    clearTimeout(this.timer);
    const give = () => this.controller.abort(new Error(`nothing arrived for ${SILENCE / 1000} seconds`));
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

/** An answer that a retry would not change. */
class Refused extends Error {}

/** Fetches a small file. @throws Error with the URL and what went wrong */
export async function fetchBytes(url: string, signal: AbortSignal): Promise<Uint8Array> {
  throwIfStopped(signal);
  const patience = new Patience(signal);
  try {
    const answer = await get(url, { signal: patience.signal });
    if (!answer.ok) throw new Refused(`${answer.status} ${answer.statusText}`);
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throwIfStopped(signal);
    throw new Error(`${url}: ${reason(error)}`, { cause: error });
  } finally {
    patience.end();
  }
}

/**
 * Downloads a file; continues after the part of an earlier attempt, also one of a killed process.
 * @throws Error when the server refuses, breaks off again and again, or the checksum is wrong (then nothing is kept)
 */
export async function download(wanted: Wanted, events: Progress, signal: AbortSignal): Promise<void> {
  const { url, folder, name, sha256 } = wanted;
  const part = await adoptPart(folder, name);
  for (let attempt = 1; ; attempt += 1) {
    throwIfStopped(signal);
    try {
      await fetchRest(url, part, events, signal);
      break;
    } catch (error) {
      throwIfStopped(signal);
      if (attempt === ATTEMPTS || error instanceof Refused || error instanceof ProxyError) {
        throw new Error(`${url}: ${reason(error)}; the next run goes on where this one stopped`, {
          cause: error,
        });
      }
      events.progress(`${url}: ${reason(error)}; trying again`);
      await pause(attempt * 1000, signal);
    }
  }
  const seen = await fileSha256(part, signal);
  if (seen !== sha256) {
    await rm(part, { force: true });
    throw new Error(
      `${url} is not what SHA256SUMS says: ${seen} and not ${sha256}; nothing is kept of it, run again`,
    );
  }
  await rename(part, join(folder, name));
}

/** Takes over the part of this file that an ended process has left. @returns the name for this process's part */
async function adoptPart(folder: string, name: string): Promise<string> {
  const own = join(folder, `${name}.${process.pid}.part`);
  for (const file of await readdir(folder)) {
    const pid = file.startsWith(`${name}.`) ? /\.(\d+)\.part$/.exec(file)?.[1] : undefined;
    if (pid === undefined || Number(pid) === process.pid || isRunning(Number(pid))) continue;
    // Another process may take it at the same time: only one of them gets it.
    await rename(join(folder, file), own).catch(() => undefined);
  }
  return own;
}

async function fetchRest(url: string, part: string, events: Progress, signal: AbortSignal): Promise<void> {
  const have = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  const patience = new Patience(signal);
  try {
    const headers = have > 0 ? { Range: `bytes=${have}-` } : {};
    const answer = await get(url, { headers, signal: patience.signal });
    // 416: the part is already the whole file.
    if (answer.status === 416) return;
    if (!answer.ok || !answer.body) {
      const Kind = answer.status >= 500 || answer.status === 429 ? Error : Refused;
      throw new Kind(`${answer.status} ${answer.statusText}`);
    }
    const begin = answer.status === 206 ? have : 0;
    const length = Number(answer.headers.get('content-length') ?? Number.NaN);
    const progress = new DownloadProgress(url.replace(/.*\//, ''), begin, begin + length, events);
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

/** The cause contains what fetch means by "fetch failed". */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  if (error instanceof ProxyError) return message;
  return cause instanceof Error && cause.message ? cause.message : message;
}

/** A new line per few percent, but not sooner than after a second; and in any case after 10 s. */
const STEP = 5;
const WIDTH = 20;

class DownloadProgress {
  private readonly started = performance.now();
  private told = { at: 0, percent: -STEP };
  private done: number;

  /**
   * @param begin bytes that the part already has
   * @param total bytes of the whole; NaN if the server does not say
   */
  constructor(
    private readonly name: string,
    private readonly begin: number,
    private readonly total: number,
    private readonly events: Progress,
  ) {
    this.done = begin;
  }

  /** Whether bytes are missing. */
  get short(): boolean {
    return this.done < this.total;
  }

  add(bytes: number): void {
    this.done += bytes;
    const now = performance.now();
    const percent = Math.floor((100 * this.done) / this.total);
    const due = percent >= this.told.percent + STEP && now - this.told.at >= 1000;
    if (!due && this.done !== this.total && now - this.told.at < 10_000) return;
    this.told = { at: now, percent };
    this.events.progress(this.line(now, percent));
  }

  private line(now: number, percent: number): string {
    const mega = (bytes: number) => (bytes / 1e6).toFixed(0);
    const rate = (this.done - this.begin) / (now - this.started || 1);
    const speed = `${(rate / 1000).toFixed(1)} MB/s`;
    if (Number.isNaN(percent)) return `${this.name}: ${mega(this.done)} MB, ${speed}`;
    const bar = '#'.repeat(Math.floor((percent * WIDTH) / 100)).padEnd(WIDTH, '.');
    const left = Math.ceil((this.total - this.done) / rate / 1000);
    const size = `${mega(this.done)} of ${mega(this.total)} MB`;
    return `${this.name}: [${bar}] ${percent} %, ${size}, ${speed}${left > 0 ? `, ${left} s left` : ''}`;
  }
}
