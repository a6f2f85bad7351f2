import { rungOf } from '../cloudinit/ladder';
import { inspect, type Shown } from '../cloudinit/lint/inspect';
import type { Fit } from '../cloudinit/lint/rules/size';
import { visible } from '../cloudinit/lint/visible';

/**
 * What a user-data document holds, ours or another's; with --json the data itself is printed.
 * @param given the bytes of the document: plain, gzip or base64
 */
export function show(given: Uint8Array): Shown {
  return inspect(given);
}

/**
 * The same for a person.
 * @param name what the document is called: its file, or `standard input`
 */
export function showReport(shown: Shown, name: string): string {
  const { bytes, layers, kind, lines, rung } = shown;
  const packed = layers.length > 0 ? `, ${layers.join(' of ')} of ${bytes.document} bytes` : '';
  const blocks = [
    [`${visible(name)}: ${kind}, ${bytes.given} bytes${packed}, ${lines} lines`],
    rung === undefined ? [] : [`gen-cloudinit's form ${rung}: ${rungOf(rung).what}`],
    shown.problem === undefined ? [] : [visible(shown.problem)],
    section('Files', fileRows(shown)),
    section('Packages', shown.packages.map(visible)),
    section('Package sources', sourceRows(shown)),
    section('Users', shown.users.map(visible)),
    section('Commands before everything else (bootcmd)', shown.bootcmd.map(visible)),
    section('Commands at the end (runcmd)', shown.runcmd.map(visible)),
    section('Other keys', otherKeys(shown).map(visible)),
    section('Providers', table(shown.sizes.map(fitRow))),
  ];
  return blocks.flat().join('\n');
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ['', `${title} (${rows.length})`, ...rows.map((row) => `  ${row}`)];
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
    return [mode, owner, String(bytes ?? '?').padStart(7), path, notes.join(', ')].map(visible);
  });
  return table(rows);
}

function sourceRows({ aptSources }: Shown): string[] {
  return aptSources.map(({ name, source, key }) =>
    visible(`${name}: ${source || '(no source)'} (key: ${key})`),
  );
}

/** Keys that have no section of their own. */
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
