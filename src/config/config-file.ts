/** The options of the command line and of the file that --config names, brought together; flags win. */
import { load, YAMLException } from 'js-yaml';
import type { Code } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { errnoReason } from '../diagnostics/errno';
import { quoteValue } from '../diagnostics/quote';
import { Source } from '../diagnostics/source';
import type { RawValues } from './flags';
import { type KeyPosition, keyPositions } from './key-positions';
import { isOption, OPTION_NAMES, optionOf } from './options';

/** Reads a file's text; throws as node:fs does. A parameter, so that tests need no file. */
export type ReadText = (path: string) => string;

export interface CollectedOptions {
  /** Option names with values; file options hold the file's text. */
  readonly options: RawValues;
  readonly diagnostics: readonly Diagnostic[];
  /** Gives a mistake in the config file its file, line, column and source line. */
  readonly locate: (diagnostic: Diagnostic) => Diagnostic;
}

/** The config file as it was read. */
interface ConfigFile {
  readonly path: string;
  readonly text: string;
  readonly values: RawValues;
}

/**
 * Merges the flags and the config file.
 * Relative paths in the config file (of a key, of the output) start at its own directory, as in most tools; paths in
 * flags start at the working directory.
 * @param flags option names with the values given, `config` among them
 */
export function collectOptions(flags: RawValues, readText: ReadText): CollectedOptions {
  const diagnostics: Diagnostic[] = [];
  const { config, ...given } = flags;
  const file = config === undefined ? undefined : configFile(config, readText, diagnostics);
  const fromFile: Record<string, unknown> = { ...file?.values };
  const inputs: string[] = [];
  if (file) {
    inputs.push(file.path, ...inlineFiles(fromFile, file.path, readText, diagnostics));
    const { output } = fromFile;
    if (typeof output === 'string' && output !== '' && output !== '-')
      fromFile.output = beside(file.path, output);
  }
  const own: Record<string, unknown> = { ...given };
  inputs.push(...inlineFiles(own, '', readText, diagnostics));
  const isFromFile = (name: string) => Object.hasOwn(file?.values ?? {}, name) && own[name] === undefined;
  const output = own.output ?? fromFile.output;
  if (typeof output === 'string' && output !== '-' && inputs.some((path) => samePath(path, output))) {
    diagnostics.push({
      severity: 'error',
      code: 'contradiction',
      path: 'output',
      message: 'names a file that the document is made from',
      given: quoteValue(output),
      expected: 'another file',
    });
  }
  const locate = locator(file, isFromFile);
  const present = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { options: { ...fromFile, ...present }, diagnostics: diagnostics.map(locate), locate };
}

/** A path relative to the directory of a file. */
function beside(file: string, path: string): string {
  const isAbsolute = /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
  const directory = /^.*[/\\]/.exec(file)?.[0] ?? '';
  return isAbsolute ? path : `${directory}${path}`;
}

function configFile(config: unknown, readText: ReadText, diagnostics: Diagnostic[]): ConfigFile | undefined {
  if (typeof config !== 'string' || config === '') {
    diagnostics.push({
      severity: 'error',
      code: 'wrong-value',
      path: 'config',
      message: 'has an invalid value',
      given: quoteValue(config),
      expected: 'one YAML file',
    });
    return undefined;
  }
  const text = read(config, 'config', readText, diagnostics);
  return text === undefined
    ? undefined
    : { path: config, text, values: parseConfig(config, text, diagnostics) };
}

function parseConfig(file: string, text: string, diagnostics: Diagnostic[]): RawValues {
  const error = (code: Code, message: string, more: Partial<Diagnostic> = {}) => {
    diagnostics.push({ severity: 'error', code, path: '', file, line: 1, column: 1, message, ...more });
    return {};
  };
  // js-yaml finds no document in a file of comments; here it means no options.
  // Line by line: a pattern over the whole text would try every line again from each one before it.
  if (text.split(/\r\n|[\r\n]/).every((line) => /^\s*(?:#|$)/.test(line))) return {};
  try {
    const data: unknown = load(text);
    if (data === null || data === undefined) return {};
    if (typeof data === 'object' && !Array.isArray(data)) return data as RawValues;
    return error('config-shape', 'the file is not a mapping of options', {
      expected: 'lines such as domain: matrix.example.org',
    });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const { mark, reason } = cause;
    return error(
      'config-yaml',
      `the file is not valid YAML: ${withoutText(reason)}`,
      mark ? { line: mark.line + 1, column: mark.column + 1 } : {},
    );
  }
}

/** Computes positions at the first mistake only: a correct file needs none. */
function locator(
  file: ConfigFile | undefined,
  isFromFile: (name: string) => boolean,
): CollectedOptions['locate'] {
  if (!file) return (diagnostic) => diagnostic;
  const source = new Source(file.text);
  let positions: ReadonlyMap<string, KeyPosition> | undefined;
  return (diagnostic) => {
    const { path } = diagnostic;
    if (diagnostic.file !== undefined && diagnostic.line !== undefined)
      return { ...diagnostic, ...excerptOf(source.lineText(diagnostic.line)) };
    if (!isFromFile(path)) return diagnostic;
    positions ??= keyPositions(file.text);
    const position = positions.get(path);
    // The value of an unknown name may be a secret.
    const isKnown = isOption(path);
    const at = source.at((isKnown ? position?.value : position?.key) ?? 0);
    const line = source.lineText(at.line);
    const excerpt = !isKnown
      ? { excerpt: line.replace(/:.*/, ':') }
      : optionOf(path).secret
        ? {}
        : excerptOf(line);
    return { ...diagnostic, file: file.path, ...at, ...excerpt };
  };
}

/** A line of the source, unless a secret may start in it: a private key, a password in a URL. */
function excerptOf(line: string): Pick<Diagnostic, 'excerpt'> {
  return /PRIVATE KEY|passw|secret|:\/\/[^/\s]*@|[?&]/i.test(line) ? {} : { excerpt: line };
}

/** Replaces the name of each file with its text. @param base the file that contains the names @returns their paths */
function inlineFiles(
  values: Record<string, unknown>,
  base: string,
  readText: ReadText,
  diagnostics: Diagnostic[],
): string[] {
  const paths: string[] = [];
  for (const name of OPTION_NAMES) {
    const value = values[name];
    if (!optionOf(name).file || typeof value !== 'string' || value === '') continue;
    const path = beside(base, value);
    paths.push(path);
    const text = read(path, name, readText, diagnostics, value);
    if (text === undefined) delete values[name];
    else values[name] = text;
  }
  return paths;
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
      message: `names a file that cannot be read: ${errnoReason(cause)}`,
      given: quoteValue(given),
      expected: 'a readable file',
    });
    return undefined;
  }
}

/** A reason of the YAML reader without the pieces of text that it quotes: they may be a secret. */
function withoutText(reason: string): string {
  return reason.replace(/"[^"]*"|'[^']*'|!?<[^>]*>/g, '…');
}

/** Whether two texts name the same path, as far as the texts tell. */
function samePath(a: string, b: string): boolean {
  const plain = (path: string) => path.replaceAll(/\/(?:\.?\/)+/g, '/').replace(/^(?:\.\/)+/, '');
  return plain(a) === plain(b);
}
