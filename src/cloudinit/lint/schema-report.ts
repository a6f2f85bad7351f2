/** What `cloud-init schema` prints, as findings (its config/schema.py, releases 22.4 and 26.2). */

import type { Place } from '../../diagnostics/source';
import { redacted } from '../read/secrets';
import { entries, type Node } from '../read/yaml-node';
import { error, type Finding, info, warning } from './finding';

const CODE = 'cloud-init-schema';
const START: Place = { path: '', start: 0 };

export interface SchemaAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param answer undefined when cloud-init is not installed */
export function schemaFindings(answer: SchemaAnswer | undefined, root: Node | undefined): Finding[] {
  if (!answer)
    return [info(CODE, START, 'cloud-init is not installed here; its own schema was not checked.')];
  const said = `${answer.stdout}\n${answer.stderr}`;
  const findings = [
    ...listed(said, 'errors', root).map(([path, message]) => error(CODE, placeOf(root, path), message)),
    ...listed(said, 'deprecations', root).map(([path, message]) =>
      warning(CODE, placeOf(root, path), message),
    ),
  ];
  const hasErrors = findings.some(({ severity }) => severity === 'error');
  if (answer.code !== 0 && !hasErrors) {
    const words = redacted(said.trim().replace(/[[{].*[\]}]/g, '...')).slice(0, 500);
    findings.push(error(CODE, START, `cloud-init schema ended with ${answer.code ?? 'a signal'}: ${words}`));
  }
  // It also exits with 0 when it skips everything, because the Python module jsonschema is missing.
  if (answer.code === 0 && !/^\s*Valid (?:schema|cloud-config)/m.test(said)) findings.push(skipped());
  return findings;
}

/** For the answer to a document that must be refused: without jsonschema, 22.4 calls everything valid. */
export function schemaProbeFindings(answer: SchemaAnswer | undefined): Finding[] {
  return answer?.code === 0 ? [skipped()] : [];
}

/** Every working cloud-init refuses this document. */
export const SCHEMA_PROBE = '#cloud-config\nruncmd: 1\n';

function skipped(): Finding {
  const hint = 'Install python3-jsonschema.';
  return warning(CODE, START, 'cloud-init is installed, but checked nothing (jsonschema is missing).', {
    hint,
  });
}

/** `Cloud config schema errors: path: message, path: message`, in one line; a path starts with a key of the document. */
function listed(said: string, what: 'errors' | 'deprecations', root: Node | undefined): [string, string][] {
  const keys = new Set(entries(root).map(({ name }) => name));
  const found: [string, string][] = [];
  for (const [, list = ''] of said.matchAll(new RegExp(`^.*Cloud config schema ${what}: (.*)$`, 'gm'))) {
    for (const piece of list.split(', ')) {
      const [, path = '', message = ''] = /^([^\s:]+): +(.*)$/.exec(piece) ?? [];
      const last = found.at(-1);
      if (keys.has(path.split('.')[0] ?? '') || path.startsWith('format-')) found.push([path, message]);
      else if (last) last[1] += `, ${piece}`;
      else found.push(['', piece]);
    }
  }
  return oncePerPath(found.map(([path, message]) => [path, redacted(withoutValue(message))]));
}

/** What jsonschema writes after a value. */
const VERDICT =
  /^.* (?=(?:is not of type|is not one of|is not valid under|is valid under each of|does not match|is not an? '|is too (?:long|short)|should be non-empty|has non-unique|is less than|is not allowed for|does not have enough) ?)/s;

/** A message without the value that it begins with, which may hold a password. */
function withoutValue(message: string): string {
  const rest = message.replace(VERDICT, 'The value ');
  return /is valid under each of/.test(rest)
    ? 'The value fits several forms, and only one can be meant'
    : rest;
}

/** For one fault the validator names every form that the value could have; the first specific message is enough. */
function oncePerPath(found: readonly [string, string][]): [string, string][] {
  const isGeneral = (message: string) => /^The value is not (?:of type|valid under)/.test(message);
  return found.filter(([path, message], index) => {
    const others = found.filter((other) => other[0] === path);
    if (others.some((other) => !isGeneral(other[1]))) return !isGeneral(message);
    return found.findIndex((other) => other[0] === path) === index;
  });
}

/** The node of `write_files.0.owner`, or the deepest node on that path; keys may contain dots. */
function placeOf(root: Node | undefined, path: string): Place {
  if (!root || path === '') return START;
  if (root.kind === 'sequence') {
    const [, index = '', rest = ''] = /^(\d+)(?:\.(.*))?$/.exec(path) ?? [];
    const item = index === '' ? undefined : root.items[Number(index)];
    return item ? placeOrSelf(item, rest) : root;
  }
  for (const { name, key, value } of entries(root)) {
    if (path === name) return { path: value.path, start: key.start };
    if (path.startsWith(`${name}.`)) return placeOrSelf(value, path.slice(name.length + 1));
  }
  return root;
}

function placeOrSelf(node: Node, rest: string): Place {
  return rest === '' ? node : placeOf(node, rest);
}
