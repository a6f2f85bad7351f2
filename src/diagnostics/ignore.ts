/** Findings that the user does not want: by code, or by a comment in the document. */
import { CODES, type Code, isCode } from './codes';
import type { Diagnostic } from './diagnostic';
import { closestName } from './did-you-mean';

/** `# gen-cloudinit: ignore CODE, CODE` for its own line, or the next one if it stands alone; `ignore-file` for all. */
const COMMENT = /#\s*gen-cloudinit:\s*(ignore-file|ignore)\b[ \t]*([^\r\n]*)/g;

interface Ignored {
  readonly code: Code;
  /** Undefined: the whole document. */
  readonly line: number | undefined;
}

export interface Sifted {
  readonly diagnostics: readonly Diagnostic[];
  /** How many were ignored. */
  readonly ignored: number;
}

/**
 * Removes the findings that the comments of a document, or the user, ignore.
 * @param text the plain text that the positions belong to
 * @param codes those that the user ignores everywhere
 * @returns the rest, with a warning for each comment that names no code of ours
 */
export function withoutIgnored(
  diagnostics: readonly Diagnostic[],
  text: string,
  codes: readonly Code[],
): Sifted {
  const { ignored, wrong } = comments(text);
  // There may be as many comments as findings.
  const keyOf = (code: Code, line: number | undefined) => `${code} ${line ?? ''}`;
  const keys = new Set(ignored.map((one) => keyOf(one.code, one.line)));
  const isIgnored = ({ code, line }: Diagnostic) =>
    codes.includes(code) || keys.has(keyOf(code, undefined)) || keys.has(keyOf(code, line));
  const kept = diagnostics.filter((diagnostic) => !isIgnored(diagnostic));
  const order = (one: Diagnostic) => one.line ?? 0;
  return {
    diagnostics: wrong.length === 0 ? kept : [...kept, ...wrong].sort((a, b) => order(a) - order(b)),
    ignored: diagnostics.length - kept.length,
  };
}

function comments(text: string): { ignored: Ignored[]; wrong: Diagnostic[] } {
  const ignored: Ignored[] = [];
  const wrong: Diagnostic[] = [];
  if (!text.includes('gen-cloudinit:')) return { ignored, wrong };
  const lines = text.split(/\r\n|\r|\n/);
  for (const [index, content] of lines.entries()) {
    for (const { index: at, 1: scope, 2: names = '' } of content.matchAll(COMMENT)) {
      const isAlone = content.slice(0, at).trim() === '';
      const line = scope === 'ignore-file' ? undefined : index + (isAlone ? 2 : 1);
      const words = names.split(/[\s,]+/).filter(Boolean);
      const unknown = words.filter((word) => !isCode(word));
      ignored.push(...words.filter(isCode).map((code) => ({ code, line })));
      if (words.length === 0 || unknown.length > 0) wrong.push(wrongComment(unknown[0], index + 1, at + 1));
    }
  }
  return { ignored, wrong };
}

function wrongComment(word: string | undefined, line: number, column: number): Diagnostic {
  const near = word === undefined ? undefined : closestName(word, Object.keys(CODES));
  return {
    severity: 'warning',
    code: 'ignore-comment',
    path: '',
    message:
      word === undefined
        ? 'the comment ignores nothing: it names no code'
        : 'the comment names a code that does not exist',
    hint: near ? `did you mean ${near}?` : 'gen-cloudinit explain lists the codes',
    line,
    column,
  };
}
