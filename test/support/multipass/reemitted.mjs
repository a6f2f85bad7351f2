/**
 * Rewrites a document as Multipass 1.16 does: its client reads it with yaml-cpp and writes it again, its daemon does so
 * once more, and only then cloud-init gets it. yaml-cpp does not remember quotes: a text stays quoted only if its emitter finds
 * that it cannot be plain, or if it has a colon, for which Canonical's fork of yaml-cpp checks
 * (canonical/multipass v1.16.3 and #4225; jbeder/yaml-cpp: src/emitterutils.cpp). So 'yes' arrives as a boolean, '12'
 * and '0644' as numbers: a document must not depend on quotes. Later ones quote what looks octal (#4419).
 */
import { FAILSAFE_SCHEMA, load, nullCoreTag } from 'js-yaml';

/** The document of a text. yaml-cpp knows null; all other scalars stay the texts that they are. */
export function reemittedText(text) {
  return reemitted(load(text, { schema: FAILSAFE_SCHEMA.withTags(nullCoreTag) }));
}

/** The document of data that was read already. */
export function reemitted(data) {
  return `#cloud-config\n${lines(data).join('\n')}\n`;
}

function lines(data) {
  if (Array.isArray(data)) return data.length ? data.flatMap((item) => nested('- ', item)) : ['[]'];
  if (typeof data === 'object' && data !== null) {
    const rows = Object.entries(data);
    return rows.length ? rows.flatMap(([key, item]) => keyed(key, item)) : ['{}'];
  }
  return [typeof data === 'string' ? scalar(data) : data === null ? '~' : String(data)];
}

function keyed(key, item) {
  const below = lines(item);
  const isBlock = typeof item === 'object' && item !== null && Object.keys(item).length > 0;
  if (!isBlock) return [`${scalar(key)}: ${below.join()}`];
  return [`${scalar(key)}:`, ...below.map((line) => `  ${line}`)];
}

function nested(mark, item) {
  return lines(item).map((line, index) => `${index === 0 ? mark : ' '.repeat(mark.length)}${line}`);
}

const NULL_WORDS = ['', '~', 'null', 'Null', 'NULL'];
const INDICATOR_FIRST = /^(?:[\s,[\]{}#&*!|>'"%@`]|[-?:](?:\s|$))/;
const NOT_PLAIN = /:(?:\s|$)|\s#|[^\x20-\x7e]| $/;

function scalar(text) {
  const quoted =
    NULL_WORDS.includes(text) || INDICATOR_FIRST.test(text) || NOT_PLAIN.test(text) || text.includes(':');
  return quoted ? JSON.stringify(text) : text;
}
