/** The tab that shows what a document puts on the server: files with owner, mode and content, and the first boot. */
import { inventory } from '../cloudinit/read/inventory';
import { readUserData, type UserDataDocument } from '../cloudinit/read/user-data';
import { documentView } from './document-view';
import { el } from './dom';

export interface Documents {
  made?: Uint8Array;
  checked?: Uint8Array;
}

/** @returns shows the documents as they are now */
export function readView(host: HTMLElement, documents: Documents): () => void {
  const result = el('div');
  const choice = el(
    'select',
    { id: 'read-which', onchange: () => show() },
    el('option', { value: 'made' }, 'the document made here'),
    el('option', { value: 'checked' }, 'the document in the tab Check'),
  );
  const show = () => {
    const bytes = documents[choice.value as keyof Documents];
    const nothing = el('p', {}, 'There is no such document yet. Make one, or paste one in the tab Check.');
    result.replaceChildren(...(bytes ? contents(bytes) : [nothing]));
  };
  host.append(
    el('div', { class: 'field form' }, el('label', { for: 'read-which' }, 'Which document'), choice),
    result,
  );
  return () => {
    if (!documents.made && documents.checked) choice.value = 'checked';
    show();
  };
}

function contents(bytes: Uint8Array): HTMLElement[] {
  const document = readUserData(bytes);
  const { problem, files, packages, users, keys } = inventory(document);
  const named = (title: string, names: readonly string[]) =>
    names.length === 0 ? [] : [el('h2', {}, title), el('ul', {}, ...names.map((name) => el('li', {}, name)))];
  const shown = files.map((file, index) => {
    const { owner, mode, path, bytes: size } = file;
    const text = document.files[index]?.text;
    return el(
      'details',
      { class: 'group' },
      el(
        'summary',
        {},
        el('code', { class: 'path' }, `${mode} ${owner} ${path}`),
        el('span', { class: 'help' }, ` ${size ?? '?'} bytes`),
      ),
      text === undefined
        ? el('p', {}, file.problem ?? (file.source ? `fetched from ${file.source}` : 'not text'))
        : documentView(text, `file-${index}-`, path),
    );
  });
  return [
    ...(problem === undefined ? [] : [el('p', { class: 'wrong' }, problem)]),
    el('h2', {}, `Files (${files.length})`),
    el('p', { class: 'help' }, 'Mode, owner and path on the server. Open one to read it in plain text.'),
    ...shown,
    ...named('Packages', packages),
    ...named('Users', users),
    ...steps('At the start of every boot (bootcmd)', document, 'bootcmd'),
    ...steps('At the end of the first boot (runcmd)', document, 'runcmd'),
    ...named('Keys of the document', keys),
  ];
}

/** Commands as a list; each line of a script is an item of its own. */
function steps(title: string, { scripts }: UserDataDocument, key: string): HTMLElement[] {
  const lines = scripts
    .filter(({ name }) => name === key)
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.trim() !== '' && line !== '#!/bin/sh');
  if (lines.length === 0) return [];
  return [el('h2', {}, title), el('ol', {}, ...lines.map((line) => el('li', {}, el('code', {}, line))))];
}
