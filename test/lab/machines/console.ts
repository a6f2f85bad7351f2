// The console of a machine: every line with the seconds at which it came, in memory and in a file.
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A line of the console; `t` is in seconds since the machine was made. */
export interface ConsoleLine {
  readonly t: number;
  readonly text: string;
}

/** An event of the machine's life; `t` is in seconds since the machine was made. */
export interface TimelineEvent {
  readonly t: number;
  readonly event: string;
}

// Colours and cursor movements (ECMA-48 CSI), titles (OSC), and the carriage returns of a serial line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is taken out
const control = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()][A-Z0-9]|\r/g;

/** Collects console output and events on one clock. It writes the file at once, so that the file also shows a crash. */
export class ConsoleLog {
  private readonly start = performance.now();
  private readonly kept: ConsoleLine[] = [];
  private readonly marks: TimelineEvent[] = [];
  private readonly descriptor: number;
  private rest = '';

  constructor(readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.descriptor = openSync(file, 'w');
  }

  /** Seconds since the machine was made. */
  get now(): number {
    return (performance.now() - this.start) / 1000;
  }

  /** Receives output in pieces that need not end at a line's end. */
  feed(chunk: Buffer | string): void {
    const parts = (this.rest + chunk.toString()).split('\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) this.keep(part.replace(control, ''));
  }

  /** Records an event, and inserts it into the console's text at that moment. */
  mark(event: string): void {
    this.marks.push({ t: this.now, event });
    this.keep(`=== ${event} ===`);
  }

  /** The first line at or after `since` seconds that the expression matches. */
  find(expression: RegExp, since = 0): ConsoleLine | undefined {
    return this.kept.find((line) => line.t >= since && expression.test(line.text));
  }

  timeline(): readonly TimelineEvent[] {
    return this.marks;
  }

  /** The lines that match, as events whose text is the match. */
  events(expression: RegExp): TimelineEvent[] {
    return this.kept.flatMap(({ t, text }) => {
      const found = expression.exec(text)?.[0];
      return found === undefined ? [] : [{ t, event: found }];
    });
  }

  text(): string {
    return this.kept.map(render).join('');
  }

  private keep(text: string): void {
    const line = { t: this.now, text };
    this.kept.push(line);
    writeSync(this.descriptor, render(line));
  }
}

const render = (line: ConsoleLine): string => `[${line.t.toFixed(3).padStart(9)}] ${line.text}\n`;
