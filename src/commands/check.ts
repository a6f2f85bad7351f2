import { error, type Finding, info, toDiagnostics } from '../cloudinit/lint/finding';
import { findAll } from '../cloudinit/lint/lint';
import { SCHEMA_PROBE, schemaFindings, schemaProbeFindings } from '../cloudinit/lint/schema-report';
import type { Script } from '../cloudinit/lint/scripts';
import { redacted, visible } from '../cloudinit/lint/visible';
import type { Diagnostic } from '../deployment/diagnostic';
import { type CheckTools, SYSTEM_TOOLS, type ToolResult } from './check-tools';

export interface CheckOptions {
  /** Key of limits.ts whose limit the document must keep. */
  readonly provider?: string;
}

/**
 * Checks a user-data document, ours or another's: the linter, then the shells and cloud-init where installed.
 * @param given the bytes of the document: plain, gzip or base64
 * @returns everything found, in the order of the document; lines and columns are those of the plain text
 */
export async function check(
  given: Uint8Array,
  { provider }: CheckOptions = {},
  tools: CheckTools = SYSTEM_TOOLS,
): Promise<Diagnostic[]> {
  const { document, findings } = findAll(given, provider === undefined ? {} : { provider });
  const more = await Promise.all([
    syntaxOfAll(document.scripts, tools),
    ...(document.input.kind === 'cloud-config' ? [schema(document, tools)] : []),
  ]);
  return toDiagnostics([...findings, ...more.flat()], document.source);
}

/** Whether the command ends with exit code 1. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** Shells that run at the same time. */
const AT_ONCE = 4;

/** Asks the shell once per text, for a few texts at a time: a document may have very many scripts. */
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
  // What is missing at the end is reported behind the last line.
  const at = Math.min(Number(line), text.trimEnd().split('\n').length);
  return [error('shell-syntax', script.place(at), `${name}, line ${at}: ${words}.`)];
}

type Document = ReturnType<typeof findAll>['document'];

async function schema({ input, root }: Document, tools: CheckTools): Promise<Finding[]> {
  const findings = schemaFindings(await tools.schema(input.text), root);
  // Nothing found: make sure that anything would be.
  return findings.length > 0 ? findings : schemaProbeFindings(await tools.schema(SCHEMA_PROBE));
}

/**
 * The findings for a person.
 * @param name what the document is called: its file, or `standard input`
 */
export function checkReport(diagnostics: readonly Diagnostic[], name: string): string {
  const blocks = diagnostics.map(({ severity, code, path, message, given, expected, hint, line, column }) => {
    const place = `${name}:${line ?? 1}:${column ?? 1}`;
    const rows = [
      ['given', given],
      ['expected', expected],
      ['hint', hint],
    ].flatMap(([label, text]) => (text ? [`    ${`${label}:`.padEnd(9)} ${visible(text)}`] : []));
    const about = path === '' ? '' : `${visible(path)}: `;
    return [`${severity}: ${visible(place)} ${about}${visible(message)} [${code}]`, ...rows].join('\n');
  });
  const count = (severity: string, word: string) => {
    const found = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return `${found} ${word}${found === 1 ? '' : 's'}`;
  };
  const summary = `${visible(name)}: ${count('error', 'error')}, ${count('warning', 'warning')}, ${count('info', 'note')}`;
  return [...blocks, summary].join('\n');
}
