/** The tab that makes a document: the form, and beside it the report, the sizes and the document, all of them live. */
import { dump } from 'js-yaml';
import { type CompiledDocument, compileFrom } from '../cloudinit/compile';
import { readUserData } from '../cloudinit/read/user-data';
import { delegationFiles, handover } from '../cloudinit/report';
import { makerOf, onLadder, rungOf } from '../cloudinit/write/ladder';
import { collectOptions } from '../config/config-file';
import { type OptionName, optionOf } from '../config/options';
import type { Diagnostic } from '../diagnostics/diagnostic';
import { countedSize, type Form as DocumentForm, PROVIDER_NAMES, PROVIDERS } from '../providers';
import { documentView } from './document-view';
import { button, copy, download, el, later } from './dom';
import { findingsList } from './findings';
import { type Form, makeForm } from './form';
import { formValues, fromFragment, isPrivate, optionValues, toFragment, type Values } from './state';

const FILE_NAMES: Readonly<Record<DocumentForm, string>> = {
  yaml: 'user-data.yaml',
  gzip: 'user-data.gz',
  base64: 'user-data.b64',
};

/** Milliseconds without typing before the document is made, and before the other providers' sizes are. */
const [PAUSE, LONG_PAUSE] = [150, 600];

/** Milliseconds for which a notice is shown. */
const NOTICE = 15_000;

/** @param made takes each new document */
export function makeView(host: HTMLElement, made: (bytes: Uint8Array) => void): void {
  const status = el('p', { class: 'notice', role: 'status' });
  const general = el('div', { role: 'status' });
  const report = el('section', { id: 'report' });
  const sizes = el('section', { id: 'sizes' });
  const result = el('section', { id: 'result' });
  let round = 0;
  const fade = later(() => status.replaceChildren(), NOTICE);
  const say = (text: string) => {
    status.textContent = text;
    fade();
  };

  const show = async () => {
    const own = ++round;
    const values = form.values();
    const compiled = await compileFrom({
      options: optionValues(values),
      diagnostics: [],
      locate: (one) => one,
    });
    if (own !== round) return;
    const isEmpty = !values.domain;
    const diagnostics = compiled.diagnostics.filter(({ code }) => !(isEmpty && code === 'missing-option'));
    const rest = form.show(diagnostics);
    general.replaceChildren(...(rest.length > 0 ? [findingsList(rest)] : []));
    if (!compiled.deployment) {
      const words = isEmpty
        ? 'Type the domain of your server; the document appears here.'
        : 'Correct the marked fields; the document appears here.';
      for (const part of [report, sizes]) part.replaceChildren();
      result.replaceChildren(el('p', {}, words));
      return;
    }
    made(compiled.bytes);
    report.replaceChildren(...reportOf(compiled, say));
    result.replaceChildren(...resultOf(compiled, say));
    soonSizes();
  };

  const showSizes = async () => {
    const own = round;
    const compiled = await compileFrom({
      options: { ...optionValues(form.values()), provider: undefined },
      diagnostics: [],
      locate: (one) => one,
    });
    if (!compiled.deployment) return;
    const { deployment, output } = compiled;
    const make = makerOf(deployment);
    const rows: HTMLElement[] = [];
    for (const name of PROVIDER_NAMES) {
      const limit = PROVIDERS[name];
      const fitted = await onLadder(deployment, output.format, limit, make);
      if (own !== round) return;
      const size = fitted && countedSize(limit, fitted.bytes.length);
      const isIn = fitted?.fits === true;
      rows.push(
        el(
          'tr',
          {},
          el('th', { scope: 'row' }, limit.name),
          el('td', { class: isIn ? 'fits' : 'wrong' }, isIn ? 'fits' : 'too large'),
          el(
            'td',
            { class: 'size' },
            size === undefined ? 'does not accept this format' : `${size} of ${limit.bytes} bytes`,
          ),
          el(
            'td',
            {},
            ...(size === undefined
              ? []
              : [
                  el('meter', {
                    min: '0',
                    max: String(limit.bytes),
                    value: String(Math.min(size, limit.bytes)),
                    'aria-label': `${limit.name}: ${size} of ${limit.bytes} bytes`,
                  }),
                ]),
          ),
          el('td', { class: 'what' }, fitted ? `${fitted.rung}: ${rungOf(fitted.rung).what}` : ''),
        ),
      );
    }
    const heads = ['Provider', 'Verdict', 'Size', 'Share of the limit', 'Form'].map((head) =>
      el('th', { scope: 'col' }, head),
    );
    sizes.replaceChildren(
      el('h2', {}, 'What each provider accepts'),
      el('p', {}, 'For each provider the most readable form that fits its limit.'),
      el(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Sizes per provider' },
        el('table', {}, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...rows)),
      ),
    );
  };

  const soon = later(() => void show(), PAUSE);
  const soonSizes = later(() => void showSizes(), LONG_PAUSE);
  const form = makeForm(() => {
    history.replaceState(null, '', `#${toFragment(form.values())}`);
    soon();
  });

  const load = () => {
    const { values, unknown } = fromFragment(location.hash);
    form.fill(values);
    say(unknown.length > 0 ? `The link has options that do not exist here: ${unknown.join(', ')}.` : '');
    void show();
  };
  addEventListener('hashchange', load);
  host.append(
    el(
      'div',
      { class: 'columns' },
      el('div', { class: 'form' }, el('h2', {}, 'Options'), form.element, tools(form, say, soon)),
      el('div', {}, status, general, report, result, sizes),
    ),
  );
  load();
}

