/** Tokens to nodes: PyYAML's parser and composer in one. */
import type { Placement } from '../placement';
import type { MappingNode, Node, SequenceNode } from '../yaml-node';
import { YamlFailure } from './cursor';
import { explainBlock, explainFlow, explainNoValue } from './explain';
import { Entries, Nodes, type Properties } from './nodes';
import { Scanner } from './scanner';
import type { Mark, Token } from './token';

/** PyYAML ends with a RecursionError somewhat deeper. */
const DEEPEST = 480;

export class Composer {
  readonly nodes: Nodes;
  private readonly scanner: Scanner;
  private before: Token | undefined;
  private flow = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly placement: Placement,
  ) {
    this.scanner = new Scanner(text);
    this.nodes = new Nodes(text, placement);
  }

  /** @returns the next document, or undefined at the end of the text */
  document(isFirst: boolean): Node | undefined {
    const { scanner } = this;
    const isExplicit = !isFirst || scanner.next('directive', '---', 'stream-end');
    if (isExplicit) {
      while (scanner.next('...')) this.take();
      if (scanner.next('stream-end')) return undefined;
    }
    this.nodes.begin();
    if (isExplicit) this.directives();
    const start = scanner.peek().start;
    const isEmpty = isExplicit && scanner.next('directive', '---', '...', 'stream-end');
    const node = isEmpty ? this.nodes.empty('', start) : this.node('', true);
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
    for (const [handle, prefix] of own) this.nodes.handles.set(handle, prefix);
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
    if (first.mark === 'alias') return this.nodes.alias(this.take());
    const properties = this.properties(first.start);
    const token = scanner.peek();
    if (mayBeIndentless && token.mark === '-') return this.nested(() => this.indentless(path, properties));
    if (token.mark === 'scalar') return this.nodes.scalar(this.take(), path, properties, this.flow > 0);
    if (token.mark === '[') return this.nested(() => this.flowSequence(path, properties));
    if (token.mark === '{') return this.nested(() => this.flowMapping(path, properties));
    if (isBlock && token.mark === 'block-sequence')
      return this.nested(() => this.blockSequence(path, properties));
    if (isBlock && token.mark === 'block-mapping')
      return this.nested(() => this.blockMapping(path, properties));
    if (properties.anchor || properties.tag)
      return this.nodes.empty(path, properties.start, properties, this.flow > 0);
    throw explainNoValue(this.text, token, this.flow > 0);
  }

  private nested(make: () => Node): Node {
    if (++this.depth > DEEPEST)
      throw new YamlFailure(this.scanner.peek().start, 'Lists and mappings are nested too deeply');
    const node = make();
    this.depth--;
    return node;
  }

  private properties(start: number): Properties {
    const { scanner } = this;
    let anchor = scanner.next('anchor') ? this.take() : undefined;
    const tag = scanner.next('tag') ? this.take() : undefined;
    if (tag && !anchor && scanner.next('anchor')) anchor = this.take();
    if (tag?.handle !== undefined && !this.nodes.handles.has(tag.handle)) {
      const hint = "If ! belongs to the value, put the value in quotes: '!...'.";
      throw new YamlFailure(tag.start, `The handle of the tag is not declared (${tag.handle})`, hint, {
        code: 'yaml-tag',
      });
    }
    return { anchor, tag, start: anchor || tag ? start : scanner.peek().start };
  }

  private add(sequence: SequenceNode, item: (path: string) => Node): void {
    sequence.items.push(item(`${sequence.path}[${sequence.items.length}]`));
  }

  /** Block node after `-`, `?` or `:`, which may be empty. */
  private blockNode(path: string, mayBeIndentless: boolean, ...ends: readonly Mark[]): Node {
    const { end } = this.before!;
    return this.scanner.next(...ends) ? this.nodes.empty(path, end) : this.node(path, true, mayBeIndentless);
  }

  private flowNode(path: string, ...ends: readonly Mark[]): Node {
    const { end } = this.before!;
    return this.scanner.next(...ends) ? this.nodes.empty(path, end) : this.node(path, false);
  }

  private blockSequence(path: string, properties: Properties): Node {
    const node = this.nodes.sequence(path, properties, this.take().start);
    while (this.scanner.next('-')) {
      this.take();
      this.add(node, (each) => this.blockNode(each, false, '-', 'block-end'));
    }
    this.endBlock();
    return node;
  }

  private indentless(path: string, properties: Properties): Node {
    const node = this.nodes.sequence(path, properties, this.scanner.peek().start);
    while (this.scanner.next('-')) {
      this.take();
      this.add(node, (each) => this.blockNode(each, false, '-', '?', ':', 'block-end'));
    }
    return node;
  }

  private blockMapping(path: string, properties: Properties): Node {
    const node = this.nodes.mapping(path, properties, this.take().start);
    const entries = new Entries(node, this.nodes.duplicates);
    while (this.scanner.next('?')) {
      this.take();
      const key = this.blockNode(path, true, '?', ':', 'block-end');
      const below = entries.pathOf(key);
      if (this.scanner.next(':')) {
        this.take();
        entries.add(key, this.blockNode(below, true, '?', ':', 'block-end'));
      } else entries.add(key, this.nodes.empty(below, this.before!.end));
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
    const node = this.nodes.sequence(path, properties, opened.start);
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
    const entries = new Entries(node, this.nodes.duplicates);
    const key = this.flowNode(path, ':', ',', ']');
    entries.add(key, this.flowValue(entries.pathOf(key), ',', ']'));
    return node;
  }

  private flowMapping(path: string, properties: Properties): Node {
    const opened = this.take();
    const node = this.nodes.mapping(path, properties, opened.start);
    const entries = new Entries(node, this.nodes.duplicates);
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
        entries.add(key, this.nodes.empty(entries.pathOf(key), this.before!.end));
      }
    }
    this.take();
    this.flow--;
    return node;
  }

  private flowValue(path: string, ...ends: readonly Mark[]): Node {
    if (!this.scanner.next(':')) return this.nodes.empty(path, this.before!.end);
    this.take();
    return this.flowNode(path, ...ends);
  }

  private comma(opened: Token): void {
    if (!this.scanner.next(',')) throw explainFlow(this.text, this.scanner.peek(), opened);
    this.take();
  }
}
