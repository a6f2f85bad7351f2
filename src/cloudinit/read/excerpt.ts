/** The source line of a finding, for a report: only where it cannot hold a secret. */
import type { Diagnostic } from '../../diagnostics/diagnostic';
import type { Source } from '../../diagnostics/source';
import { redactedCommand } from './secrets';

/** A word that announces a secret, on the line itself or on a line that it is nested in. */
const TELLING =
  /pass(?!ive|thr|enger|age|ing)|pasw|pa?s?swrd|psk|\bpwd?\b|_pwd?\b|secret|token|cred|private|_priv\b|key["']?[ \t]*[:=]|auth|hash|salt|[a-z]:\/\/[^/\s]*@/i;

/** A long run without spaces may be a key or a hash; `name:value` without a space may be a login. */
const OPAQUE = /[A-Za-z0-9+/=_-]{32,}|^\s*(?:- )?["']?[\w.@-]+:[^\s:/]+["']?\s*$/;

/** The line has a key of its own. */
const KEY = /^\s*(?:- +)*["']?[\w.-]+["']?:(?:\s|$)/;

/** A longer line is not quoted, and counts as one that may hold a secret: there may be as many findings on it. */
const MAX_LENGTH = 500;

const indentation = (line: string) => line.search(/[^\s]|$/);

/** What one pass over a document finds out about its lines; a document may have very many findings. */
interface Lines {
  readonly texts: readonly string[];
  /** Lines, counted from 1, nested in a secret, or continuing one, however broken YAML indents it. */
  readonly inSecret: ReadonlySet<number>;
}

const KNOWN = new WeakMap<Source, Lines>();

function linesOf(source: Source): Lines {
  const known = KNOWN.get(source);
  if (known) return known;
  const texts = source.text.split(/\r\n|\r|\n/);
  const inSecret = new Set<number>();
  /** The lines that the current one is nested in. */
  const above: { readonly depth: number; readonly isTelling: boolean }[] = [];
  let isTelling = false;
  let isInKey = false;
  for (const [index, whole] of texts.entries()) {
    const line = whole.slice(0, MAX_LENGTH);
    if (line.includes('-----')) isInKey = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(line);
    const isOwn = TELLING.test(line);
    if (KEY.test(line)) isTelling = isOwn;
    else if (isTelling) inSecret.add(index + 1);
    if (isInKey) inSecret.add(index + 1);
    if (line.trim() === '') continue;
    const depth = indentation(line);
    while (above.length > 0 && above[above.length - 1]!.depth >= depth) above.pop();
    const isNested = above.at(-1)?.isTelling === true;
    if (isNested) inSecret.add(index + 1);
    above.push({ depth, isTelling: isNested || isOwn });
  }
  const lines = { texts, inSecret };
  KNOWN.set(source, lines);
  return lines;
}

/**
 * @param line counted from 1
 * @returns undefined where the line, or something that it is nested in, may be a secret
 */
function excerptOf(source: Source, line: number): string | undefined {
  const { texts, inSecret } = linesOf(source);
  const own = texts[line - 1];
  if (own === undefined || own.trim() === '' || inSecret.has(line) || namesSecret(source, line))
    return undefined;
  return OPAQUE.test(own) || redactedCommand(own) !== own ? undefined : own;
}

/** The finding with its source line, where that can be quoted. A note is about the whole document, and has none. */
export function withExcerpt(diagnostic: Diagnostic, source: Source): Diagnostic {
  const { severity, line } = diagnostic;
  const excerpt = severity === 'info' || line === undefined ? undefined : excerptOf(source, line);
  return excerpt === undefined ? diagnostic : { ...diagnostic, excerpt };
}

/** Whether the line names a secret, or may do so: its value is then not repeated. @param line counted from 1 */
export function namesSecret(source: Source, line: number): boolean {
  const text = linesOf(source).texts[line - 1] ?? '';
  return text.length > MAX_LENGTH || TELLING.test(text);
}
