/** Small helpers for the page's elements. */

type Child = Node | string;
type Props = Readonly<Record<string, string | boolean | ((event: Event) => void) | undefined>>;

/**
 * An element. A property that begins with `on` is a listener, true is an attribute without a value, and undefined or false
 * leaves it out. Text is always text: nothing is parsed as HTML.
 */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

export const button = (label: string, onclick: () => void, props: Props = {}) =>
  el('button', { type: 'button', onclick, ...props }, label);

/** The element of an id that the page itself has made. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** Hands a file to the browser, as a download. */
export function download(
  name: string,
  content: Uint8Array | string,
  type = 'application/octet-stream',
): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @returns false where the browser refuses the clipboard */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Runs the last of several calls, after a pause. @param ms milliseconds */
export function later(work: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  };
}

export const bytesOf = (text: string) => new TextEncoder().encode(text);
