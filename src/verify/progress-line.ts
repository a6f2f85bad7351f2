/** Live progress: one line that is rewritten on a terminal, plain lines elsewhere. */

export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const ESCAPE = String.fromCharCode(27);
const CLEAR = `\r${ESCAPE}[K`;

/** Milliseconds between two plain lines of the same phase. */
const QUIET = 10_000;

/** `42 s`, `3 m 07 s`. @param ms milliseconds */
export function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, '0')} s`;
}

export class Display {
  private readonly begin = performance.now();
  private phase = '';
  private line = '';
  private said = 0;
  private isAside = false;
  private readonly timer: NodeJS.Timeout | undefined;

  /** @param colours false as NO_COLOR asks (no-color.org) */
  constructor(
    private readonly screen: Screen,
    private readonly colours: boolean,
  ) {
    // Elapsed time advances while nothing else does.
    if (screen.isTTY) this.timer = setInterval(() => this.draw(), 1000).unref();
  }

  /** A line that stays. */
  say(line: string): void {
    if (!this.screen.isTTY) {
      this.plain(line);
      return;
    }
    this.screen.write(`${CLEAR}${printable(line)}\n`);
    this.draw();
  }

  /** The current activity, and the last line that the machine printed. */
  show(phase: string, line = ''): void {
    const isNew = phase !== this.phase;
    const isNews = isNew || (line !== this.line && performance.now() - this.said > QUIET);
    this.phase = phase;
    this.line = line;
    if (this.screen.isTTY) this.draw();
    else if (isNews) this.plain(line ? `${phase}: ${line}` : phase);
  }

  /** Leaves the screen to other output, such as a question, until the work is done. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    if (this.screen.isTTY) this.screen.write(CLEAR);
    this.isAside = true;
    try {
      return await work();
    } finally {
      this.isAside = false;
    }
  }

  /** Ends the display and removes the live line. */
  close(): void {
    clearInterval(this.timer);
    if (this.screen.isTTY) this.screen.write(CLEAR);
  }

  private plain(line: string): void {
    this.said = performance.now();
    this.screen.write(`[${elapsed(this.said - this.begin).padStart(9)}] ${printable(line)}\n`);
  }

  private draw(): void {
    if (this.phase === '' || this.isAside) return;
    const head = `${this.phase}, ${elapsed(performance.now() - this.begin)}`;
    const room = (this.screen.columns ?? 80) - head.length - 3;
    const tail = room > 10 && this.line ? `  ${printable(this.line).slice(0, room)}` : '';
    const [bold, dim, plain] = this.colours ? [`${ESCAPE}[1m`, `${ESCAPE}[2m`, `${ESCAPE}[0m`] : ['', '', ''];
    this.screen.write(`${CLEAR}${bold}${head}${plain}${dim}${tail}${plain}`);
  }
}

/** A console prints anything: none of it may move the cursor. */
function printable(text: string): string {
  const colours = new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, 'g');
  return text
    .replace(colours, '')
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
}
