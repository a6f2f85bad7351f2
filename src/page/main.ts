/** The page: its tabs, and the documents that they share. */
import { checkView } from './check';
import { byId } from './dom';
import { makeView } from './make';
import { type Documents, readView } from './read';

const TABS = ['make', 'check', 'read'] as const;
type Tab = (typeof TABS)[number];

const documents: Documents = {};
const showContents = readView(byId('read'), documents);
makeView(byId('make'), (bytes) => {
  documents.made = bytes;
});
checkView(byId('check'), (bytes) => {
  documents.checked = bytes;
});

function select(tab: Tab): void {
  for (const name of TABS) {
    const isSelected = name === tab;
    const label = byId(`tab-${name}`);
    label.setAttribute('aria-selected', String(isSelected));
    label.tabIndex = isSelected ? 0 : -1;
    byId(name).hidden = !isSelected;
  }
  if (tab === 'read') showContents();
}

// Arrow keys move between tabs, as screen readers announce it (WAI-ARIA Authoring Practices, tabs).
for (const [index, name] of TABS.entries()) {
  const label = byId(`tab-${name}`);
  label.addEventListener('click', () => select(name));
  label.addEventListener('keydown', ({ key }) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: TABS.length - 1 }[key];
    const next = to === undefined ? undefined : TABS.at(to % TABS.length);
    if (!next) return;
    select(next);
    byId(`tab-${next}`).focus();
  });
}
