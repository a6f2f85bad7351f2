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
  return found.map(([path, message]) => [path, redacted(withoutValue(path, message))]);
}

const SECRET_KEY = /pass|secret|token|key|hash|auth/i;

/** jsonschema repeats the whole value, with every password in it: `{'name': 'a', 'passwd': 'b'} is not valid ...`. */
function withoutValue(path: string, message: string): string {
  const isSecret = SECRET_KEY.test(path.split('.').at(-1) ?? '');
  const value = isSecret ? /^(?:\{.*\}|\[.*\]|'.*'|".*"|\S+)(?= )/s : /^(?:\{.*\}|\[.*\])(?= )/s;
  return message.replace(value, 'The value');
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
