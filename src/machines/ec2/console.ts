/**
 * The console of an instance as one text. EC2 keeps only the last 64 KB (EC2 user guide, "Instance console output"),
 * so each answer is joined to the earlier ones. The text stays bytes, one per character, until the end:
 * the window may start in the middle of a UTF-8 character.
 */
import type { Ec2 } from './client';
import { hasCode } from './errors';
import { tolerateOutages } from './pacing';

const WINDOW = 65_536;
const GAP = '\n[part of the console is missing here]\n';

/** Two texts that agree in fewer bytes than this agree by chance. */
const LEAST_OVERLAP = 16;

/**
 * Joins what was seen with the newest window.
 * @param seen everything so far, one byte per character
 * @param window the newest answer, in the same form; an older one again adds nothing
 */
export function joinConsole(seen: string, window: string): string {
  if (window.startsWith(seen)) return window;
  if (seen.includes(window)) return seen;
  // The window has moved on: it starts somewhere in the last 64 KB of what was seen. The earliest place where all
  // that follows agrees is the longest overlap.
  const tail = seen.slice(-WINDOW);
  const head = window.slice(0, LEAST_OVERLAP);
  for (let at = tail.indexOf(head); at >= 0; at = tail.indexOf(head, at + 1)) {
    if (window.startsWith(tail.slice(at))) return seen + window.slice(tail.length - at);
  }
  return `${seen}${GAP}${window}`;
}

export class ConsoleLog {
  private seen = '';

  constructor(
    private readonly ec2: Ec2,
    private readonly instance: string,
  ) {}

  private readonly newest = tolerateOutages(async (signal?: AbortSignal) => {
    const input = { InstanceId: this.instance, Latest: true };
    const { Output = '' } = await this.ec2.call('GetConsoleOutput', input, signal);
    return Buffer.from(Output, 'base64').toString('latin1');
  });

  /** Everything seen so far. */
  get text(): string {
    return Buffer.from(this.seen, 'latin1').toString('utf8');
  }

  /**
   * Asks EC2 once. In the first seconds there is no output yet, and EC2 may not know a fresh instance everywhere.
   * @returns whether there is new output
   */
  async refresh(signal?: AbortSignal): Promise<boolean> {
    const before = this.seen.length;
    try {
      this.seen = joinConsole(this.seen, (await this.newest(signal)) ?? '');
    } catch (error) {
      if (!hasCode(error, ['InvalidInstanceID.NotFound'])) throw error;
    }
    return this.seen.length > before;
  }
}
