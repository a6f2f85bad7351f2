import { dirname, isAbsolute, join } from 'node:path';
import { load, YAMLException } from 'js-yaml';
import type { Diagnostic } from '../deployment/diagnostic';
import { type Asked, OPTION_NAMES, optionOf } from '../deployment/options';
import { shown } from '../deployment/shown';

/** Reads a file's text; throws as node:fs does. Handed in, so that tests need no file. */
export type ReadText = (path: string) => string;

export interface Gathered {
  /** Option names with values; file options hold the file's text. */
  readonly asked: Asked;
  readonly diagnostics: readonly Diagnostic[];
  /** Names that came from the config file, to say so in a mistake's place. */
  readonly fromConfig: ReadonlySet<string>;
}

/**
 * Brings the flags and the config file together; flags win.
 * Paths in the config file (of a key, of the output) count from its own directory, as in most tools; paths in flags from
 * the working directory.
 * @param flags option names with the texts given, `config` among them
 */
export function gather(flags: Asked, readText: ReadText): Gathered {
  const diagnostics: Diagnostic[] = [];
  const { config, ...given } = flags;
  let fromFile: Record<string, unknown> = {};
  if (config !== undefined) {
    if (typeof config === 'string' && config !== '') {
      fromFile = { ...readConfig(config, readText, diagnostics) };
      const base = dirname(config);
      inlineFiles(fromFile, base, readText, diagnostics);
      const { output } = fromFile;
      if (typeof output === 'string' && output !== '' && output !== '-')
        fromFile.output = beside(base, output);
    } else {
      diagnostics.push({
        severity: 'error',
        code: 'wrong-value',
        path: 'config',
        message: 'has a value that cannot be used',
        given: shown(config),
        expected: 'one YAML file',
      });
    }
  }
  const own = { ...given };
  inlineFiles(own, '.', readText, diagnostics);
  const fromConfig = new Set(Object.keys(fromFile).filter((name) => own[name] === undefined));
  return { asked: { ...fromFile, ...own }, diagnostics, fromConfig };
}

/** A path as seen from a directory. */
function beside(directory: string, path: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}

function readConfig(path: string, readText: ReadText, diagnostics: Diagnostic[]): Record<string, unknown> {
  const error = (code: string, message: string, more: Partial<Diagnostic> = {}) => {
    diagnostics.push({ severity: 'error', code, path, message, ...more });
    return {};
  };
  const text = read(path, 'config', readText, diagnostics);
  if (text === undefined) return {};
  // Nothing but comments is no document to js-yaml; here it asks for nothing.
  // Line by line: a pattern over the whole text would try every line again from each one before it.
  if (text.split(/\r\n|[\r\n]/).every((line) => /^\s*(?:#|$)/.test(line))) return {};
  try {
    const data: unknown = load(text);
    if (data === null || data === undefined) return {};
    if (typeof data === 'object' && !Array.isArray(data)) return data as Record<string, unknown>;
    return error('config-shape', 'is not a mapping of options', {
      expected: 'lines such as domain: matrix.example.org',
    });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const { mark, reason } = cause;
    return error(
      'config-yaml',
      `is not valid YAML: ${reason}`,
      mark ? { line: mark.line + 1, column: mark.column + 1 } : {},
    );
  }
}

/** Puts the text of each named file in the place of its name. */
function inlineFiles(
  values: Record<string, unknown>,
  base: string,
  readText: ReadText,
  diagnostics: Diagnostic[],
): void {
  for (const name of OPTION_NAMES) {
    const value = values[name];
    if (!optionOf(name).file || typeof value !== 'string' || value === '') continue;
    const text = read(beside(base, value), name, readText, diagnostics, value);
    if (text === undefined) delete values[name];
    else values[name] = text;
  }
}

function read(
  path: string,
  option: string,
  readText: ReadText,
  diagnostics: Diagnostic[],
  given = path,
): string | undefined {
  try {
    return readText(path).replaceAll('\r\n', '\n');
  } catch (cause) {
    diagnostics.push({
      severity: 'error',
      code: 'unreadable-file',
      path: option,
      message: `names a file that cannot be read: ${reasonOf(cause)}`,
      given: shown(given),
      expected: 'a readable file',
    });
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const words: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'it may not be read',
    EISDIR: 'it is a directory',
  };
  return words[String(code)] ?? (cause instanceof Error ? cause.message : String(cause));
}
