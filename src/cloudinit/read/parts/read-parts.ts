/** User data to its parts, as cloud-init's user_data.py and its handlers take it apart. */
import { Source } from '../../../diagnostics/source';
import { parseYaml, whyRefused } from '../parse';
import { AS_IT_IS, Pieces, type Placed, sliced } from '../placement';
import { linePlace } from '../scripts';
import { redacted } from '../secrets';
import { type Input, type Kind, kindOf } from '../unwrap';
import { get, items, type Node, type ScalarNode, text } from '../yaml-node';
import { payloadOf } from './decode-part';
import { renderJinja } from './jinja';
import { type Message, parameter, readMessage } from './message';
import { type Note, type Part, type Parts, TYPES, typeOfKind } from './part';

interface Found {
  readonly placed: Placed;
  readonly type: string;
  readonly name: string | undefined;
  readonly start: number;
  readonly mergeType?: string;
}

/** Length of all parts beyond which the rest is not read: no document in use comes close. */
const ROOM = 16 * 1024 * 1024;

export function readParts(input: Input): Parts {
  const reader = new PartReader(input);
  reader.read();
  return reader;
}

class PartReader implements Parts {
  readonly parts: Part[] = [];
  readonly notes: Note[] = [];
  readonly expressions: number[] = [];
  private readonly source: Source;
  /** cloud-init counts the parts to name those without a file name. */
  private count = 0;
  private hasHandler = false;
  /** Characters that may still be read: aliases and gzip make many long texts of a short document. */
  private left: number;

  constructor(private readonly input: Input) {
    this.source = new Source(input.text);
    this.left = ROOM + 4 * input.text.length;
  }

  read(): undefined {
    const { kind, text: whole } = this.input;
    if (kind === 'unknown') return;
    if (kind === 'mime') return this.mime(whole);
    const placed = { text: whole, placement: AS_IT_IS };
    this.take({ placed, type: typeOfKind(kind) ?? '', name: undefined, start: 0 });
  }

  private error(code: Note['code'], start: number, message: string, hint?: string): undefined {
    this.note({ severity: 'error', code, path: '', start, message, ...(hint === undefined ? {} : { hint }) });
  }

  private info(code: Note['code'], start: number, message: string): undefined {
    this.note({ severity: 'info', code, path: '', start, message });
  }

  private note(note: Note): void {
    this.notes.push(note);
  }

  // MIME.

  private mime(whole: string): undefined {
    const head = new TextEncoder().encode(whole.slice(0, 4096)).subarray(0, 4096);
    if (!new TextDecoder().decode(head).toLowerCase().includes('mime-version:')) {
      const message = 'The message has no header MIME-Version; cloud-init takes it for text and ignores it.';
      return this.error('mime-headers', 0, message, 'Write `MIME-Version: 1.0` as the first line.');
    }
    this.message(readMessage(whole));
  }

  private message(message: Message): undefined {
    for (const { start, message: words, hint } of message.problems) {
      this.error('mime-headers', start, `${words}; cloud-init ignores the part.`, hint);
    }
    for (const part of message.parts) this.message(part);
    if (message.type.startsWith('multipart/') || this.left <= 0) return;
    const { placed, isGzip, notes, isLost } = payloadOf(this.input.text, message);
    this.notes.push(...notes);
    if (isLost) return;
    const isSniffed =
      isGzip || ['text/plain', 'text/x-not-multipart', 'text/x-shellscript'].includes(message.type);
    const type =
      (isSniffed ? typeOfKind(kindOf(placed.text)) : undefined) ?? (isGzip ? 'text/plain' : message.type);
    const { headers } = message;
    const name =
      parameter(headers.get('content-disposition') ?? '', 'filename') ??
      parameter(headers.get('content-type') ?? '', 'name');
    const mergeType = headers.get('merge-type') || headers.get('x-merge-type') || '';
    const isReported = message.problems.length > 0;
    this.take({ placed, type, name, start: message.start, mergeType }, isReported);
  }

  // Parts of every origin.

  private isFull(length: number, start: number): boolean {
    const isFull = this.left <= 0;
    this.left -= length;
    if (!isFull && this.left <= 0) {
      this.info(
        'kind-not-checked',
        start,
        'The parts are together too long to be checked; this is the last one that is.',
      );
    }
    return isFull;
  }

  private take(found: Found, isReported = false): undefined {
    const kind = TYPES[found.type];
    if (kind === 'include') return this.include(found.placed);
    if (kind === 'archive') return this.archive(found);
    this.attach(found, isReported);
  }

  private attach(found: Found, isReported = false): undefined {
    this.count++;
    if (this.isFull(found.placed.text.length, found.start)) return;
    const kind = TYPES[found.type];
    if (kind === undefined || kind === 'include' || kind === 'archive')
      return this.ignored(found, isReported);
    if (kind === 'part-handler') this.hasHandler = true;
    if (kind === 'jinja') this.jinja(found);
    else this.add(found, found.placed, kind, false);
  }

  private add(found: Found, placed: Placed, kind: Kind, isRendered: boolean): undefined {
    const { type, start, mergeType = '' } = found;
    const name = found.name ?? `part-${String(this.count).padStart(3, '0')}`;
    const yaml = kind === 'cloud-config' ? parseYaml(placed.text, placed.placement) : undefined;
    this.parts.push({ ...placed, type, kind, name, start, mergeType, isRendered, ...(yaml ? { yaml } : {}) });
  }

