/** Checks one document: the linter, and what this computer has for it (shells, cloud-init). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { error, type Finding, info, toDiagnostics } from '../cloudinit/lint/finding';
import { findAll } from '../cloudinit/lint/lint';
import {
  SCHEMA_PROBE,
  type SchemaAnswer,
  schemaFindings,
  schemaProbeFindings,
} from '../cloudinit/lint/schema-report';
import { openQuoteLine } from '../cloudinit/lint/shell-code';
import { withExcerpt } from '../cloudinit/read/excerpt';
import type { Script, Shell } from '../cloudinit/read/scripts';
import { redacted } from '../cloudinit/read/secrets';
import type { Code } from '../diagnostics/codes';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { withoutIgnored } from '../diagnostics/ignore';
import type { ProviderName } from '../providers';
import { tryRun } from '../system/run';

/** The tools of this computer that `check` uses. Each answers undefined where it is not installed. */
export interface CheckTools {
  /** Reads the script without running it (`-n`). */
  syntax(shell: Shell, script: string): Promise<ToolResult | undefined>;
  /** `cloud-init schema` on the document. */
  schema(document: string): Promise<ToolResult | undefined>;
}

export type ToolResult = SchemaAnswer;

export const SYSTEM_TOOLS: CheckTools = {
  syntax: (shell, script) => runTool([shell, '-n'], script),
  async schema(document) {
    // cloud-init needs a file. It may contain secrets, so it gets a directory of its own and is removed at once.
    const directory = await mkdtemp(join(tmpdir(), 'gen-cloudinit-'));
    try {
      const file = join(directory, 'user-data');
      await writeFile(file, document, { mode: 0o600 });
      return await runTool(['cloud-init', 'schema', '-c', file]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

/** Milliseconds; cloud-init takes less than one second on a slow machine. */
const TIME_LIMIT = 30_000;

/** Runs a program whose messages are in English. @returns undefined where PATH has no program of that name */
async function runTool(argv: readonly string[], input = ''): Promise<ToolResult | undefined> {
  // BASH_ENV and the like must not run anything.
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', LC_ALL: 'C.UTF-8' };
  try {
    const { code, ...said } = await tryRun(argv, { env, input, timeoutMs: TIME_LIMIT });
    return { code: code === -1 ? null : code, ...said };
  } catch (cause) {
    if (['ENOENT', 'EACCES'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw cause;
  }
}

export interface CheckOptions {
  /** The provider whose limit the document must respect. */
  readonly provider?: ProviderName | undefined;
  /** Where it will boot, of the linter's targets. */
  readonly target?: string | undefined;
  /** Report advice too. */
  readonly strict?: boolean | undefined;
}

/**
 * Checks a user-data document, ours or another's: with the linter, then with the shells and cloud-init where installed.
 * @param given the bytes of the document: plain, gzip or base64
 * @returns everything found, in the order of the document; lines and columns are those of the plain text
 */
export async function check(
  given: Uint8Array,
  options: CheckOptions = {},
  tools: CheckTools = SYSTEM_TOOLS,
): Promise<Diagnostic[]> {
  return (await findIn(given, options, tools)).diagnostics;
}

export interface CheckedDocument {
  readonly name: string;
  /** With the name as their file, and the source line where it holds no secret. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many findings were ignored. */
  readonly ignored: number;
}

/**
 * The same for a report, without what the user ignores.
 * @param name how reports call the document
 * @param codes of findings that the user ignores
 */
export async function checkDocument(
  name: string,
  given: Uint8Array,
  options: CheckOptions,
  codes: readonly Code[],
): Promise<CheckedDocument> {
  const { diagnostics: found, source } = await findIn(given, options, SYSTEM_TOOLS);
  const { diagnostics, ignored } = withoutIgnored(found, source.text, codes);
  const placed = diagnostics.map((diagnostic) => withExcerpt({ ...diagnostic, file: name }, source));
  return { name, diagnostics: placed, ignored };
}

async function findIn(given: Uint8Array, { provider, target, strict }: CheckOptions, tools: CheckTools) {
  const { document, findings } = findAll(given, {
    ...(provider === undefined ? {} : { provider }),
    ...(target === undefined ? {} : { target }),
    strict: strict === true,
  });
  const more = await Promise.all([
    syntaxOfAll(document.scripts, tools),
    ...(document.input.kind === 'cloud-config' ? [schema(document, tools)] : []),
  ]);
  const { source } = document;
  return { diagnostics: toDiagnostics([...findings, ...more.flat()], source), source };
}

/** Shells that run at the same time. */
const AT_ONCE = 4;

/** Runs the shell once per text, a few texts at a time: a document may contain very many scripts. */
async function syntaxOfAll(scripts: readonly Script[], tools: CheckTools): Promise<Finding[]> {
  const answers = new Map<string, ToolResult | undefined>();
  const keyOf = ({ shell, text }: Script) => `${shell}\n${text}`;
  const waiting = new Map(scripts.map((script) => [keyOf(script), script])).entries();
  const work = async () => {
    for (const [key, { shell, text }] of waiting) answers.set(key, await tools.syntax(shell, text));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return scripts.flatMap((script) => syntax(script, answers.get(keyOf(script))));
}

function syntax(script: Script, answer: ToolResult | undefined): Finding[] {
  const { shell, name, text } = script;
  if (!answer) {
    const message = `${shell} is not installed here; the syntax of ${name} was not checked.`;
    return [info('shell-syntax-unchecked', script.place(1), message)];
  }
  if (answer.code === 0) return [];
  // dash: `sh: 3: Syntax error: ...`; bash: `bash: line 3: ...`, then the line itself, which is not repeated.
  const [, line = '1', reason = ''] = /^[^:\n]*: (?:line )?(\d+): (.*)$/m.exec(answer.stderr) ?? [];
  const words = reason === '' ? `${shell} -n ended with ${answer.code ?? 'a signal'}` : redacted(reason);
  // dash counts the line end that it refuses; the shell reports what is missing at the end after the last line.
  const counted = Number(line) - (shell === 'sh' && /newline unexpected/.test(reason) ? 1 : 0);
  const isQuote = /unterminated quoted string|looking for matching [`'"]+["']/i.test(reason);
  const open = isQuote ? openQuote(script) : undefined;
  const at = open ?? Math.min(Math.max(counted, 1), text.trimEnd().split('\n').length);
  return [error('shell-syntax', script.place(at), `${name}, line ${at}: ${words}.`)];
}

/** Searches each command alone, so that a quote of the next one does not close that of the first. */
function openQuote({ text, starts = [1] }: Script): number | undefined {
  const lines = text.split('\n');
  for (const [index, start] of starts.entries()) {
    const line = openQuoteLine(
      lines.slice(start - 1, (starts[index + 1] ?? lines.length + 1) - 1).join('\n'),
    );
    if (line !== undefined) return start + line - 1;
  }
  return undefined;
}

type Document = ReturnType<typeof findAll>['document'];

async function schema({ input, root }: Document, tools: CheckTools): Promise<Finding[]> {
  const findings = schemaFindings(await tools.schema(input.text), root);
  // Nothing found: make sure that the tool finds mistakes at all.
  return findings.length > 0 ? findings : schemaProbeFindings(await tools.schema(SCHEMA_PROBE));
}
