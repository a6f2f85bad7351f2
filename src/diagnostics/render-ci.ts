/** Diagnostics of documents in the forms that code hosts read. Each diagnostic has a file. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { CODES, type Code } from './codes';
import type { Diagnostic, Severity } from './diagnostic';

const sentence = ({ path, message, hint }: Diagnostic) =>
  `${path === '' ? '' : `${path}: `}${message}${hint ? ` (${hint})` : ''}`;

/** Annotations of a GitHub workflow (GitHub documentation, "Workflow commands"), one line each. */
export function githubText(diagnostics: readonly Diagnostic[]): string {
  const level = { error: 'error', warning: 'warning', info: 'notice' } as const;
  const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return diagnostics
    .map((diagnostic) => {
      const { severity, code, file = '', line = 1, column = 1 } = diagnostic;
      const place = `file=${property(file)},line=${line},col=${column},title=${code}`;
      return `::${level[severity]} ${place}::${data(sentence(diagnostic))}`;
    })
    .join('\n');
}

/** A report of GitLab's code quality (GitLab documentation, "Code Quality report format"). */
export function gitlabReport(diagnostics: readonly Diagnostic[]): object[] {
  const severities = { error: 'major', warning: 'minor', info: 'info' } as const;
  const times = new Map<string, number>();
  return diagnostics.map((diagnostic) => {
    const { severity, code, file = '', line = 1 } = diagnostic;
    // Without the line, so that a line added above does not make an old finding a new one.
    const key = JSON.stringify([file, code, diagnostic.path, diagnostic.message]);
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return {
      description: sentence(diagnostic),
      check_name: code,
      fingerprint: bytesToHex(sha256(utf8ToBytes(`${key}${before}`))),
      severity: severities[severity],
      location: { path: file, lines: { begin: line } },
    };
  });
}

const LEVELS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** A log of SARIF 2.1.0 (OASIS). @param version of gen-cloudinit */
export function sarifLog(diagnostics: readonly Diagnostic[], version: string): object {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const rule = (code: Code) => {
    const { finds, why, fix } = CODES[code];
    return {
      id: code,
      shortDescription: { text: finds },
      fullDescription: { text: why },
      help: { text: fix },
    };
  };
  const results = diagnostics.map((diagnostic) => {
    const { severity, code, file = '', line = 1, column = 1 } = diagnostic;
    return {
      ruleId: code,
      ruleIndex: codes.indexOf(code),
      level: LEVELS[severity],
      message: { text: sentence(diagnostic) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
            region: { startLine: line, startColumn: column },
          },
        },
      ],
    };
  });
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'gen-cloudinit', version, rules: codes.map(rule) } },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
}
