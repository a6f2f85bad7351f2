import { handover } from '../../src/cloudinit/report';
import { OPTION_NAMES, optionOf } from '../../src/config/options';
import { resolve } from '../../src/config/resolve';
import { PROVIDERS } from '../../src/providers';
import { FILES } from '../../src/server/files';

/** Tables of the READMEs, generated from the tables in the sources. */
export const README_TABLES: Readonly<
  Record<string, { readonly file: string; readonly table: () => string }>
> = {
  options: { file: 'src/config/README.md', table: optionTable },
  files: { file: 'src/server/README.md', table: fileTable },
  providers: { file: 'src/cloudinit/README.md', table: providerTable },
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}
