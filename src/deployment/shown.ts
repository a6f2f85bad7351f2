/** How a mistake quotes what was given. */
const ROOM = 72;

/** One printable line of what was given: enough to recognise it, too little to spill a key. */
export function shown(given: unknown): string {
  const text = typeof given === 'string' ? given : spelled(given, ROOM);
  const line = text.slice(0, ROOM + 1).replace(/[^\x20-\x7e]/gu, escaped);
  return line.length > ROOM ? `${line.slice(0, ROOM - 3)}...` : line;
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * A value about as JSON has it, until there is no room left: aliases of YAML can make one that is endless, or that
 * is too large to be written out.
 */
function spelled(value: unknown, room: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, ROOM));
  if (typeof value !== 'object' || value === null || value instanceof Date) return String(value);
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  for (const name of Object.keys(value)) {
    if (text.length > 1) text += ',';
    if (!isList) text += `${JSON.stringify(name.slice(0, ROOM))}:`;
    if (text.length >= room) return text;
    text += spelled(Reflect.get(value, name), room - text.length);
  }
  return `${text}${isList ? ']' : '}'}`;
}
