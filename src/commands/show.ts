import { type Inventory, inventory } from '../cloudinit/read/inventory';
import { readUserData } from '../cloudinit/read/user-data';
import { type RungName, recognizeRung, rungOf } from '../cloudinit/write/ladder';
import { printable } from '../diagnostics/printable';
import type { Fit } from '../providers';
import { inputName, readGiven } from '../system/input';
import { defineCommand } from './command';
import { DOCUMENT_WORD, JSON_FLAG } from './common-flags';

/** What a user-data document contains; `--json` prints it. */
export interface Shown extends Inventory {
  /** Which form of ours it is; absent for any other document. */
  readonly rung?: RungName;
}

export const showCommand = defineCommand({
  words: DOCUMENT_WORD,
  flags: JSON_FLAG,
  examples: [['$0 show user-data.yaml', '']],
  async run({ flags: { file } }) {
    const data = show(await readGiven(file));
    return { status: 'ok', product: { data, text: showReport(data, inputName(file)) } };
  },
});

/** @param given the bytes of the document: plain, gzip or base64 */
export function show(given: Uint8Array): Shown {
  const document = readUserData(given);
  const rung = recognizeRung(document.input.form, document.files);
  return { ...inventory(document), ...(rung ? { rung } : {}) };
}

/**
 * The same for a person.
 * @param name how the report calls the document: its file, or `standard input`
 */
export function showReport(shown: Shown, name: string): string {
  const { bytes, layers, kind, lines, rung } = shown;
  const packed = layers.length > 0 ? `, ${layers.join(' of ')} of ${bytes.document} bytes` : '';
  const blocks = [
    [`${printable(name)}: ${kind}, ${bytes.given} bytes${packed}, ${lines} lines`],
    rung === undefined ? [] : [`gen-cloudinit's form ${rung}: ${rungOf(rung).what}`],
    shown.problem === undefined ? [] : [printable(shown.problem)],
    shown.kind === 'mime' || shown.kind === 'archive' ? section('Parts', partRows(shown)) : [],
    section('Files', fileRows(shown)),
    section('Packages', shown.packages.map(printable)),
    section('Package sources', sourceRows(shown)),
    section('Users', shown.users.map(printable)),
    section('Commands before everything else (bootcmd)', shown.bootcmd.map(printable)),
    section('Commands at the end (runcmd)', shown.runcmd.map(printable)),
    section('Other keys', otherKeys(shown).map(printable)),
    section('Providers', table(shown.sizes.map(fitRow))),
  ];
  return blocks.flat().join('\n');
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ['', `${title} (${rows.length})`, ...rows.map((row) => `  ${row}`)];
}

function partRows({ parts }: Shown): string[] {
  return table(
    parts.map(({ type, name, line, problem = '' }) => [type, name, `line ${line}`, problem].map(printable)),
  );
}

function fileRows({ files }: Shown): string[] {
  const rows = files.map(({ mode, owner, bytes, path, encoding, deferred, appended, source, problem }) => {
    const notes = [
      encoding === 'text/plain' ? '' : encoding,
      deferred ? 'deferred' : '',
      appended ? 'appended' : '',
      source ? `from ${source}` : '',
      problem ?? '',
    ].filter(Boolean);
    return [mode, owner, String(bytes ?? '?').padStart(7), path, notes.join(', ')].map(printable);
  });
  return table(rows);
}

function sourceRows({ aptSources }: Shown): string[] {
  return aptSources.map(({ name, source, key }) =>
    printable(`${name}: ${source || '(no source)'} (key: ${key})`),
  );
}

/** Keys without a section of their own. */
function otherKeys({ keys }: Shown): string[] {
  const shown = new Set(['write_files', 'packages', 'users', 'bootcmd', 'runcmd']);
  return keys.filter((key) => !shown.has(key));
}

function fitRow({ name, counted, limit, formTaken, fits }: Fit): string[] {
  const verdict = fits ? 'fits' : formTaken ? 'too large' : 'does not take this form';
  return [name, `${counted} of ${limit} bytes`, verdict];
}

/** Columns side by side; the last is not padded. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
