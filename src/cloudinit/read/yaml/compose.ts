/** Tokens to nodes: PyYAML's parser and composer in one. */
import { type Place, Source } from '../../../diagnostics/source';
import { AS_IT_IS, type Placement } from '../placement';
import type { MappingNode, Node, ScalarNode, SequenceNode } from '../yaml-node';
import { YamlFailure } from './cursor';
import { explainBlock, explainFlow, explainNoValue } from './explain';
import { isCore, readTagged, shortTag } from './resolve';
import { Scanner } from './scanner';
import type { Mark, ScannedScalar, Token } from './token';

/** PyYAML ends with a RecursionError somewhat deeper. */
const DEEPEST = 480;
const HANDLES = { '!': '!', '!!': 'tag:yaml.org,2002:' };

interface Properties {
  readonly anchor: Token | undefined;
  readonly tag: Token | undefined;
  readonly start: number;
}

export class Composer {
  readonly duplicates: { key: ScalarNode; first: ScalarNode }[] = [];
  readonly anchors: (Place & { name: string })[] = [];
  private readonly scanner: Scanner;
  private named = new Map<string, Node>();
  private handles = new Map<string, string>();
  private before: Token | undefined;
  private flow = 0;
  private depth = 0;
  private lines: Source | undefined;

  constructor(
    private readonly text: string,
    private readonly placement: Placement,
  ) {
    this.scanner = new Scanner(text);
  }

  /** @returns the next document, or undefined at the end of the text */
  document(isFirst: boolean): Node | undefined {
    const { scanner } = this;
    const isExplicit = !isFirst || scanner.next('directive', '---', 'stream-end');
    if (isExplicit) {
      while (scanner.next('...')) this.take();
      if (scanner.next('stream-end')) return undefined;
    }
    this.named = new Map();
    this.handles = new Map(Object.entries(HANDLES));
    if (isExplicit) this.directives();
    const start = scanner.peek().start;
    const isEmpty = isExplicit && scanner.next('directive', '---', '...', 'stream-end');
    const node = isEmpty ? this.empty('', start) : this.node('', true);
    if (scanner.next('...')) this.take();
    return node;
  }

  /** Offset of the next document, if one follows. */
  following(): number | undefined {
    while (this.scanner.next('...')) this.take();
    return this.scanner.next('stream-end') ? undefined : this.placement.at(this.scanner.peek().start);
  }

  private take(): Token {
    this.before = this.scanner.take();
    return this.before;
  }

  private directives(): void {
    const own = new Map<string, string>();
    let version: string | undefined;
    while (this.scanner.next('directive')) {
      const { name, words = [], start } = this.take();
      const [first = '', second = ''] = words;
      if (name === 'YAML') {
        if (version !== undefined) throw new YamlFailure(start, 'A second %YAML directive stands here');
        version = first;
        if (!version.startsWith('1.'))
          throw new YamlFailure(start, 'The %YAML directive wants another version than 1.x');
      } else if (name === 'TAG') {
        if (own.has(first)) throw new YamlFailure(start, 'A second %TAG directive has the same handle');
        own.set(first, second);
      }
    }
    for (const [handle, prefix] of own) this.handles.set(handle, prefix);
    const found = this.scanner.peek();
    if (found.mark !== '---') {
      const hint = 'Remove it, or correct the brackets and the indentation above.';
      throw new YamlFailure(
        found.start,
        'The value of the document ends above, and something follows it',
        hint,
      );
    }
    this.take();
  }

  private node(path: string, isBlock: boolean, mayBeIndentless = false): Node {
    const { scanner } = this;
    const first = scanner.peek();
    if (first.mark === 'alias') return this.alias(this.take());
    const properties = this.properties(first.start);
    const token = scanner.peek();
    if (mayBeIndentless && token.mark === '-') return this.nested(() => this.indentless(path, properties));
    if (token.mark === 'scalar') return this.scalar(this.take(), path, properties);
    if (token.mark === '[') return this.nested(() => this.flowSequence(path, properties));
    if (token.mark === '{') return this.nested(() => this.flowMapping(path, properties));
    if (isBlock && token.mark === 'block-sequence')
      return this.nested(() => this.blockSequence(path, properties));
    if (isBlock && token.mark === 'block-mapping')
      return this.nested(() => this.blockMapping(path, properties));
    if (properties.anchor || properties.tag) return this.empty(path, properties.start, properties);
    throw explainNoValue(this.text, token, this.flow > 0);
  }

  private nested(make: () => Node): Node {
    if (++this.depth > DEEPEST)
      throw new YamlFailure(this.scanner.peek().start, 'Lists and mappings are nested too deeply');
    const node = make();
    this.depth--;
    return node;
  }

