/** YAML text to positioned nodes, as PyYAML's safe_load reads it inside cloud-init. */
import type { Code } from '../../diagnostics/codes';
import type { Place } from '../../diagnostics/source';
import { AS_IT_IS, type Placement } from './placement';
import { Composer } from './yaml/compose';
import { YamlFailure } from './yaml/cursor';
import { type Refusal, refusals } from './yaml/refusals';
import type { Node, ScalarNode } from './yaml-node';

export interface Problem extends Place {
  readonly code: Code;
  /** Half a sentence, without a full stop. */
  readonly message: string;
  readonly hint?: string;
}

export interface Parsed {
  readonly documents: readonly Node[];
  /** Why there is no tree; then `documents` is empty. */
  readonly problem?: Problem;
  /** Where a second document begins: cloud-init reads one. */
  readonly second?: Place;
  /** What the safe loader refuses in the first document, although it is YAML. */
  readonly refusals: readonly Refusal[];
  readonly anchors: readonly (Place & { readonly name: string })[];
  readonly duplicates: readonly { readonly key: ScalarNode; readonly first: ScalarNode }[];
}

/** Characters that PyYAML refuses anywhere, comments included (yaml/reader.py). */
const REFUSED = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * @param placement where the text is in the document that the user sees
 * @returns all documents of the text, or the first problem; it never throws for an invalid text
 */
export function parseYaml(text: string, placement: Placement = AS_IT_IS): Parsed {
  const composer = new Composer(text, placement);
  const documents: Node[] = [];
  let second: Place | undefined;
  try {
    const refused = REFUSED.exec(text);
    if (refused) throw forbidden(refused[0], refused.index);
    for (let node = composer.document(true); node; node = composer.document(false)) {
      documents.push(node);
      const start = second ? undefined : composer.following();
      if (start !== undefined) second = { path: '', start };
    }
  } catch (cause) {
    if (!(cause instanceof YamlFailure)) throw cause;
    const { code, message, hint } = cause;
    const place = { path: '', start: placement.at(cause.start) };
    const problem = { ...place, code, message, ...(hint === undefined ? {} : { hint }) };
    return {
      documents: [],
      problem,
      ...(second ? { second } : {}),
      refusals: [],
      anchors: [],
      duplicates: [],
    };
  }
  const { anchors, duplicates } = composer.nodes;
  const [first] = documents;
  const refused = first ? [...refusals(first)] : [];
  return { documents, ...(second ? { second } : {}), refusals: refused, anchors, duplicates };
}

function forbidden(character: string, start: number): YamlFailure {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const message = `YAML forbids the character U+${code} anywhere, in comments too`;
  return new YamlFailure(start, message, 'Remove it, or encode the file that needs it with b64.', {
    code: 'yaml-character',
  });
}

/** @param name of a YAML 1.1 tag, without its prefix */
export function isTag(tag: string, name: string): boolean {
  return tag === `!!${name}`;
}

/** Why cloud-init takes nothing from the document, as half a sentence with its place; undefined when it takes it. */
export function whyRefused({ problem, second, refusals: [refusal], documents }: Parsed): Problem | undefined {
  if (second) {
    const message = 'a second YAML document begins here, and cloud-init reads one';
    return { ...second, code: 'yaml-documents', message };
  }
  if (problem) return problem;
  if (refusal) {
    const message = refusal.message.replace(/(?:; cloud-init refuses the (?:whole )?document)?\.$/, '');
    return { ...refusal, message };
  }
  const [root] = documents;
  if (root?.kind === 'mapping') return undefined;
  const isEmpty = !root || (root.kind === 'scalar' && root.type === 'null');
  const message = isEmpty ? 'it holds no keys' : 'it holds a list or text in place of keys';
  return { path: '', start: root?.start ?? 0, code: 'yaml-not-a-map', message };
}
