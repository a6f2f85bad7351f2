import { Source } from '../../diagnostics/source';
import { type Parsed, type Problem, parseYaml, whyRefused } from './parse';
import { mergeConfigs, mergersOf, withoutMergeKeys } from './parts/merge';
import { type Note, type Part, unixLines } from './parts/part';
import { readParts } from './parts/read-parts';
import { commandScript, fileScripts, type Script, shellOf } from './scripts';
import { type Input, readInput } from './unwrap';
import { type LandedFile, landedFiles } from './written-files';
import { entries, type MappingNode, type Node } from './yaml-node';

/** A document with everything that the rules read, computed once. */
export interface UserDataDocument {
  readonly input: Input;
  readonly source: Source;
  /** Its parts, as cloud-init hands them to its handlers: one for a plain document, several of a MIME message or an archive. */
  readonly parts: readonly Part[];
  /** What reading the parts found. */
  readonly notes: readonly Note[];
  /** Offsets of template expressions, whose values only the server knows. */
  readonly expressions: readonly number[];
  /** Each cloud-config of the document. */
  readonly configs: readonly Parsed[];
  /** The first of them; absent for user data without a cloud-config. */
  readonly yaml: Parsed | undefined;
  /** The cloud-config that cloud-init works with: the first YAML document, whatever its type; of several parts, all merged. */
  readonly root: Node | undefined;
  readonly files: readonly LandedFile[];
  readonly scripts: readonly Script[];
  /** Why cloud-init takes no cloud-config from the document; undefined when it takes one. */
  readonly refused: Problem | undefined;
}

/** @param given the bytes of the file, in any of the forms that a provider accepts */
export function readUserData(given: Uint8Array): UserDataDocument {
  const input = readInput(given);
  const source = new Source(input.text);
  const { parts, notes: found, expressions } = readParts(input);
  const notes = [...found];
  // A wrong header does not stop the reading: the linter reports everything at once.
  const stray = looksLikeCloudConfig(input) ? parseYaml(input.text.replace(/^\ufeff/, ' ')) : undefined;
  const configs = stray ? [stray] : parts.flatMap(({ yaml }) => yaml ?? []);
  const merged = mergedRoot(parts, source, notes);
  const root = merged ?? configs[0]?.documents[0];
  const files = landedFiles(root);
  const scripts = [commandScript(root, 'bootcmd', source), commandScript(root, 'runcmd', source)].filter(
    (script) => script !== undefined,
  );
  for (const part of parts) scripts.push(...partScript(part, parts.length === 1 && input.kind !== 'mime'));
  for (const script of fileScripts(files, source)) scripts.push(script);
  const refused = merged ? undefined : whyNothing(input, configs, notes);
  return {
    input,
    source,
    parts,
    notes,
    expressions,
    configs,
    yaml: configs[0],
    root,
    files,
    scripts,
    refused,
  };
}

function looksLikeCloudConfig({ kind, text }: Input): boolean {
  return (
    kind === 'unknown' &&
    /^(?:write_files|runcmd|packages|users|apt|bootcmd|hostname)\s*:|cloud-config/m.test(text)
  );
}

function whyNothing(input: Input, configs: readonly Parsed[], notes: readonly Note[]): Problem | undefined {
  const place = { path: '', start: 0 } as const;
  if (input.kind === 'unknown') {
    const message = 'it does not begin with a header such as #cloud-config, so cloud-init ignores it';
    return { ...place, code: 'header-missing', message };
  }
  for (const config of configs) {
    const problem = whyRefused(config);
    if (problem) return problem;
  }
  const note = notes.find(({ severity }) => severity === 'error');
  if (note) return { path: '', start: note.start, code: note.code, message: note.message.replace(/\.$/, '') };
  return undefined;
}

/** All cloud-configs that cloud-init accepts, merged in their order. */
function mergedRoot(parts: readonly Part[], source: Source, notes: Note[]): MappingNode | undefined {
  let root: MappingNode | undefined;
  for (const { yaml, mergeType, start } of parts) {
    const [own] = yaml?.documents ?? [];
    if (!yaml || own?.kind !== 'mapping' || whyRefused(yaml)) continue;
    const mergers = mergersOf(own, mergeType);
    const refuse = (message: string, hint: string) => {
      const at = start === 0 ? own.start : start;
      notes.push({ severity: 'error', code: 'merge-how', path: '', start: at, message, hint });
    };
    if (!mergers) {
      const message = 'cloud-init does not know this way of merging, and ignores the part.';
      const hint = 'Write `merge_how: list(append)+dict(recurse_array)+str()`.';
      refuse(message, hint);
      continue;
    }
    if (!mergers.dict) {
      const message = 'The way of merging has no dict(), so cloud-init takes nothing from this part.';
      const hint = 'Write `merge_how: list(append)+dict(no_replace,recurse_list)+str()`.';
      refuse(message, hint);
      root ??= { ...own, entries: [], merged: [] };
      continue;
    }
    if (root && mergers.dict.includes('replace')) notes.push(...replaced(root, own, source));
    root = root ? mergeConfigs(root, own, mergers) : withoutMergeKeys(own);
  }
  return root;
}

/** Keys of earlier parts that a later one replaces. */
function* replaced(root: MappingNode, own: MappingNode, source: Source): Generator<Note> {
  const before = new Map(entries(root).map((entry) => [entry.name, entry]));
  for (const { name, key, value } of entries(own)) {
    const first = before.get(name);
    if (!first || (first.value.kind === 'scalar' && value.kind === 'scalar')) continue;
    const { line } = source.at(first.key.start);
    const message = `This replaces ${name} of an earlier part (line ${line}), all of it; cloud-init does not join the two.`;
    const hint =
      'To join them, write `merge_how: list(append)+dict(no_replace,recurse_list)+str()` in this part.';
    yield { severity: 'warning', code: 'part-replaces', path: name, start: key.start, message, hint };
  }
}

/** A part that cloud-init runs as a program. @param isWhole whether the part is the whole document */
function partScript(part: Part, isWhole: boolean): Script[] {
  const { kind, placement } = part;
  if (kind !== 'script' && kind !== 'boothook') return [];
  const whole = unixLines(part.text);
  // A boot hook loses its header and what is blank below.
  const header = kind === 'boothook' ? (/^\s*#cloud-boothook\s*/.exec(whole)?.[0] ?? '') : '';
  const text = whole.slice(header.length);
  const shell = shellOf(text.trimStart());
  if (!shell) return [];
  const lines = new Source(part.text);
  const first = header.split('\n').length;
  const place = (line: number) => ({ path: '', start: placement.at(lines.lineStart(first + line - 1)) });
  return [{ name: isWhole ? 'user data' : part.name, shell, text, place }];
}
