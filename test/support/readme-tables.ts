import { handover } from '../../src/cloudinit/report';
import { OPTION_NAMES, optionOf } from '../../src/config/options';
import { resolve } from '../../src/config/resolve';
import { isCode } from '../../src/diagnostics/codes';
import { ACCOUNTS } from '../../src/diagnostics/codes/accounts';
import { APT } from '../../src/diagnostics/codes/apt';
import { COMMANDS } from '../../src/diagnostics/codes/commands';
import type { Explanation, Explanations } from '../../src/diagnostics/codes/explanation';
import { HEADER } from '../../src/diagnostics/codes/header';
import { KEYS } from '../../src/diagnostics/codes/keys';
import { ON_REQUEST } from '../../src/diagnostics/codes/on-request';
import { SECRETS } from '../../src/diagnostics/codes/secrets';
import { SYSTEM } from '../../src/diagnostics/codes/system';
import { WRITE_FILES } from '../../src/diagnostics/codes/write-files';
import { YAML } from '../../src/diagnostics/codes/yaml';
import { printable } from '../../src/diagnostics/printable';
import { PROVIDERS } from '../../src/providers';
import { FILES } from '../../src/server/files';

/** Tables of the READMEs, generated from the tables in the sources. */
export const README_TABLES: Readonly<
  Record<string, { readonly file: string; readonly table: () => string }>
> = {
  options: { file: 'src/config/README.md', table: optionTable },
  files: { file: 'src/server/README.md', table: fileTable },
  providers: { file: 'src/cloudinit/README.md', table: providerTable },
  rules: { file: 'src/cloudinit/lint/README.md', table: ruleSections },
};

function optionTable(): string {
  const rows = OPTION_NAMES.map((name) => {
    const { type, help, default: value, defaultText, choices } = optionOf(name);
    const kind = choices
      ? choices.map((choice) => `\`${choice}\``).join(', ')
      : type === 'strings'
        ? 'texts'
        : type;
    const preset = value !== undefined ? `\`${value}\`` : (defaultText ?? 'none');
    return [`\`${name}\``, kind, preset, help];
  });
  return table(['option', 'type', 'default', 'what it is'], rows);
}

function fileTable(): string {
  const { deployment } = resolve({ domain: 'matrix.example.org' });
  if (!deployment) throw new Error('the default deployment does not resolve');
  const rows = FILES.flatMap(({ path, owner, mode, what, staged }) => [
    [`\`${path(deployment)}\``, owner, mode, what],
    ...(staged
      ? [[`\`${staged}\``, 'root:root', mode, 'the same as the document writes it; `matrixctl` installs it']]
      : []),
  ]);
  return table(['file', 'owner', 'mode', 'what it is'], rows);
}

function providerTable(): string {
  const rows = Object.entries(PROVIDERS).map(([key, limit]) => [
    limit.name,
    `\`${key}\``,
    `${limit.bytes}${limit.measured === 'base64' ? ' of base64' : ''}`,
    `\`${handover(limit, 'user-data', 'ubuntu')}\``,
    Object.entries(limit.notes ?? {})
      .map(([form, note]) => `${form}: ${note}`)
      .join('. '),
  ]);
  return table(['provider', '`--provider`', 'bytes', 'command', 'notes'], rows);
}

/** Codes of the document and its handover; those of the command line and of machines are for `explain` alone. */
const RULES: readonly (readonly [title: string, rows: Explanations])[] = [
  ['Header and form', HEADER],
  ['YAML', YAML],
  ['Keys, types and values', KEYS],
  ['Users, SSH keys and passwords', ACCOUNTS],
  ['Names and placeholders', SYSTEM],
  ['Files', WRITE_FILES],
  ['Commands', COMMANDS],
  ['Package sources', APT],
  ['Secrets', SECRETS],
];

function ruleSections(): string {
  return RULES.map(
    ([title, rows]) =>
      `\n## ${title}\n${Object.entries(rows)
        .map(([code, row]) => ruleSection(code, row))
        .join('')}`,
  ).join('');
}

function ruleSection(code: string, { finds, why, fix, example }: Explanation): string {
  const shown = isCode(code) ? ON_REQUEST[code] : undefined;
  const text = `\n### ${code}\n\n${finds} ${why}\n\nWhat to do: ${fix}\n`;
  const only = shown ? `\nShown with \`${shown}\` only.\n` : '';
  if (!example) return text + only;
  const block = (yaml: string) => `\n\`\`\`yaml\n${visible(yaml).trimEnd()}\n\`\`\`\n`;
  return `${text}${only}${block(example.faulty)}\nUse instead:\n${block(example.fixed)}`;
}

/** A document whose control characters a reader can see. */
function visible(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}