/** Links, saved options, a fresh start. */
function tools(form: Form, say: (text: string) => void, changed: () => void): HTMLElement {
  const file = el('input', {
    type: 'file',
    id: 'load-options',
    accept: '.yaml,.yml',
    onchange: async () => {
      const [chosen] = file.files ?? [];
      if (!chosen) return;
      const { values, problems } = imported(await chosen.text());
      if (problems.length > 0)
        say(
          `The file was not loaded: ${problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}.`,
        );
      else {
        form.fill(values);
        history.replaceState(null, '', `#${toFragment(form.values())}`);
        say('The options were loaded.');
        changed();
      }
      file.value = '';
    },
  });
  return el(
    'div',
    {},
    el(
      'div',
      { class: 'row' },
      button('Copy link', async () => {
        const isDone = await copy(location.href);
        say(
          isDone
            ? 'The link was copied. It contains no secret.'
            : 'The browser refuses the clipboard; copy the address instead.',
        );
      }),
      button('Save options', () =>
        download('gen-cloudinit.yaml', exported(form.values()), 'application/yaml'),
      ),
      button('Start over', () => {
        form.fill({});
        history.replaceState(null, '', location.pathname + location.search);
        say('All options have their defaults.');
        changed();
      }),
    ),
    el(
      'div',
      { class: 'field' },
      el('label', { for: 'load-options' }, 'Load options (a --config file)'),
      file,
    ),
  );
}

/** The options as a file for --config: without secrets, and without what that file names by path. */
export function exported(values: Values): string {
  const isWritten = (name: OptionName) => !isPrivate(name) && !optionOf(name).file;
  const options = Object.entries(optionValues(values)).filter(([name]) => isWritten(name as OptionName));
  const left = (Object.keys(values) as OptionName[]).filter((name) => values[name] && !isWritten(name));
  const notes = left.map(
    (name) =>
      `# ${name}: ${optionOf(name).file ? 'save the text in a file, and name it here' : 'not saved, since it is a secret'}\n`,
  );
  return `# gen-cloudinit --config gen-cloudinit.yaml\n${options.length > 0 ? dump(Object.fromEntries(options)) : ''}${notes.join('')}`;
}

/** @param text of a --config file; a file that it names is a problem, as the page reads no files on its own */
export function imported(text: string): { values: Values; problems: readonly Diagnostic[] } {
  const name = 'gen-cloudinit.yaml';
  const readText = (path: string) => {
    if (path === name) return text;
    throw new Error('the page cannot open it; remove it from the file, and paste its content into the field');
  };
  const { options, diagnostics } = collectOptions({ config: name }, readText);
  const problems = diagnostics.filter(({ severity }) => severity === 'error');
  return { values: formValues(options), problems };
}

