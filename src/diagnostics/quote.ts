/** How a mistake quotes what was given. */
const ROOM = 72;

/** What is not repeated at all. */
const IS_SECRET = /PRIVATE KEY/;

/** One printable line of what was given: enough to recognise it, too little to spill a key. */
export function quoteValue(given: unknown): string {
  if (typeof given === 'string' && IS_SECRET.test(given)) return `${given.length} characters`;
  const text = typeof given === 'string' ? redactUrl(given) : spelled(given, ROOM);
  const line = text.slice(0, ROOM + 1).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
  return line.length > ROOM ? `${line.slice(0, ROOM - 3)}...` : line;
}

/** The parts of a URL that may contain a secret: its user and password, its query (a signature) and its fragment. */
const TAIL = /[?#&]|%3f/i;

/**
 * A value without the secrets that a URL in it may contain. The value is usually a wrong one, so in doubt the function
 * cuts too much: `https://user:a?b` has a password and no query.
 */
export function redactUrl(value: string): string {
  const isUrl = /^[^?#&]{0,40}:?\/\//.test(value) || /^\W?https?:/i.test(value);
  const end = value.search(TAIL);
  const hasTail = end >= 0 && (isUrl || value.includes('=', end));
  const head = hasTail ? value.slice(0, end) : value;
  const tail = hasTail ? `${value[end] === '%' ? '?' : value[end]}...` : '';
  const begin = /^[^/?#&@]{0,40}?:?\/{1,2}/.exec(head)?.[0] ?? '';
  const rest = head.slice(isUrl ? begin.length : 0);
  const at = rest.lastIndexOf('@');
  // A port is all digits; anything else after a colon may be the start of a password.
  const isCut = hasTail && at < 0 && /^[^/]*:(?!\d{0,5}(?:\/|$))/.test(rest);
  if (isUrl && isCut) return `${begin}...`;
  const hasUser = isUrl ? at >= 0 : /^[^\s/@:]*:[^\s/]*@(?!sha256:)/.test(rest);
  return hasUser ? `${isUrl ? begin : ''}...${rest.slice(at)}${tail}` : `${head}${tail}`;
}

/** A message of a program, with the secrets removed from its URLs. */
export function redactUrls(message: string): string {
  return message.replace(/[a-z][a-z0-9+.-]{1,20}:\/\S+/gi, redactUrl);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * A value roughly as JSON, until the room is used up: aliases of YAML can make a value that is endless, or that
 * is too large to be written out.
 */
function spelled(value: unknown, room: number): string {
  if (typeof value === 'string') return JSON.stringify(redactUrl(value).slice(0, ROOM));
  if (typeof value !== 'object' || value === null || value instanceof Date) return String(value);
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  for (const name of Object.keys(value)) {
    if (text.length > 1) text += ',';
    if (!isList) text += `${JSON.stringify(redactUrl(name).slice(0, ROOM))}:`;
    if (text.length >= room) return text;
    text += spelled(Reflect.get(value, name), room - text.length);
  }
  return `${text}${isList ? ']' : '}'}`;
}

/** A name that was typed or is a key of a file: shown where it looks like one, for it may be another file's content. */
export function quoteName(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_.-]{0,39}$/u.test(name)
    ? quoteValue(name)
    : `a name of ${name.length} characters`;
}
