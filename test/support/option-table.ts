import { OPTION_NAMES, optionOf } from '../../src/deployment/options';

/** The README's table of options, from the same table that the command is made of. */
export function optionTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = OPTION_NAMES.map((name) => {
    const { type, help, default: value, defaultText, choices } = optionOf(name);
    const kind = choices
      ? choices.map((choice) => `\`${choice}\``).join(', ')
      : type === 'strings'
        ? 'texts'
        : type;
    const preset = value !== undefined ? `\`${value}\`` : (defaultText ?? 'none');
    return `| \`${name}\` | ${cell(kind)} | ${cell(preset)} | ${cell(help)} |`;
  });
  return ['| option | type | default | what it is |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}
