import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, commandsOf, EXPANSION } from './commands';

/** The prefix that bash prints before each command that it runs, for `readTrace`. */
export const PS4 = '+$' + '{BASH_SOURCE-}:$LINENO: ';
const RECORD = /^\++([^:\n]*):(\d+): /;

/** Quotes differ between the source and bash's output. */
const bare = (text: string) => text.replace(/["'\\$]/g, '');
const EXPANSIONS = new RegExp(`${EXPANSION}+`, 'g');
const ESCAPED = /[.*+?^${}()|[\]\\/]/g;

function patternOf(words: string): RegExp {
  const text = bare(words)
    .replace(ESCAPED, '\\$&')
    // Several in a row match the same as one, and a regular expression of many would take hours.
    .replace(EXPANSIONS, '[\\s\\S]*')
    .replace(/\s+/g, '\\s*');
  return new RegExp(`^\\s*${text}`);
}

/** Commands of modules that have run, from the traces of many runs. */
export class Coverage {
  /** Per module and line, the commands that bash has printed. */
  private readonly ran = new Map<string, Map<number, Set<string>>>();

  add(trace: string): void {
    let current: { module: string; line: number; text: string } | undefined;
    const keep = () => {
      if (!current) return;
      const lines = this.ran.get(current.module) ?? new Map<number, Set<string>>();
      this.ran.set(current.module, lines);
      lines.set(current.line, (lines.get(current.line) ?? new Set()).add(bare(current.text)));
    };
    for (const row of trace.split('\n')) {
      const [begin, file = '', line] = RECORD.exec(row) ?? [];
      if (begin === undefined) {
        // The remaining lines of an argument.
        if (current) current.text += `\n${row}`;
        continue;
      }
      keep();
      current = { module: basename(file), line: Number(line), text: row.slice(begin.length) };
    }
    keep();
  }

  /** The commands of a module that never ran. */
  missed(path: string): readonly Command[] {
    const lines = this.ran.get(basename(path)) ?? new Map<number, Set<string>>();
    return commandsOf(readFileSync(path, 'utf8')).filter(({ from, to, words }) => {
      const pattern = patternOf(words);
      for (let line = from; line <= to; line += 1)
        for (const text of lines.get(line) ?? []) if (pattern.test(text)) return false;
      return true;
    });
  }
}

/** @returns a command as a person reads it */
export const shown = ({ line, words }: Command): string =>
  `${line}: ${words.replaceAll(EXPANSION, '…').replace(/\s+/g, ' ')}`;