function reportOf(
  { deployment, output, form }: CompiledDocument,
  say: (text: string) => void,
): HTMLElement[] {
  const { domain, serverName, tls, adminUser, distro } = deployment;
  const limit = output.provider && PROVIDERS[output.provider];
  const command = limit && handover(limit, FILE_NAMES[form], distro);
  const note = limit?.notes?.[form];
  const ports = [
    ...(tls === 'local-ca' ? [] : ['80 (certificate)']),
    '443 (Element, apps)',
    '8448 (other servers)',
  ];
  const files = delegationFiles(deployment);
  const steps = [
    el(
      'li',
      {},
      'Create the server. ',
      ...(limit && command
        ? [
            `In the web console of ${limit.name}: ${limit.console.join(' → ')}. Or with its command:`,
            el('pre', {}, command),
            button('Copy the command', async () =>
              say(
                (await copy(command))
                  ? 'The command was copied.'
                  : 'The browser refuses the clipboard; select the command instead.',
              ),
            ),
            ...(note ? [el('p', { class: 'help' }, `Note: ${note}.`)] : []),
          ]
        : [
            'Choose a provider in the options to see its command and where its web console takes the document.',
          ]),
    ),
    el(
      'li',
      {},
      `DNS, as soon as the server has its address: an A record of ${domain} to its IPv4 address, and an AAAA record if it has IPv6.`,
    ),
    el('li', {}, `Open these ports at the provider: TCP ${ports.join(', ')}.`),
    ...(files.length > 0
      ? [
          el(
            'li',
            {},
            `Serve these files on ${serverName}, so that servers and apps find ${domain}:`,
            ...files.map(({ path, headers, text }) =>
              el(
                'div',
                {},
                el('p', { class: 'help' }, `https://${serverName}${path} (${headers.join('; ')})`),
                el('pre', {}, text),
                button(`Download ${path.split('/').at(-1)}`, () =>
                  // Of the type JSON, the browser would add an ending to the name.
                  download(path.split('/').at(-1) ?? 'file', `${text}\n`),
                ),
              ),
            ),
            el(
              'p',
              { class: 'help' },
              `To check it: curl -i https://${serverName}/.well-known/matrix/client`,
            ),
          ),
        ]
      : []),
    el(
      'li',
      {},
      'On the server, to see the end of the first boot: ',
      el('code', {}, 'cloud-init status --wait --long'),
    ),
  ];
  return [
    el('h2', {}, 'What to do'),
    el('p', {}, `Users will be @name:${serverName}. This is permanent.`),
    el(
      'p',
      {},
      adminUser
        ? `The administrator is @${adminUser}:${serverName}. The server generates the password, in /root/matrix-admin-password.`
        : 'No user is created: name an administrator in the options, or run matrixctl user on the server.',
    ),
    el('ol', { class: 'steps' }, ...steps),
  ];
}

function resultOf({ bytes, form, rung }: CompiledDocument, say: (text: string) => void): HTMLElement[] {
  const { source } = readUserData(bytes);
  const isText = form !== 'gzip';
  const name = FILE_NAMES[form];
  const packed = form === 'yaml' ? '' : ' The plain text in it:';
  return [
    el('h2', {}, 'The document'),
    el('p', {}, `${name}: ${bytes.length} bytes of ${form} (${rung}: ${rungOf(rung).what}).${packed}`),
    el(
      'div',
      { class: 'row' },
      button(`Download ${name}`, () =>
        download(name, bytes, form === 'gzip' ? 'application/gzip' : 'text/plain'),
      ),
      button(
        'Copy the document',
        async () =>
          say(
            (await copy(new TextDecoder().decode(bytes)))
              ? 'The document was copied.'
              : 'The browser refuses the clipboard; download the document instead.',
          ),
        isText ? {} : { disabled: true },
      ),
      ...(isText ? [] : [el('span', { class: 'help' }, 'gzip is binary: it cannot be copied as text.')]),
    ),
    documentView(source.text, 'made-', 'The document'),
  ];
}