  private alias({ name = '', start }: Token): Node {
    const node = this.named.get(name);
    if (node) return node;
    const hint = "If * belongs to the value, put the value in quotes: '*...'.";
    throw new YamlFailure(
      start,
      '* begins an alias in YAML, and no anchor of this name stands before it',
      hint,
      { code: 'yaml-anchor' },
    );
  }

  private properties(start: number): Properties {
    const { scanner } = this;
    let anchor = scanner.next('anchor') ? this.take() : undefined;
    const tag = scanner.next('tag') ? this.take() : undefined;
    if (tag && !anchor && scanner.next('anchor')) anchor = this.take();
    if (tag?.handle !== undefined && !this.handles.has(tag.handle)) {
      const hint = "If ! belongs to the value, put the value in quotes: '!...'.";
      throw new YamlFailure(tag.start, `The handle of the tag is not declared (${tag.handle})`, hint, {
        code: 'yaml-tag',
      });
    }
    return { anchor, tag, start: anchor || tag ? start : scanner.peek().start };
  }

  /** The tag in full, or empty. */
  private tagOf({ tag }: Properties): string {
    if (!tag) return '';
    return tag.handle === undefined ? (tag.name ?? '') : `${this.handles.get(tag.handle)}${tag.name}`;
  }

  private tagAt({ tag }: Properties): { readonly tagAt?: number } {
    return tag ? { tagAt: this.placement.at(tag.start) } : {};
  }

  private name<T extends Node>({ anchor }: Properties, node: T): T {
    if (!anchor) return node;
    const name = anchor.name ?? '';
    if (this.named.has(name)) {
      const message = 'The anchor has the name of an earlier one';
      throw new YamlFailure(anchor.start, message, 'Give each anchor a name of its own.', {
        code: 'yaml-anchor',
      });
    }
    this.anchors.push({ path: node.path, start: this.placement.at(anchor.start), name });
    this.named.set(name, node);
    return node;
  }

  private empty(
    path: string,
    start: number,
    properties: Properties = { anchor: undefined, tag: undefined, start },
  ): ScalarNode {
    const scalar = { style: 'plain', text: '', end: start } as const;
    return this.scalar({ mark: 'scalar', start, end: start, scalar }, path, properties);
  }

  private scalar(token: Token, path: string, properties: Properties): ScalarNode {
    const { style, text, end, block, surrogate } = token.scalar!;
    const { placement } = this;
    const tag = this.tagOf(properties);
    const reading = readTagged(tag, style, text);
    return this.name(properties, {
      kind: 'scalar',
      path,
      start: placement.at(token.start),
      end: placement.at(end),
      tag: shortTag(tag),
      ...this.tagAt(properties),
      style,
      text,
      type: isCore(tag, 'binary') ? 'binary' : reading.type,
      reading,
      inFlow: this.flow > 0,
      ...(block && placement.isExact ? { block: this.block(block) } : {}),
      ...(surrogate === undefined ? {} : { surrogate: placement.at(surrogate) }),
    });
  }

  private block(block: NonNullable<ScannedScalar['block']>): NonNullable<ScalarNode['block']> {
    const { placement, text } = this;
    if (placement === AS_IT_IS) return block;
    this.lines ??= new Source(text);
    const { lines } = this;
    const first = lines.at(block.start).line;
    const lineAt = (line: number) => placement.at(lines.lineStart(first + line - 1) + block.indent);
    return { start: placement.at(block.start), indent: block.indent, lineAt };
  }

  private newSequence(path: string, properties: Properties, start: number): SequenceNode {
    const tag = shortTag(this.tagOf(properties));
    const place = this.placement.at(start);
    return this.name(properties, {
      kind: 'sequence',
      path,
      start: place,
      tag,
      ...this.tagAt(properties),
      items: [],
    });
  }

  private newMapping(path: string, properties: Properties, start: number): MappingNode {
    const tag = shortTag(this.tagOf(properties));
    const place = this.placement.at(start);
    return this.name(properties, {
      kind: 'mapping',
      path,
      start: place,
      tag,
      ...this.tagAt(properties),
      entries: [],
      merged: [],
    });
  }

  private add(sequence: SequenceNode, item: (path: string) => Node): void {
    sequence.items.push(item(`${sequence.path}[${sequence.items.length}]`));
  }

  /** Block node after `-`, `?` or `:`, which may be empty. */
  private blockNode(path: string, mayBeIndentless: boolean, ...ends: readonly Mark[]): Node {
    const { end } = this.before!;
    return this.scanner.next(...ends) ? this.empty(path, end) : this.node(path, true, mayBeIndentless);
  }

  private flowNode(path: string, ...ends: readonly Mark[]): Node {
    const { end } = this.before!;
    return this.scanner.next(...ends) ? this.empty(path, end) : this.node(path, false);
  }

