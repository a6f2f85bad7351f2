/** The entries of write_files as they land on the server (cloud-init's cc_write_files.py). */
import { absolutePath } from '../../server/absolute-path';
import { type Decoded, decodeBase64, gunzip, MAX_DECODED, utf8 } from './decode';
import { get, isTrue, items, type MappingNode, type Node, type ScalarNode, text } from './yaml-node';

export interface LandedFile {
  readonly node: MappingNode;
  /** As written. */
  readonly path: string;
  /** Absolute, without `.` and `..`, as os.path.abspath makes it in `/`. */
  readonly target: string;
  readonly owner: string;
  /** Bits as cloud-init sets them, undefined when it cannot read them and uses 0644. */
  readonly mode: number | undefined;
  readonly encoding: string;
  readonly content: ScalarNode | undefined;
  readonly decoded: Decoded;
  /** The content, when it is UTF-8 text. */
  readonly text: string | undefined;
  readonly isDeferred: boolean;
  readonly isAppended: boolean;
  /** Where cloud-init fetches the content from; then `decoded` is only the fallback. */
  readonly uri: string | undefined;
}

export const DEFAULT_MODE = 0o644;

const UNDO: Readonly<Record<string, readonly ('base64' | 'gzip')[]>> = {
  gz: ['gzip'],
  gzip: ['gzip'],
  b64: ['base64'],
  base64: ['base64'],
  'gz+b64': ['base64', 'gzip'],
  'gz+base64': ['base64', 'gzip'],
  'gzip+b64': ['base64', 'gzip'],
  'gzip+base64': ['base64', 'gzip'],
  'text/plain': [],
};

export const ENCODINGS = Object.keys(UNDO);

/** cloud-init compares encodings in lower case, stripped of white space. */
export function isKnownEncoding(encoding: string): boolean {
  return Object.hasOwn(UNDO, encoding.trim().toLowerCase());
}

/** Entries with a path, in the order in which cloud-init writes them: deferred ones after all others. */
export function landedFiles(root: Node | undefined): LandedFile[] {
  const files: LandedFile[] = [];
  // One limit for all of them: aliases and gzip expand a little into a lot.
  let left = MAX_DECODED;
  const decode = sharedDecoding();
  for (const node of items(get(root, 'write_files'))) {
    if (node.kind !== 'mapping' || !text(node, 'path')) continue;
    const file = landedFile(node, left, decode);
    left -= file.decoded.bytes?.length ?? 0;
    files.push(file);
  }
  return [...files.filter((file) => !file.isDeferred), ...files.filter((file) => file.isDeferred)];
}

export const HALF_CHARACTER = 'it holds half of a character, which cloud-init cannot write';

/** Whether Python cannot write the file, because an escape in it is half of a character. */
export function hasSurrogate({ node, content }: LandedFile): boolean {
  const path = get(node, 'path');
  return content?.surrogate !== undefined || (path?.kind === 'scalar' && path.surrogate !== undefined);
}

function landedFile(node: MappingNode, limit: number, decode: typeof decodeContent): LandedFile {
  const path = text(node, 'path') ?? '';
  const encoding = text(node, 'encoding') ?? 'text/plain';
  const value = get(node, 'content');
  const content = value?.kind === 'scalar' ? value : undefined;
  const decoded = decode(content, encoding, limit);
  return {
    node,
    path,
    target: absolutePath(path),
    owner: text(node, 'owner') ?? 'root:root',
    mode: modeOf(get(node, 'permissions')),
    encoding,
    content,
    decoded,
    text: decoded.text,
    isDeferred: isTrue(get(node, 'defer')),
    isAppended: isTrue(get(node, 'append')),
    uri: text(get(node, 'source'), 'uri'),
  };
}

/** decode_perms: a number is the bits, anything else is read as octal text. */
export function modeOf(node: Node | undefined): number | undefined {
  if (!node || (node.kind === 'scalar' && node.type === 'null')) return DEFAULT_MODE;
  if (node.kind !== 'scalar') return undefined;
  if (node.type === 'int' || node.type === 'float') return Math.trunc(Number(node.reading.value));
  // Python's int(text, 8): a sign, 0o, and single underscores between digits are taken.
  const [, sign, digits] = /^\s*([-+]?)(?:0[oO]_?)?([0-7]+(?:_[0-7]+)*)\s*$/.exec(node.text) ?? [];
  if (digits === undefined) return undefined;
  return Number.parseInt(`${sign}${digits.replaceAll('_', '')}`, 8);
}

/** Decodes the content that several files share by an alias once. */
function sharedDecoding(): typeof decodeContent {
  const known = new Map<ScalarNode | undefined, Map<string, Content>>();
  return (content, encoding, limit) => {
    const forms = known.get(content) ?? new Map<string, Content>();
    known.set(content, forms);
    const before = forms.get(encoding);
    if (before) return (before.bytes?.length ?? 0) > limit ? TOO_LARGE : before;
    const made = decodeContent(content, encoding, limit);
    forms.set(encoding, made);
    return made;
  };
}

interface Content extends Decoded {
  readonly text?: string | undefined;
}

const TOO_LARGE: Content = {
  problem: `all files together have more than ${MAX_DECODED} bytes`,
  isTooLarge: true,
};

function decodeContent(content: ScalarNode | undefined, encoding: string, limit: number): Content {
  if (!content || content.type === 'null') return { bytes: new Uint8Array(), text: '' };
  if (content.text.length > limit) return TOO_LARGE;
  const decoded = undone(content, encoding, limit);
  return decoded.bytes ? { ...decoded, text: utf8(decoded.bytes) } : decoded;
}

function undone(content: ScalarNode, encoding: string, limit: number): Decoded {
  // A value marked !!binary has been decoded by YAML before cloud-init looks at the encoding.
  let result: Decoded = content.type === 'binary' ? decodeBase64(content.text) : plain(content.text);
  for (const step of UNDO[encoding.trim().toLowerCase()] ?? []) {
    if (!result.bytes) return result;
    const next = step === 'gzip' ? gunzip(result.bytes, limit) : decodeBase64(utf8(result.bytes) ?? '');
    const problem = next.problem ? `${step}: ${next.problem}` : result.problem;
    result = { ...next, ...(problem ? { problem } : {}) };
  }
  return result;
}

function plain(value: string): Decoded {
  return { bytes: new TextEncoder().encode(value) };
}
