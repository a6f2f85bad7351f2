import { Source } from '../../diagnostics/source';
import { type Parsed, parseYaml } from './parse';
import { commandScript, fileScripts, type Script } from './scripts';
import { type Input, readInput } from './unwrap';
import { type LandedFile, landedFiles } from './written-files';
import type { Node } from './yaml-node';

/** A document with everything that the rules read, computed once. */
export interface UserDataDocument {
  readonly input: Input;
  readonly source: Source;
  /** Absent for user data that is not a cloud-config. */
  readonly yaml: Parsed | undefined;
  /** The first YAML document, whatever its type. */
  readonly root: Node | undefined;
  readonly files: readonly LandedFile[];
  readonly scripts: readonly Script[];
}

/** @param given the bytes of the file, in any of the forms that a provider accepts */
export function readUserData(given: Uint8Array): UserDataDocument {
  const input = readInput(given);
  const source = new Source(input.text);
  // A wrong header does not stop the reading: the linter reports everything at once.
  const isYaml = input.kind === 'cloud-config' || looksLikeCloudConfig(input);
  const yaml = isYaml ? parseYaml(input.text.replace(/^\ufeff/, ' ')) : undefined;
  const root = yaml?.documents[0];
  const files = landedFiles(root);
  const scripts = [commandScript(root, 'bootcmd', source), commandScript(root, 'runcmd', source)].filter(
    (script) => script !== undefined,
  );
  if (input.kind === 'script') scripts.push(wholeScript(input.text));
  for (const script of fileScripts(files, source)) scripts.push(script);
  return { input, source, yaml, root, files, scripts };
}

function looksLikeCloudConfig({ kind, text }: Input): boolean {
  return (
    kind === 'unknown' &&
    /^(?:write_files|runcmd|packages|users|apt|bootcmd|hostname)\s*:|cloud-config/m.test(text)
  );
}

function wholeScript(text: string): Script {
  const source = new Source(text);
  const shell = /^#!.*\bbash\b/.test(text.trimStart()) ? 'bash' : 'sh';
  return { name: 'user data', shell, text, place: (line) => ({ path: '', start: source.lineStart(line) }) };
}
