/** The forms of a document, from the most readable to the smallest, and which of them a provider accepts. */
import type { Deployment, Format } from '../../config/deployment';
import { countedSize, type Form, type ProviderLimit } from '../../providers';
import { APT_KEY, type Content, SCRIPT, SETTINGS } from '../../server/files';
import { document, PACKED } from './document';
import { base64, gzip, utf8 } from './encode';

/** One form of a document. */
export interface Rung {
  readonly name: string;
  /** For people: what characterises the document. */
  readonly what: string;
  /** The forms that it may be passed on in, the most readable first. */
  readonly forms: readonly Form[];
  readonly content: Content;
}

const TEXT: readonly Form[] = ['yaml'];
const ZIPPED: readonly Form[] = ['gzip', 'base64'];
const PLAIN: Content = { ...PACKED, scripts: 'plain' };

/** Inside gzip, scripts are plain: packing twice makes them larger. */
export const LADDER = [
  { name: 'plain', what: 'YAML with readable scripts', forms: TEXT, content: PLAIN },
  { name: 'packed', what: 'YAML with packed scripts', forms: TEXT, content: PACKED },
  { name: 'gzip', what: 'YAML with readable scripts, compressed', forms: ZIPPED, content: PLAIN },
  {
    name: 'key-fetched',
    what: "compressed; the server fetches Docker's key and compares its SHA-256",
    forms: ZIPPED,
    content: { ...PLAIN, dockerKey: 'fetched' },
  },
  {
    name: 'script-fetched',
    what: 'the server fetches matrixctl and compares its SHA-256',
    forms: [...TEXT, ...ZIPPED],
    content: { ...PLAIN, matrixctl: 'fetched' },
  },
  {
    name: 'both-fetched',
    what: "compressed; the server fetches Docker's key and matrixctl, and compares their SHA-256",
    forms: ZIPPED,
    content: { ...PLAIN, dockerKey: 'fetched', matrixctl: 'fetched' },
  },
  {
    name: 'core',
    what: "compressed; without matrixctl's doctor, backup, restore and update; the server fetches Docker's key and compares its SHA-256",
    forms: ZIPPED,
    content: { ...PLAIN, dockerKey: 'fetched', matrixctl: 'core' },
  },
] as const satisfies readonly Rung[];

export type RungName = (typeof LADDER)[number]['name'];

/** The row of a rung. */
export function rungOf(name: RungName): Rung {
  const found = LADDER.find((rung) => rung.name === name);
  if (!found) throw new Error(`no rung ${name}`);
  return found;
}

/**
 * The rung of a document that gen-cloudinit made.
 * @param files what the document writes: path on the server, encoding, text where it decodes
 * @returns undefined for any other document
 */
export function recognizeRung(
  form: Form,
  files: readonly {
    readonly target: string;
    readonly encoding: string;
    readonly text?: string | undefined;
  }[],
): RungName | undefined {
  const at = (path: string) => files.find(({ target }) => target === path);
  if (!at(SETTINGS)) return undefined;
  const script = at(SCRIPT);
  const content: Content = {
    scripts: script && script.encoding !== 'text/plain' ? 'packed' : 'plain',
    dockerKey: at(APT_KEY) ? 'included' : 'fetched',
    matrixctl: !script ? 'fetched' : /^(?:cmd_)?doctor\(\)/m.test(script.text ?? '') ? 'included' : 'core',
  };
  const isIts = (rung: Rung) =>
    rung.forms.includes(form) &&
    rung.content.scripts === content.scripts &&
    rung.content.dockerKey === content.dockerKey &&
    rung.content.matrixctl === content.matrixctl;
  return LADDER.find(isIts)?.name;
}

/** A document on one rung. */
export interface Fitted {
  readonly rung: RungName;
  readonly form: Form;
  /** The text to pass on. */
  readonly bytes: Uint8Array;
  /** False where the provider accepts neither it nor any other allowed rung. */
  readonly fits: boolean;
}

/** Whether a rung gives a server with everything that the options request. */
function serves({ content }: Rung, { scriptUrl, backup, restoreFrom }: Deployment): boolean {
  if (content.matrixctl === 'fetched') return scriptUrl !== undefined;
  if (content.matrixctl === 'core') return scriptUrl === undefined && !backup && restoreFrom === undefined;
  return true;
}

/** Makes the document of one rung and form. */
export type Maker = (rung: Rung, form: Form) => Promise<Uint8Array>;

/** The documents of a deployment, each made once: compressing takes longer than all the rest. */
export function makerOf(deployment: Deployment): Maker {
  const zipped = new Map<string, Promise<Uint8Array>>();
  return async ({ name, content }, form) => {
    if (form === 'yaml') return utf8(document(deployment, content));
    const gzipped = zipped.get(name) ?? gzip(utf8(document(deployment, content)));
    zipped.set(name, gzipped);
    return form === 'gzip' ? gzipped : utf8(`${base64(await gzipped)}\n`);
  };
}

/**
 * The document on the first rung that the provider accepts. Without a provider: YAML with packed scripts, unless the options
 * name a format.
 * @param make makes the documents; pass the same one to ask for several providers
 * @returns the smallest of the candidates where none fits; undefined where the provider does not accept the format at all
 */
export async function onLadder(
  deployment: Deployment,
  format: Format | undefined,
  limit: ProviderLimit | undefined,
  make: Maker = makerOf(deployment),
): Promise<Fitted | undefined> {
  const made: Fitted[] = [];
  const rungs = LADDER.filter((each) => serves(each, deployment));
  for (const { rung, form } of rungs.flatMap((each) => formsOf(each, format, limit))) {
    const bytes = await make(rung, form);
    const fits = !limit || countedSize(limit, bytes.length) <= limit.bytes;
    const one = { rung: rung.name, form, bytes, fits };
    if (fits) return one;
    made.push(one);
  }
  return made.reduce<Fitted | undefined>(
    (least, each) => (least && least.bytes.length <= each.bytes.length ? least : each),
    undefined,
  );
}

/** A rung in each form that the format and the provider allow; base64 is tried only where gzip, which is smaller, is not. */
function formsOf<Each extends Rung>(
  rung: Each,
  format: Format | undefined,
  limit: ProviderLimit | undefined,
): { rung: Each; form: Form }[] {
  if (format === 'plain' ? rung.name !== 'plain' : rung.name === 'plain' && !limit) return [];
  return rung.forms
    .filter((form) => format === undefined || format === 'plain' || form === format)
    .filter((form) => !limit || limit.forms.includes(form))
    .filter((form, _, allowed) => form !== 'base64' || !allowed.includes('gzip'))
    .map((form) => ({ rung, form }));
}
