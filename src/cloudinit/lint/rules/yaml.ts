/** YAML itself: how cloud-init's reader (PyYAML, YAML 1.1) reads it, which may differ from how it looks. */

import { namesSecret } from '../../read/excerpt';
import type { Parsed } from '../../read/parse';
import type { UserDataDocument } from '../../read/user-data';
import { type Node, type ScalarNode, walk } from '../../read/yaml-node';
import { differsInYaml11, type Reading, readYaml11 } from '../../read/yaml11';
import { error, type Finding, warning } from '../finding';

/** @param wanted the types that cloud-init expects, so that `yes` for a boolean or `0o644` for text is right */
export function* yamlRules(
  document: UserDataDocument,
  wanted: ReadonlyMap<Node, readonly string[]>,
): Generator<Finding> {
  const { configs, root } = document;
  for (const yaml of configs) yield* ofReading(yaml, document);
  if (!root) return;
  for (const { node, isKey } of walk(root)) {
    if (node.kind !== 'scalar') continue;
    yield* yaml11(node, isKey, wanted.get(node) ?? []);
  }
}

/** What the reader itself found. */
function* ofReading(yaml: Parsed, { source, expressions }: UserDataDocument): Generator<Finding> {
  yield* syntax(yaml);
  for (const { key, first } of yaml.duplicates) {
    // The name is another one on the server.
    if (expressions.some((at) => at >= key.start && at <= key.end)) continue;
    const line = source.at(first.start).line;
    const message = `The key ${key.text} stands here a second time (first in line ${line}); cloud-init keeps the last.`;
    yield error('yaml-duplicate-key', { ...key, path: join(key.path, key.text) }, message);
  }
  for (const { code, message, given, hint, ...place } of yaml.refusals) {
    // Text behind ! or in a number may be a password.
    const isShown = given !== undefined && !namesSecret(source, source.at(place.start).line);
    const details = { ...(isShown ? { given } : {}), ...(hint === undefined ? {} : { hint }) };
    yield error(code, place, message, details);
  }
}

function* syntax({ problem, second, documents }: Parsed): Generator<Finding> {
  const [root] = documents;
  if (second) {
    const message = 'A second YAML document begins here; cloud-init reads documents of one part only.';
    yield error('yaml-documents', second, message, { hint: 'Remove the line --- and join the keys.' });
  }
  if (problem) {
    const { code, message, hint } = problem;
    const words = `${message}; cloud-init refuses the document.`;
    yield error(code, problem, words, hint === undefined ? {} : { hint });
  } else if (!root || (root.kind === 'scalar' && root.type === 'null')) {
    const place = root ?? { path: '', start: 0 };
    yield warning('yaml-not-a-map', place, 'The document holds no keys; cloud-init has nothing to do.');
  } else if (root.kind !== 'mapping') yield notMapping(root);
}

function notMapping(root: Node): Finding {
  const what = root.kind === 'sequence' ? 'a list' : 'text';
  const message = `The document is ${what} in place of keys; cloud-init refuses it.`;
  const word = root.kind === 'scalar' ? /^[a-z][a-z0-9_-]*/.exec(root.text)?.[0] : undefined;
  const isKey = word !== undefined && root.kind === 'scalar' && /^\S+(?:\s|$)/.test(root.text);
  const hint = isKey ? `A colon is missing: write \`${word}:\`.` : 'Begin with a key, such as `packages:`.';
  return error('yaml-not-a-map', root, message, { hint });
}

/** Unquoted text that YAML 1.1 reads differently from YAML 1.2. The message does not repeat secrets. */
function* yaml11(node: ScalarNode, isKey: boolean, wanted: readonly string[]): Generator<Finding> {
  if (node.style !== 'plain' || node.tag !== '') return;
  if (!differsInYaml11(node.text)) return;
  const here = readYaml11(node.text);
  // A refusal of the whole document is reported as such.
  if (here.type === 'refused') return;
  if ((here.type === 'bool' || here.type === 'str') && wanted.includes(here.type)) return;
  const isSecret = /(?:^|[._-])(?:(?:ch)?pass\w*|secret|token|keys?)(?:$|[.[])/i.test(node.path);
  const shown = isSecret ? 'This text' : node.text;
  const hint = `Put it in quotes${isKey ? '' : ', or write what is meant'}.`;
  yield warning('yaml11-scalar', node, `${shown} is ${describe(here)} to cloud-init (YAML 1.1).`, { hint });
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
