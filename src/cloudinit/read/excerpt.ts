/** The source line of a finding, for a report: only where it cannot hold a secret. */
import type { Source } from '../../diagnostics/source';
import { redactedCommand } from './secrets';

/** A word that announces a secret, on the line itself or on a line that it is nested in. */
const TELLING =
  /pass(?!ive|thr|enger|age|ing)|pasw|pa?s?swrd|psk|\bpwd?\b|_pwd?\b|secret|token|cred|private|_priv\b|key["']?[ \t]*[:=]|auth|hash|salt|[a-z]:\/\/[^/\s]*@/i;

/** A long run without spaces may be a key or a hash; `name:value` without a space may be a login. */
const OPAQUE = /[A-Za-z0-9+/=_-]{32,}|^\s*(?:- )?["']?[\w.@-]+:[^\s:/]+["']?\s*$/;

/** The line has a key of its own. */
const KEY = /^\s*(?:- +)*["']?[\w.-]+["']?:(?:\s|$)/;

/** Lines above that are searched for what the line is nested in. */
const MAX_LINES = 400;

const indentation = (line: string) => line.search(/[^\s]|$/);

/**
 * @param line counted from 1
 * @returns undefined where the line, or something that it is nested in, may be a secret
 */
export function excerptOf(source: Source, line: number): string | undefined {
  const own = source.lineText(line);
  if (own.trim() === '' || OPAQUE.test(own) || TELLING.test(own) || redactedCommand(own) !== own)
    return undefined;
  if (continuations(source).has(line)) return undefined;
  let depth = indentation(own);
  for (let above = line - 1; above >= 1 && depth > 0; above--) {
    if (line - above > MAX_LINES) return undefined;
    const text = source.lineText(above);
    if (text.trim() === '' || indentation(text) >= depth) continue;
    if (TELLING.test(text)) return undefined;
    depth = indentation(text);
  }
  return own;
}

/** Lines, counted from 1, whose text belongs to a secret above, however broken YAML indents it. */
function continuations(source: Source): ReadonlySet<number> {
  const known = FOUND.get(source);
  if (known) return known;
  const found = new Set<number>();
  let isTelling = false;
  let isInKey = false;
  for (const [index, line] of source.text.split(/\r\n|\r|\n/).entries()) {
    if (line.includes('-----')) isInKey = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(line);
    if (KEY.test(line)) isTelling = TELLING.test(line);
    else if (isTelling) found.add(index + 1);
    if (isInKey) found.add(index + 1);
  }
  FOUND.set(source, found);
  return found;
}

/** A document may have very many findings. */
const FOUND = new WeakMap<Source, ReadonlySet<number>>();

/** Whether the line names a secret: its value is then not repeated. */
export function namesSecret(line: string): boolean {
  return TELLING.test(line);
}
