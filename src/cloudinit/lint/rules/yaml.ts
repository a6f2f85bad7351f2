/** YAML itself: how cloud-init's reader (PyYAML, YAML 1.1) reads it, which may differ from how it looks. */

import type { Parsed } from '../../read/parse';
import type { UserDataDocument } from '../../read/user-data';
import { type MappingNode, type Node, type ScalarNode, walk } from '../../read/yaml-node';
import { differsInYaml11, type Reading, readYaml11 } from '../../read/yaml11';
import { error, type Finding, warning } from '../finding';

/** Tags that PyYAML's safe loader knows; it rejects a document with any other. */
const KNOWN_TAG =
  /^(?:!|(?:!!|!<tag:yaml\.org,2002:)(?:str|int|float|bool|null|binary|timestamp|seq|map|set|omap|pairs)>?)?$/;

/** @param wanted the types that cloud-init expects, so that `yes` for a boolean or `0o644` for text is right */
export function* yamlRules(
  document: UserDataDocument,
  wanted: ReadonlyMap<Node, readonly string[]>,
): Generator<Finding> {
  const { yaml, root } = document;
  if (!yaml) return;
  yield* syntax(yaml, document);
  for (const { key, first } of yaml.duplicates) {
    const line = document.source.at(first.start).line;
    const message = `The key ${key.text} stands here a second time (first in line ${line}); cloud-init keeps the last.`;
    yield error('yaml-duplicate-key', { ...key, path: join(key.path, key.text) }, message);
  }
  if (!root) return;
  yield* scanner(yaml, root);
  for (const { node, isKey } of walk(root)) {
    if (!KNOWN_TAG.test(node.tag)) {
      yield error(
        'yaml-tag',
        node,
        "cloud-init's YAML reader does not know the tag and refuses the document.",
        {
          given: node.tag,
        },
      );
    }
    if (node.kind === 'mapping') yield* keys(node);
    if (node.kind === 'scalar') yield* yaml11(node, isKey, wanted.get(node) ?? []);
  }
}

function* syntax({ problem, documents }: Parsed, { source, input }: UserDataDocument): Generator<Finding> {
  if (problem) {
    const line = source.at(problem.start).line;
    const hasTab = /^ *\t/.test(input.text.slice(source.lineStart(line)));
    const hint = hasTab ? { hint: 'There is a tab in the indentation: indent with blanks.' } : {};
    yield error('yaml-syntax', problem, `The YAML cannot be read: ${problem.message}.`, hint);
  } else if (documents[1]) {
    const message = 'A second YAML document begins here; cloud-init reads documents of one part only.';
    yield error('yaml-documents', documents[1], message);
  } else if (documents[0]?.kind !== 'mapping') {
    const place = documents[0] ?? { path: '', start: 0 };
    yield warning('yaml-not-a-map', place, 'The document holds no keys; cloud-init has nothing to do.');
  }
}

function* keys({ entries, start, path }: MappingNode): Generator<Finding> {
  for (const { key } of entries) {
    const isEmpty = key.kind === 'scalar' && key.style === 'plain' && key.text === '';
    if (key.kind === 'scalar' && !isEmpty) continue;
    const what = isEmpty ? 'The key before this colon is missing' : 'A list or map is used as a key';
    const hint = isEmpty ? 'Write a key.' : 'If this is a placeholder such as {{ name }}, put it in quotes.';
    const place = { path, start: Math.max(start, key.start) };
    yield error('yaml-key', place, `${what}; cloud-init refuses the document.`, { hint });
  }
}

/** What PyYAML's scanner reads as syntax and YAML 1.2 as text: `[a?b]`, `[:80]` and names of anchors. */
function* scanner({ anchors }: Parsed, root: Node): Generator<Finding> {
  for (const { node } of walk(root)) {
    if (node.kind !== 'scalar' || !node.inFlow || node.style !== 'plain' || !/\?|^:/.test(node.text))
      continue;
    const message =
      "Inside [ ] and { } cloud-init's YAML reader takes ? and a leading : for syntax and refuses them.";
    yield error('yaml-flow', node, message, { hint: 'Put it in quotes.' });
  }
  for (const anchor of anchors) {
    if (/^[A-Za-z0-9_-]+$/.test(anchor.name)) continue;
    const message = "cloud-init's YAML reader wants letters, digits, _ and - in the name of an anchor.";
    yield error('yaml-anchor', anchor, message, { given: anchor.name });
  }
}

/** Unquoted text that YAML 1.1 reads differently from YAML 1.2. The message does not repeat secrets. */
function* yaml11(node: ScalarNode, isKey: boolean, wanted: readonly string[]): Generator<Finding> {
  if (node.style !== 'plain' || node.tag !== '') return;
  if (!differsInYaml11(node.text)) return;
  const here = readYaml11(node.text);
  if ((here.type === 'bool' || here.type === 'str') && wanted.includes(here.type)) return;
  const isSecret = /(?:^|[._-])(?:(?:ch)?pass\w*|secret|token|keys?)(?:$|[.[])/i.test(node.path);
  const shown = isSecret ? 'This text' : node.text;
  const hint = `Put it in quotes${isKey ? '' : `, or write what is meant`}.`;
  if (here.type === 'refused') {
    yield error('yaml11-refused', node, `${shown}: cloud-init refuses the document, since ${here.value}.`, {
      hint,
    });
  } else {
    yield warning('yaml11-scalar', node, `${shown} is ${describe(here)} to cloud-init (YAML 1.1).`, { hint });
  }
}

function describe(reading: Reading): string {
  if (reading.type === 'str') return 'text, not a number,';
  if (reading.type === 'int') return `the number ${reading.value}`;
  if (reading.type === 'bool') return String(reading.value);
  return reading.type === 'timestamp' ? 'a date' : `the number ${reading.value}`;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