  private blockSequence(path: string, properties: Properties): Node {
    const node = this.newSequence(path, properties, this.take().start);
    while (this.scanner.next('-')) {
      this.take();
      this.add(node, (each) => this.blockNode(each, false, '-', 'block-end'));
    }
    this.endBlock();
    return node;
  }

  private indentless(path: string, properties: Properties): Node {
    const node = this.newSequence(path, properties, this.scanner.peek().start);
    while (this.scanner.next('-')) {
      this.take();
      this.add(node, (each) => this.blockNode(each, false, '-', '?', ':', 'block-end'));
    }
    return node;
  }

  private blockMapping(path: string, properties: Properties): Node {
    const node = this.newMapping(path, properties, this.take().start);
    const entries = new Entries(node, this.duplicates);
    while (this.scanner.next('?')) {
      this.take();
      const key = this.blockNode(path, true, '?', ':', 'block-end');
      const below = entries.pathOf(key);
      if (this.scanner.next(':')) {
        this.take();
        entries.add(key, this.blockNode(below, true, '?', ':', 'block-end'));
      } else entries.add(key, this.empty(below, this.before!.end));
    }
    this.endBlock();
    return node;
  }

  private endBlock(): void {
    const found = this.scanner.peek();
    if (found.mark !== 'block-end') throw explainBlock(this.text, found, this.before);
    // Not `take`: the end of a block has no place of its own.
    this.scanner.take();
  }

  private flowSequence(path: string, properties: Properties): Node {
    const opened = this.take();
    const node = this.newSequence(path, properties, opened.start);
    this.flow++;
    while (!this.scanner.next(']')) {
      if (node.items.length > 0) {
        this.comma(opened);
        if (this.scanner.next(']')) break;
      }
      this.add(node, (each) => (this.scanner.next('?') ? this.pair(each) : this.node(each, false)));
    }
    this.take();
    this.flow--;
    return node;
  }

  /** A key with its value as an item of a list: `[a: b]`. */
  private pair(path: string): Node {
    const mark = this.take();
    const start = this.placement.at(mark.start);
    const node: MappingNode = { kind: 'mapping', path, start, tag: '', entries: [], merged: [] };
    const entries = new Entries(node, this.duplicates);
    const key = this.flowNode(path, ':', ',', ']');
    entries.add(key, this.flowValue(entries.pathOf(key), ',', ']'));
    return node;
  }

  private flowMapping(path: string, properties: Properties): Node {
    const opened = this.take();
    const node = this.newMapping(path, properties, opened.start);
    const entries = new Entries(node, this.duplicates);
    let isFirst = true;
    this.flow++;
    while (!this.scanner.next('}')) {
      if (!isFirst) {
        this.comma(opened);
        if (this.scanner.next('}')) break;
      }
      isFirst = false;
      if (this.scanner.next('?')) {
        this.take();
        const key = this.flowNode(path, ':', ',', '}');
        entries.add(key, this.flowValue(entries.pathOf(key), ',', '}'));
      } else {
        const key = this.node(path, false);
        entries.add(key, this.empty(entries.pathOf(key), this.before!.end));
      }
    }
    this.take();
    this.flow--;
    return node;
  }

  private flowValue(path: string, ...ends: readonly Mark[]): Node {
    if (!this.scanner.next(':')) return this.empty(path, this.before!.end);
    this.take();
    return this.flowNode(path, ...ends);
  }

  private comma(opened: Token): void {
    if (!this.scanner.next(',')) throw explainFlow(this.text, this.scanner.peek(), opened);
    this.take();
  }
}

/** The entries of one mapping, with its repeated keys and merged mappings. */
class Entries {
  private readonly seen = new Map<string, ScalarNode>();

  constructor(
    private readonly node: MappingNode,
    private readonly duplicates: { key: ScalarNode; first: ScalarNode }[],
  ) {}

  pathOf(key: Node): string {
    const name = key.kind === 'scalar' ? key.text : '?';
    return this.node.path === '' ? name : `${this.node.path}.${name}`;
  }

  add(key: Node, value: Node): void {
    const { node } = this;
    const isMerge = key.kind === 'scalar' && key.style === 'plain' && key.tag === '' && key.text === '<<';
    const merged = isMerge ? mergeable(value) : undefined;
    // Of several merge keys the last is the strongest.
    if (merged) node.merged.unshift(...merged);
    if (merged) return;
    if (key.kind === 'scalar') {
      const identity = `${key.type}:${key.reading.value}`;
      const first = this.seen.get(identity);
      if (first) this.duplicates.push({ key, first });
      else this.seen.set(identity, key);
    }
    node.entries.push({ key, value });
  }
}

function mergeable(value: Node): readonly MappingNode[] | undefined {
  if (value.kind === 'mapping') return [value];
  if (value.kind !== 'sequence') return undefined;
  const mappings = value.items.filter((item) => item.kind === 'mapping');
  return mappings.length === value.items.length ? mappings : undefined;
}
