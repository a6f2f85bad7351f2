/** The content of files: whether it decodes, and whether it is the YAML or JSON that its name promises. */

import { parseEvents, YAMLException } from 'js-yaml';
import { type Place, Source } from '../../../diagnostics/source';
import { decodeBase64 } from '../../read/decode';
import { parseYaml } from '../../read/parse';
import { linePlace, shellOf } from '../../read/scripts';
import { ENCODINGS, isKnownEncoding, type LandedFile } from '../../read/written-files';
import { get, type ScalarNode } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import { jsonProblem } from '../json-syntax';
import { perText } from '../once-per-text';

export function* fileContentRules(files: readonly LandedFile[], source: Source): Generator<Finding> {
  const parsed = perText((text) => ({ ...parsedFile(text), own: new Source(text) }));
  const problemOf = perText(jsonProblem);
  const told = new Set<string>();
  for (const file of files) {
    yield* encoding(file);
    if (file.text === undefined || !file.content) continue;
    if (/\.ya?ml$/i.test(file.target)) {
      yield* yaml(file, parsed(file.text), source, !told.has(file.text));
      told.add(file.text);
    }
    if (/\.json$/i.test(file.target)) yield* json(file, problemOf(file.text), source);
    if (/^#![^\n]*\r/.test(file.text) && shellOf(file.text.replaceAll('\r', ''))) {
      const message =
        'The first line of the script ends in CR LF: the kernel looks for a program named with a CR.';
      yield error('crlf-script', file.content, message, { given: file.path });
    }
  }
}

function* encoding(file: LandedFile): Generator<Finding> {
  if (!isKnownEncoding(file.encoding)) {
    const place = get(file.node, 'encoding') ?? file.node;
    const message = 'cloud-init does not know the encoding and writes the content as it stands.';
    yield error('encoding-unknown', place, message, { given: file.encoding, expected: ENCODINGS.join(', ') });
  } else if (file.decoded.problem && file.content && !isRefused(file.content)) {
    const effect = file.decoded.bytes
      ? 'does not decode as it should'
      : 'does not decode; this file and all later ones are not written';
    const message = `The content ${effect} (${file.decoded.problem}).`;
    yield error('content-decode', file.content, message, { given: file.encoding });
  }
}

/**
 * The file's own reader may be of YAML 1.1 or 1.2: a file is wrong when neither takes it. The first names the mistake.
 */
function parsedFile(text: string): ReturnType<typeof parseYaml> {
  const { problem, ...parsed } = parseYaml(text);
  if (problem === undefined || isYaml12(text)) return parsed;
  return { problem, ...parsed };
}

function isYaml12(text: string): boolean {
  try {
    parseEvents(text, {});
    return true;
  } catch (cause) {
    if (cause instanceof YAMLException) return false;
    throw cause;
  }
}

/** The reader reports !!binary that does not decode, since the whole document is lost. */
function isRefused(content: ScalarNode): boolean {
  return content.type === 'binary' && decodeBase64(content.text).bytes === undefined;
}

/** Place of an offset in the content, whose own lines are `own`: exact in a literal, else the scalar and the line. */
function inside(
  file: LandedFile,
  own: Source,
  source: Source,
  offset: number,
): { place: Place; where: string } {
  const content = file.content!;
  const { line, column } = own.at(offset);
  if (content.block && file.encoding === 'text/plain') {
    return { place: linePlace(source, content, line, column), where: '' };
  }
  return { place: content, where: ` (line ${line}, column ${column} of the file)` };
}

/** @param isFirst of the files with this text: only there the rule lists its duplicate keys */
function* yaml(
  file: LandedFile,
  { problem, duplicates, own }: ReturnType<typeof parseYaml> & { readonly own: Source },
  source: Source,
  isFirst: boolean,
): Generator<Finding> {
  if (problem) {
    const { place, where } = inside(file, own, source, problem.start);
    const message = `${file.path} is not YAML: ${problem.message}${where}.`;
    // A file with placeholders may be rendered on the server before a program reads it.
    const isTemplate = /\{\{|\{%/.test(file.text!);
    yield isTemplate ? warning('file-yaml', place, message) : error('file-yaml', place, message);
  }
  if (!isFirst) return;
  for (const { key } of duplicates) {
    const { place, where } = inside(file, own, source, key.start);
    yield warning(
      'file-yaml-duplicate-key',
      place,
      `${file.path}: the key ${key.text} is there twice${where}.`,
    );
  }
}

function* json(
  file: LandedFile,
  problem: ReturnType<typeof jsonProblem>,
  source: Source,
): Generator<Finding> {
  if (!problem) return;
  const { place, where } = inside(file, new Source(file.text!), source, problem.start);
  yield error('file-json', place, `${file.path} is not JSON: ${problem.message}${where}.`);
}
