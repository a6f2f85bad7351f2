/** A MIME message and its parts, as Python's email.message_from_string takes them apart for cloud-init. */

export interface Message {
  /** Offset of the first header. */
  readonly start: number;
  /** Names in lower case; of repeated ones the first. */
  readonly headers: ReadonlyMap<string, string>;
  /** Content type in lower case, without parameters. */
  readonly type: string;
  readonly body: { readonly start: number; readonly end: number };
  /** Of a multipart message. */
  readonly parts: readonly Message[];
  readonly problems: readonly MessageProblem[];
}

export interface MessageProblem {
  readonly start: number;
  readonly message: string;
  readonly hint: string;
}

interface Line {
  readonly start: number;
  /** Offset of its line break. */
  readonly textEnd: number;
  readonly end: number;
}

/** Of messages in messages; no document in use comes close. */
const DEEPEST = 20;

export function readMessage(text: string): Message {
  const lines: Line[] = [];
  for (const { 0: whole, 1: end = '', index } of text.matchAll(/[^\r\n]*(\r\n|\r|\n|$)/g)) {
    if (whole === '') break;
    lines.push({ start: index, textEnd: index + whole.length - end.length, end: index + whole.length });
  }
  return message(text, lines, 0, 'text/plain');
}

function message(text: string, lines: readonly Line[], depth: number, defaultType: string): Message {
  const start = lines[0]?.start ?? text.length;
  const end = lines.at(-1)?.end ?? start;
  const { headers, count } = headersOf(text, lines);
  const rest = lines.slice(count);
  const body = { start: rest[0]?.start ?? end, end };
  const value = headers.get('content-type');
  const named = value?.split(';')[0]?.trim().toLowerCase() ?? defaultType;
  const type = named.split('/').length === 2 ? named : 'text/plain';
  const own = { start, headers, type, body };
  if (!type.startsWith('multipart/') || depth > DEEPEST)
    return { ...own, parts: [], problems: early(text, own, rest) };
  const boundary = parameter(value ?? '', 'boundary');
  if (boundary === undefined) {
    const hint = 'Write Content-Type: multipart/mixed; boundary="BOUNDARY".';
    return {
      ...own,
      parts: [],
      problems: [{ start, message: 'The multipart message names no boundary', hint }],
    };
  }
  return { ...own, ...children(text, rest, boundary, type, depth) };
}

/** Headers that stand below an empty line are text. */
function early(
  text: string,
  { start, headers }: { start: number; headers: ReadonlyMap<string, string> },
  rest: readonly Line[],
): MessageProblem[] {
  const first = rest[0];
  if (!first || headers.size === 0) return [];
  if (!/^(?:content-[a-z-]+|mime-version):/i.test(text.slice(first.start, first.textEnd))) return [];
  const message = 'An empty line ends the headers here, so the headers below it are text';
  return [{ start: Math.max(first.start - 1, start), message, hint: 'Remove the empty line.' }];
}

function headersOf(text: string, lines: readonly Line[]): { headers: Map<string, string>; count: number } {
  const headers = new Map<string, string>();
  let name = '';
  let count = 0;
  for (const line of lines) {
    const shown = text.slice(line.start, line.textEnd);
    if (shown === '') return { headers, count: count + 1 };
    const [, word, value = ''] = /^([!-9;-~]+):(.*)$/.exec(shown) ?? [];
    const isContinued = /^[ \t]/.test(shown);
    if (word === undefined && !isContinued && !(count === 0 && shown.startsWith('From '))) break;
    if (isContinued) headers.set(name, `${headers.get(name) ?? ''}\n${shown}`);
    else if (word !== undefined) {
      name = headers.has(word.toLowerCase()) ? '' : word.toLowerCase();
      headers.set(name, value.replace(/^[ \t]+/, ''));
    }
    count++;
  }
  headers.delete('');
  return { headers, count };
}

/** A parameter of a header, such as `boundary="a"`. */
export function parameter(value: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;]*?))\\s*(?:;|$)`, 'i').exec(
    value,
  );
  return found ? (found[1]?.replace(/\\(.)/g, '$1') ?? found[2]) : undefined;
}

function children(
  text: string,
  lines: readonly Line[],
  boundary: string,
  type: string,
  depth: number,
): Pick<Message, 'parts' | 'problems'> {
  const parts: Message[] = [];
  const defaultType = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  let first: number | undefined;
  let isClosed = false;
  const finish = (to: number) => {
    if (first === undefined) return;
    const own = lines.slice(first, to);
    const last = own.at(-1);
    // The line break before a boundary, or at the end of the message, does not belong to the part.
    if (last) own[own.length - 1] = { ...last, end: last.textEnd };
    parts.push(message(text, own, depth + 1, defaultType));
  };
  for (const [index, line] of lines.entries()) {
    const shown = text.slice(line.start, line.textEnd).trimEnd();
    if (shown !== `--${boundary}` && shown !== `--${boundary}--`) continue;
    finish(index);
    first = index + 1;
    if (shown === `--${boundary}`) continue;
    isClosed = true;
    first = undefined;
    break;
  }
  const start = lines[0]?.start ?? text.length;
  if (!isClosed) finish(lines.length);
  if (parts.length === 0) {
    const hint = `Begin each part with the line --${boundary}, and end the message with --${boundary}--.`;
    return {
      parts,
      problems: [
        { start, message: 'No part begins: the boundary of the header is not in the message', hint },
      ],
    };
  }
  return { parts, problems: [] };
}
