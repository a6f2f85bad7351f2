/**
 * What Multipass makes of a document: its client reads it with yaml-cpp and writes it again, its daemon once more,
 * and only then cloud-init sees it. Quotes are not remembered: a text stays quoted only if yaml-cpp's emitter finds
 * that it cannot stand plain, or if it has a colon or looks octal, which the daemon's own emitter looks for
 * (canonical/multipass: src/utils/yaml_node_utils.cpp; jbeder/yaml-cpp: src/emitterutils.cpp).
 * So 'yes' arrives as a boolean and '12' as a number: a document must not depend on quotes.
 */
export function reemitted(data: unknown): string {
  return `#cloud-config\n${lines(data).join('\n')}\n`;
}

function lines(data: unknown): string[] {
  if (Array.isArray(data)) return data.length ? data.flatMap((item) => nested('- ', item)) : ['[]'];
  if (typeof data === 'object' && data !== null) {
    const rows = Object.entries(data);
    return rows.length ? rows.flatMap(([key, item]) => keyed(key, item)) : ['{}'];
  }
  return [typeof data === 'string' ? scalar(data) : String(data)];
}

function keyed(key: string, item: unknown): string[] {
  const below = lines(item);
  const isBlock = typeof item === 'object' && item !== null && Object.keys(item).length > 0;
  if (!isBlock) return [`${scalar(key)}: ${below.join()}`];
  return [`${scalar(key)}:`, ...below.map((line) => `  ${line}`)];
}

function nested(mark: string, item: unknown): string[] {
  return lines(item).map((line, index) => `${index === 0 ? mark : ' '.repeat(mark.length)}${line}`);
}

const NULL_WORDS = ['', '~', 'null', 'Null', 'NULL'];
const INDICATOR_FIRST = /^(?:[\s,[\]{}#&*!|>'"%@`]|[-?:](?:\s|$))/;
const NOT_PLAIN = /:(?:\s|$)|\s#|[^\x20-\x7e]| $/;

function scalar(text: string): string {
  const quoted =
    NULL_WORDS.includes(text) ||
    INDICATOR_FIRST.test(text) ||
    NOT_PLAIN.test(text) ||
    text.includes(':') ||
    /^0\d+$/.test(text);
  return quoted ? JSON.stringify(text) : text;
}
