/** The source line of a finding, for a report: only where it cannot hold a secret. */
import type { Source } from '../../diagnostics/source';
import { redacted } from './secrets';

/** A word that announces a secret, on the line itself or on a line that it is nested in. */
const TELLING =
  /passw|passphrase|secret|token|credential|private|api_?key|auth|hash|salt|chpasswd|[a-z]:\/\/[^/\s]*@/i;

/** A long run without spaces may be a key or a hash; `name:value` without a space may be a login. */
const OPAQUE = /[A-Za-z0-9+/=_-]{32,}|^\s*(?:- )?["']?[\w.@-]+:[^\s:/]+["']?\s*$/;

/** Lines above that are searched for what the line is nested in. */
const MAX_LINES = 400;

const indentation = (line: string) => line.search(/[^\s]|$/);

/**
 * @param line counted from 1
 * @returns undefined where the line, or something that it is nested in, may be a secret
 */
export function excerptOf(source: Source, line: number): string | undefined {
  const own = source.lineText(line);
  if (own.trim() === '' || OPAQUE.test(own) || TELLING.test(own) || redacted(own) !== own) return undefined;
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
