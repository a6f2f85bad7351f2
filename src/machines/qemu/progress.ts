/** Tells how far a download is, in lines that are rare enough for a log. */
import type { LaunchEvents } from '../machine';

/** A new line after so many parts of a hundred, but not sooner than after a second; and in any case after 10 s. */
const STEP = 5;
const WIDTH = 20;

export class Progress {
  private readonly started = performance.now();
  private told = { at: 0, percent: -STEP };
  private done: number;

  /**
   * @param begin bytes that were there already
   * @param total bytes of the whole; NaN if the server does not say
   */
  constructor(
    private readonly name: string,
    private readonly begin: number,
    private readonly total: number,
    private readonly events: LaunchEvents,
  ) {
    this.done = begin;
  }

  /** Whether something is missing. */
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
