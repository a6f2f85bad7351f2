/** The tab that checks any document, pasted or dropped. */
import { toDiagnostics } from '../cloudinit/lint/finding';
import { findAll } from '../cloudinit/lint/lint';
import { withExcerpt } from '../cloudinit/read/excerpt';
import { hasErrors } from '../diagnostics/diagnostic';
import { countsText } from '../diagnostics/render-text';
import { PROVIDER_NAMES, PROVIDERS } from '../providers';
import { documentView, showLine } from './document-view';
import { bytesOf, el, later } from './dom';
import { findingsList } from './findings';

/** More than any provider accepts. */
const MAX_BYTES = 4 * 1024 * 1024;

/** @param given takes each document that is checked */
export function checkView(host: HTMLElement, given: (bytes: Uint8Array) => void): void {
  const result = el('div');
  let bytes: Uint8Array | undefined;
  const text = el('textarea', {
    id: 'check-text',
    rows: '14',
    spellcheck: 'false',
    'aria-describedby': 'check-help',
    oninput: () => {
      bytes = undefined;
      soon();
    },
  });
  const provider = el(
    'select',
    { id: 'check-provider', onchange: () => soon() },
    el('option', { value: '' }, 'any'),
    ...PROVIDER_NAMES.map((name) => el('option', { value: name }, PROVIDERS[name].name)),
  );
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MAX_BYTES) {
      result.replaceChildren(el('p', { class: 'wrong' }, `${file.name} is larger than ${MAX_BYTES} bytes.`));
      return;
    }
    bytes = new Uint8Array(await file.arrayBuffer());
    const isText = bytes[0] !== 0x1f;
    text.value = isText ? new TextDecoder().decode(bytes) : '';
    text.placeholder = isText ? '' : `${file.name}: ${bytes.length} bytes of gzip`;
    check();
  };
  const file = el('input', { type: 'file', id: 'check-file', onchange: () => void take(file.files?.[0]) });
  const check = () => {
    const document = bytes ?? bytesOf(text.value);
    if (document.length === 0) {
      result.replaceChildren();
      return;
    }
    given(document);
    result.replaceChildren(...findingsOf(document, provider.value));
  };
  const soon = later(check, 250);
  const zone = el(
    'div',
    {
      class: 'drop',
      ondragover: (event) => {
        event.preventDefault();
        zone.classList.add('over');
      },
      ondragleave: () => zone.classList.remove('over'),
      ondrop: (event) => {
        event.preventDefault();
        zone.classList.remove('over');
        void take((event as DragEvent).dataTransfer?.files[0]);
      },
    },
    el('label', { for: 'check-text', class: 'strong' }, 'Document'),
    el(
      'p',
      { class: 'help', id: 'check-help' },
      'Paste user data, or drop a file here: cloud-config, a script, MIME, gzip or base64.',
    ),
    text,
    el('div', { class: 'field' }, el('label', { for: 'check-file' }, 'Or choose a file'), file),
  );
  host.append(
    el(
      'div',
      { class: 'columns' },
      el(
        'div',
        { class: 'form' },
        el('h2', {}, 'Check'),
        zone,
        el(
          'div',
          { class: 'field' },
          el('label', { for: 'check-provider' }, 'Provider whose size limit applies'),
          provider,
        ),
      ),
      el('div', { role: 'region', 'aria-label': 'Findings' }, result),
    ),
  );
}

function findingsOf(bytes: Uint8Array, provider: string): HTMLElement[] {
  const { document, findings } = findAll(bytes, provider === '' ? {} : { provider });
  const { source } = document;
  const found = toDiagnostics(findings, source).map((one) => withExcerpt(one, source));
  return [
    el('h2', {}, 'Findings'),
    el('p', { role: 'status', class: hasErrors(found) ? 'wrong' : 'fits' }, countsText(found)),
    el(
      'p',
      { class: 'help' },
      'The command gen-cloudinit check also runs the shells and cloud-init itself on the document, if they are installed.',
    ),
    findingsList(found, { jump: (line) => showLine('checked-', line) }),
    el('h2', {}, 'The document'),
    documentView(source.text, 'checked-', 'The checked document'),
  ];
}