  private ignored({ placed, type, start }: Found, isReported: boolean): undefined {
    if (placed.text === '' || isReported) return;
    const message = `cloud-init ignores this part, whose type is ${redacted(type)}`;
    if (this.hasHandler)
      return this.info('part-ignored', start, `${message}, unless the part handler above takes it.`);
    const known = Object.keys(TYPES).find((each) => each.endsWith(type.replace(/^.*\//, '')));
    const hint =
      type === 'text/plain'
        ? 'Begin the text with a header such as #cloud-config or #!/bin/sh, or name the type of the part.'
        : `Write Content-Type: ${known ?? 'text/cloud-config'}.`;
    this.error('part-ignored', start, `${message}.`, hint);
  }

  private include({ text: list, placement }: Placed): undefined {
    for (const { 0: line, index } of list.matchAll(/[^\r\n]+/g)) {
      const [, url = ''] = /^(?:#include(?:-once)?)?\s*(.*?)\s*$/i.exec(line) ?? [];
      if (url === '' || url.startsWith('#')) continue;
      const message = `cloud-init fetches ${redacted(url.replace(/\?.*/, '?...'))} at boot; what it delivers is not checked.`;
      this.info('include-not-fetched', placement.at(index), message);
    }
  }

  private jinja(found: Found): undefined {
    const { text: whole } = found.placed;
    const first = whole.indexOf('\n');
    const line = (first < 0 ? whole : whole.slice(0, first)).trim();
    const start = found.placed.placement.at(0);
    if (!/^##\s*template:\s*jinja$/i.test(line)) {
      const hint = 'Write `## template: jinja` alone in the first line.';
      return this.error(
        'jinja-syntax',
        start,
        'The first line of the template is not as cloud-init wants it.',
        hint,
      );
    }
    const { placed, problem, expressions } = renderJinja(
      sliced(found.placed, first < 0 ? whole.length : first + 1),
    );
    this.expressions.push(...expressions);
    if (problem)
      return this.error(
        'jinja-syntax',
        problem.start,
        `${problem.message}; cloud-init ignores the template.`,
        problem.hint,
      );
    const kind = kindOf(placed.text);
    if (!['cloud-config', 'script', 'boothook', 'jsonp'].includes(kind)) {
      const hint = 'Make #cloud-config or #!/bin/sh the second line.';
      return this.error(
        'part-ignored',
        start,
        'What the template renders has no header; cloud-init ignores it.',
        hint,
      );
    }
    const message =
      'The template is rendered on the server; expressions are checked as text, and of conditions the first branch.';
    this.info('kind-not-checked', start, message);
    this.add(found, placed, kind, true);
  }

  // Archives.

  private archive({ placed, start }: Found): undefined {
    const parsed = parseYaml(placed.text, placed.placement);
    const [root] = parsed.documents;
    const refused = whyRefused(parsed);
    const problem = refused && refused.code !== 'yaml-not-a-map' ? refused : undefined;
    if (problem) {
      return this.error(
        problem.code,
        problem.start,
        `${problem.message}; cloud-init ignores the archive.`,
        problem.hint,
      );
    }
    if (root?.kind !== 'sequence') {
      const hint = 'Begin each part with a dash: `- type: text/cloud-config`.';
      return this.error(
        'archive-entry',
        root?.start ?? start,
        'An archive is a list of parts; cloud-init ignores this one.',
        hint,
      );
    }
    for (const item of items(root)) {
      if (this.left <= 0) return;
      this.entry(item);
    }
  }

  private entry(item: Node): undefined {
    const content = item.kind === 'mapping' ? get(item, 'content') : item;
    if (item.kind === 'sequence' || (item.kind === 'scalar' && item.type !== 'str')) {
      const message =
        'An entry of an archive is text, or keys such as type and content; cloud-init skips this one.';
      return this.error('archive-entry', item.start, message);
    }
    if (content && (content.kind !== 'scalar' || !['str', 'binary'].includes(content.type))) {
      const hint = 'Write the content as a block of text: `content: |`.';
      return this.error(
        'archive-entry',
        content.start,
        'The content of an entry must be text; cloud-init stops at it.',
        hint,
      );
    }
    const placed = content ? this.contentOf(content) : { text: '', placement: AS_IT_IS };
    const given = text(item, 'type');
    const type = given || (typeOfKind(kindOf(placed.text)) ?? 'text/cloud-config');
    if (type.split('/').length !== 2) {
      const node = get(item, 'type') ?? item;
      return this.error(
        'archive-entry',
        node.start,
        'The type of an entry has the form text/NAME; cloud-init stops at it.',
        'Write `type: text/cloud-config`.',
      );
    }
    const mergeType = text(item, 'Merge-Type') || text(item, 'X-Merge-Type') || '';
    this.attach({
      placed,
      type: type.toLowerCase(),
      name: text(item, 'filename'),
      start: item.start,
      mergeType,
    });
  }

  /** Lines of a literal are lines of the document; other text is at one place. */
  private contentOf(content: ScalarNode): Placed {
    const pieces = new Pieces();
    let line = 1;
    for (const piece of content.text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      pieces.add(piece, linePlace(this.source, content, line).start);
      line++;
    }
    const { text: whole, placement } = pieces.joined(AS_IT_IS);
    if (content.block) return { text: whole, placement };
    return { text: content.text, placement: { at: () => content.start, isExact: false } };
  }
}
