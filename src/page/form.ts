/** The form of the options, made from their table: a new row there is a new field here. */
import { type Option, type OptionName, optionOf } from '../config/options';
import { domainName } from '../config/rules';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { PROVIDERS } from '../providers';
import { el } from './dom';
import { findingsList } from './findings';
import { PAGE_OPTIONS, type Values } from './state';

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** Above the folded groups, in this order. */
const FIRST: readonly OptionName[] = ['domain', 'server-name', 'admin-user', 'email', 'provider'];

export interface Form {
  readonly element: HTMLElement;
  values(): Values;
  fill(values: Values): void;
  /** Shows mistakes beside their fields. @returns those without a field */
  show(diagnostics: readonly Diagnostic[]): readonly Diagnostic[];
}

/** @param changed called after each change of a value */
export function makeForm(changed: () => void): Form {
  const controls = new Map<OptionName, Control>();
  const groups: (() => void)[] = [];
  const troubles = new Map<OptionName, string>();
  const user = el('p', { class: 'help' });
  const values = (): Values =>
    Object.fromEntries([...controls].map(([name, { value }]) => [name, value.trim()]));
  const row = (name: OptionName) => {
    const control = controlOf(name);
    control.addEventListener('input', () => {
      marked();
      changed();
    });
    controls.set(name, control);
    const field = fieldOf(name, control);
    if (name === 'server-name') field.append(user);
    return field;
  };
  const names = [
    ...new Set(PAGE_OPTIONS.filter((name) => !FIRST.includes(name)).map((name) => optionOf(name).group)),
  ];
  const first = FIRST.map(row);
  const folded = names.map((group) => {
    const rows = PAGE_OPTIONS.filter((name) => !FIRST.includes(name) && optionOf(name).group === group);
    const summary = el('summary');
    groups.push(() => {
      const count = rows.filter((name) => controls.get(name)?.value).length;
      const found = rows.flatMap((name) => troubles.get(name) ?? []);
      const notes = [...(count === 0 ? [] : [`${count} changed`]), ...new Set(found)];
      summary.textContent = notes.length === 0 ? group : `${group} (${notes.join(', ')})`;
    });
    return el('details', { class: 'group' }, summary, ...rows.map(row));
  });
  const marked = () => {
    for (const [name, control] of controls)
      control.parentElement?.classList.toggle('changed', control.value !== '' && name !== 'domain');
    for (const update of groups) update();
    const { 'server-name': name, domain } = values();
    const part = [name, domain].find((text) => text && !domainName(text)) ?? 'example.org';
    user.textContent = `Example: @alice:${part}`;
  };
  marked();
  return {
    element: el(
      'form',
      { class: 'form', 'aria-label': 'Options', onsubmit: (event) => event.preventDefault() },
      ...first,
      ...folded,
    ),
    values,
    fill(values) {
      for (const [name, control] of controls) control.value = values[name] ?? '';
      marked();
    },
    show(diagnostics) {
      for (const [name, control] of controls) {
        const own = diagnostics.filter(({ path }) => path === name);
        const place = control.parentElement?.querySelector('.messages');
        place?.replaceChildren(...(own.length > 0 ? [findingsList(own, { withPath: true })] : []));
        const [worst] = own;
        if (worst) troubles.set(name, worst.severity === 'error' ? 'to correct' : 'with a warning');
        else troubles.delete(name);
        const isWrong = own.some(({ severity }) => severity === 'error');
        control.setAttribute('aria-invalid', String(isWrong));
        const fold = control.closest('details');
        if (isWrong && fold) fold.open = true;
      }
      marked();
      return diagnostics.filter(({ path }) => ![...controls.keys()].some((name) => name === path));
    },
  };
}

function controlOf(name: OptionName): Control {
  const row: Option = optionOf(name);
  const common = { id: `option-${name}`, 'aria-describedby': `help-${name}`, 'aria-invalid': 'false' };
  if (row.choices) {
    const none = row.default ?? row.defaultText ?? 'not chosen';
    const label = (choice: string) =>
      name === 'provider' ? PROVIDERS[choice as keyof typeof PROVIDERS].name : choice;
    return el(
      'select',
      common,
      el('option', { value: '' }, String(none)),
      ...row.choices
        .filter((choice) => choice !== row.default)
        .map((choice) => el('option', { value: choice }, label(choice))),
    );
  }
  if (row.type === 'strings' || row.file)
    return el('textarea', { ...common, spellcheck: 'false', rows: '3' });
  const example = row.schema?.examples?.[0];
  return el('input', {
    ...common,
    type: 'text',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    ...(row.type === 'number' ? { inputmode: 'numeric' } : {}),
    placeholder:
      row.default === undefined ? (example === undefined ? undefined : String(example)) : String(row.default),
  });
}

const LABELS: Partial<Record<OptionName, string>> = {
  domain: 'Domain',
  'server-name': 'Server name (permanent)',
  'admin-user': 'Administrator',
  email: 'Email address',
  provider: 'Provider',
};

/** More than the table's help says, for the form. */
const NOTES: Partial<Record<OptionName, string>> = {
  'db-password': 'Not part of links and of saved options: both end up in other places.',
  extra: 'Paste the content of the file. It is not part of links: it may contain secrets.',
  'docker-apt-key': 'Paste the content of the file.',
  'ssh-key': 'One per line.',
  provider: 'Its command and its limit are then shown.',
};

function fieldOf(name: OptionName, control: Control): HTMLElement {
  const { help, default: value, defaultText } = optionOf(name);
  const preset = value ?? defaultText;
  const words = [
    `${help.charAt(0).toUpperCase()}${help.slice(1)}.`,
    ...(preset === undefined || preset === 'none' ? [] : [`Default: ${preset}.`]),
    ...(NOTES[name] ? [NOTES[name]] : []),
  ];
  return el(
    'div',
    { class: name === 'domain' ? 'field large' : 'field' },
    el('label', { for: control.id }, LABELS[name] ?? name),
    control,
    el('p', { class: 'help', id: `help-${name}` }, words.join(' ')),
    el('div', { class: 'messages', role: 'status' }),
  );
}
