/** A command as written in a module of matrixctl, for comparison with the output of `set -x`. */
export interface Command {
  /** Lines of the whole statement: bash may report any of them as the line of a command in it. */
  from: number;
  to: number;
  /** The first line of the command itself. */
  readonly line: number;
  /** The words without quotes; an expansion is EXPANSION. */
  readonly words: string;
}

/** The place of an expansion: a variable, a substitution, a glob. */
export const EXPANSION = '\0';

const KEYWORDS = ['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'while', 'until', '!', '{', '}', 'time'];
/** After one of these a newline does not end the statement. */
const CONTINUES = /(?:&&|\|\|?)$/;

/**
 * Reads the part of bash that the modules are written in and lists every simple command, also those in substitutions.
 * It does not support `select`, `coproc`, `((` and backquotes.
 */
class Reader {
  readonly commands: Command[] = [];
  private at = 0;
  private line = 1;
  private statement = 1;
  private open: Command[] = [];
  /** The first line of the function. */
  private function = 1;
  /** End marks of the here-documents that start after this line. */
  private ends: string[] = [];

  constructor(private readonly text: string) {}

  read(): readonly Command[] {
    this.list('');
    this.close();
    return this.commands;
  }

  private starts(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  private step(count = 1): string {
    const passed = this.text.slice(this.at, this.at + count);
    this.at += count;
    this.line += passed.split('\n').length - 1;
    return passed;
  }

  private take(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0];
    if (found) this.step(found.length);
    return found;
  }

  /**
   * At the end of a statement its last line is known. In a substitution of several lines, bash 5.2 continues to count from
   * there.
   */
  private close(): void {
    for (const command of this.open) command.to = this.line + (this.line - command.from);
    this.open = [];
  }

  /** Commands up to a closing parenthesis, or to the end. */
  private list(end: '' | ')'): void {
    let cases = 0;
    let pattern = false;
    let depth = 0;
    let operator = '';
    while (this.at < this.text.length) {
      if (this.take(/[ \t]+|\\\n/)) continue;
      if (this.take(/#.*/)) continue;
      if (this.starts('\n')) {
        if (end === '' && !CONTINUES.test(operator)) {
          this.close();
          this.statement = this.line + 1;
        }
        this.step();
        this.documents();
        continue;
      }
      if (pattern) {
        if (this.take(/esac\b/)) {
          cases -= 1;
          pattern = false;
        } else {
          while (!this.starts(')')) this.word();
          this.step();
          pattern = false;
        }
        continue;
      }
      const separator = this.take(/;;|&&|\|\||[;&|]/);
      if (separator) {
        operator = separator;
        if (separator === ';;') pattern = cases > 0;
        continue;
      }
      if (this.starts('(')) {
        this.step();
        depth += 1;
        continue;
      }
      if (this.starts(')')) {
        this.step();
        if (depth === 0 && end) return;
        depth -= 1;
        continue;
      }
      operator = '';
      if (this.take(/[\w-]+\(\)/)) {
        this.function = this.line;
        continue;
      }
      const keyword = KEYWORDS.find(
        (each) => this.starts(each) && /[\s;)]/.test(this.text[this.at + each.length] ?? ' '),
      );
      if (keyword) {
        // For a command that is redirected into the loop, bash reports a line before the loop.
        if (keyword === 'done') this.statement = this.function;
        this.step(keyword.length);
        continue;
      }
      if (this.take(/esac\b/)) {
        cases -= 1;
        continue;
      }
      if (this.take(/case\s/)) {
        this.add(this.line, 'case ');
        while (!this.take(/\s+in\b/)) this.word();
        cases += 1;
        pattern = true;
        continue;
      }
      this.command();
    }
  }

  private add(line: number, words: string): void {
    const command = { from: this.statement, to: line, line, words };
    this.commands.push(command);
    this.open.push(command);
  }

  /** A simple command with its redirections. */
  private command(): void {
    const { line } = this;
    if (this.take(/\[\[\s/)) {
      this.add(line, '[[ ');
      while (!this.take(/\]\]/)) if (!this.take(/[\s()&|<>]+/)) this.word();
      return;
    }
    const words: string[] = [];
    let assigned = '';
    for (;;) {
      if (this.take(/[ \t]+|\\\n/)) continue;
      if (this.at >= this.text.length || /[\n;|)]/.test(this.text[this.at] ?? '')) break;
      if (this.starts('&') && !this.starts('&>')) break;
      const bracket = this.take(/[[\]](?=[\s;])/);
      if (bracket) {
        words.push(bracket);
        continue;
      }
      if (this.starts('<(') || this.starts('>(')) {
        this.step(2);
        this.list(')');
        words.push(EXPANSION);
        continue;
      }
      if (this.take(/(?:&>>?|\d*(?:<<<|<<|>>|<&|>&|<|>))/)) {
        const here = this.text.slice(this.at - 2, this.at) === '<<' && this.text[this.at - 3] !== '<';
        this.take(/[ \t]+/);
        if (here) this.ends.push(this.word());
        else if (this.starts('<(')) {
          this.step(2);
          this.list(')');
        } else this.word();
        continue;
      }
      const name = words.length === 0 ? this.take(/\w+\+?=/) : undefined;
      if (name) {
        assigned ||= name;
        if (this.starts('(')) {
          this.step();
          while (!this.starts(')')) if (!this.take(/\s+/)) this.word();
          this.step();
        } else if (!/\s/.test(this.text[this.at] ?? ' ')) this.word();
        continue;
      }
      words.push(this.word());
    }
    if (words.length > 0) this.add(line, words.join(' '));
    else if (assigned) this.add(line, assigned);
  }

  /** One word. @returns it without quotes */
  private word(): string {
    let word = '';
    const begin = this.at;
    while (this.at < this.text.length) {
      const next = this.text[this.at] ?? '';
      if (next === '(' && word.endsWith('=')) {
        // bash prints an array of `local` without its values.
        while (!this.starts(')')) this.step();
        this.step();
        return word.slice(0, -1);
      }
      if (/[\s;&|()<>]/.test(next)) break;
      if (next === "'") {
        this.step();
        word += this.take(/[^']+/) ?? '';
        this.step();
      } else if (next === '"') {
        this.step();
        while (!this.starts('"')) word += this.piece(true);
        this.step();
      } else word += this.piece(false);
    }
    // An unknown character must not stop the reader.
    if (this.at === begin) word += this.step();
    return word;
  }

  /** An arithmetic or parameter expansion; `open` brackets are open after its first characters. */
  private balanced(begin: number, open: number): string {
    this.step(begin);
    for (let depth = open; depth > 0; ) {
      if (this.starts('$')) this.piece(true);
      else {
        const next = this.step();
        if (next === '(' || next === '{') depth += 1;
        if (next === ')' || next === '}') depth -= 1;
      }
    }
    return EXPANSION;
  }

  private piece(quoted: boolean): string {
    if (this.starts('\\')) {
      this.step();
      return this.step();
    }
    if (this.starts('$((')) return this.balanced(3, 2);
    if (this.starts('$(')) {
      this.step(2);
      this.list(')');
      return EXPANSION;
    }
    if (this.starts('${')) return this.balanced(2, 1);
    if (!quoted && this.starts("$'")) {
      this.step(2);
      this.take(/(?:[^'\\]|\\[\s\S])*/);
      this.step();
      return EXPANSION;
    }
    if (this.take(/\$(?:\w+|[@*#?!$-])/)) return EXPANSION;
    if (!quoted && this.take(/\{[^\s{}]*\}|[*?{}~[\]]/)) return EXPANSION;
    return this.step();
  }

  /** Passes the here-documents that begin on this line. */
  private documents(): void {
    for (const end of this.ends.splice(0)) {
      const found = this.text.indexOf(`\n${end}\n`, this.at - 1);
      this.step(found + 1 + end.length - this.at);
    }
  }
}

export function commandsOf(text: string): readonly Command[] {
  return new Reader(text).read();
}
