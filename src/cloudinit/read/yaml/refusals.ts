/** What PyYAML's safe loader refuses although it is YAML: it raises an error, and the whole document is lost. */
import type { Code } from '../../../diagnostics/codes';
import type { Place } from '../../../diagnostics/source';
import { decodeBase64 } from '../decode';
import { type MappingNode, type Node, type ScalarNode, walk } from '../yaml-node';

export interface Refusal extends Place {
  readonly code: Code;
  readonly message: string;
  readonly given?: string;
  readonly hint?: string;
}

const SCALARS = ['str', 'int', 'float', 'bool', 'null', 'timestamp', 'binary'];
const SEQUENCES = ['seq', 'omap', 'pairs'];
const MAPPINGS = ['map', 'set'];
const KNOWN = [...SCALARS, ...SEQUENCES, ...MAPPINGS];

export function* refusals(root: Node): Generator<Refusal> {
  for (const { node, isKey } of walk(root)) {
    yield* ofTag(node);
    if (node.kind === 'mapping') yield* ofKeys(node);
    if (node.kind === 'scalar') yield* ofScalar(node, isKey);
  }
}

function* ofTag(node: Node): Generator<Refusal> {
  const { tag, kind } = node;
  if (tag === '' || tag === '!') return;
  const name = tag.startsWith('!!') ? tag.slice(2) : '';
  const fitting = { scalar: SCALARS, sequence: SEQUENCES, mapping: MAPPINGS }[kind];
  const isPairs = name === 'omap' || name === 'pairs';
  const hasPairs = node.kind === 'sequence' && node.items.every(isPair);
  if (fitting.includes(name) && (!isPairs || hasPairs)) return;
  const isKnown = KNOWN.includes(name);
  const message = isKnown
    ? 'The tag is for another kind of value; cloud-init refuses the document.'
    : "cloud-init's YAML reader does not know the tag and refuses the document.";
  const hint = "Remove the tag. If ! belongs to the value, put the value in quotes: '!...'.";
  yield { code: 'yaml-tag', path: node.path, start: node.tagAt ?? node.start, message, given: tag, hint };
}

function isPair(node: Node): boolean {
  return node.kind === 'mapping' && node.entries.length + node.merged.length === 1;
}

function* ofKeys({ entries, start, path }: MappingNode): Generator<Refusal> {
  for (const { key, value } of entries) {
    const place = { path, start: Math.max(start, key.start) };
    if (key.kind !== 'scalar') {
      const message = 'A list or map is used as a key; cloud-init refuses the document.';
      const hint = 'If this is a placeholder such as {{ name }}, put it in quotes.';
      yield { code: 'yaml-key', ...place, message, hint };
    } else if (isMergeKey(key)) {
      const message =
        'The merge key << takes a mapping or a list of mappings; cloud-init refuses the document.';
      yield {
        code: 'yaml-key',
        path: value.path,
        start: value.start,
        message,
        hint: 'Write an alias, such as `<<: *name`.',
      };
    }
  }
}

function isMergeKey({ style, tag, text }: ScalarNode): boolean {
  return style === 'plain' && tag === '' && text === '<<';
}

function* ofScalar(node: ScalarNode, isKey: boolean): Generator<Refusal> {
  const { path, start, reading, text } = node;
  if (node.type === 'binary') {
    const problem = /[^\0-\x7f]/.test(text) ? 'it holds characters that are not ASCII' : decodeBase64(text);
    const reason = typeof problem === 'string' ? problem : problem.bytes ? undefined : problem.problem;
    if (reason === undefined) return;
    const message = `The text after !!binary is not base64 (${reason}); cloud-init refuses the whole document.`;
    yield {
      code: 'yaml-binary',
      path,
      start,
      message,
      hint: 'Write it with `base64 -w0 FILE`, or remove !!binary.',
    };
  } else if (reading.type === 'refused') {
    // As a key, = is text and << merges.
    if (isKey && node.tag === '' && (text === '=' || text === '<<')) return;
    const shown = /(?:^|[._-])(?:pass\w*|secret|token|keys?)(?:$|[.[])/i.test(path) ? 'This text' : text;
    const hint = `Put it in quotes${isKey ? '' : ', or write what is meant'}.`;
    const message = `${shown}: cloud-init refuses the document, since ${reading.value}.`;
    yield { code: 'yaml11-refused', path, start, message, hint };
  }
}
