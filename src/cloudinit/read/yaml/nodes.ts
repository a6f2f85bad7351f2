/** The nodes of a document: their places, tags and anchors. */
import { type Place, Source } from '../../../diagnostics/source';
import { AS_IT_IS, type Placement } from '../placement';
import type { MappingNode, Node, ScalarNode, SequenceNode } from '../yaml-node';
import { YamlFailure } from './cursor';
import { isCore, readTagged, shortTag } from './resolve';
import type { ScannedScalar, Token } from './token';

const HANDLES = { '!': '!', '!!': 'tag:yaml.org,2002:' };

/** The anchor and the tag before a value. */
export interface Properties {
  readonly anchor: Token | undefined;
  readonly tag: Token | undefined;
  readonly start: number;
}

export class Nodes {
  readonly duplicates: { key: ScalarNode; first: ScalarNode }[] = [];
  readonly anchors: (Place & { name: string })[] = [];
  handles = new Map<string, string>();
  private named = new Map<string, Node>();
  private lines: Source | undefined;

  constructor(
    private readonly text: string,
    private readonly placement: Placement,
  ) {}

  /** Anchors and handles hold for one document. */
  begin(): void {
    this.named = new Map();
    this.handles = new Map(Object.entries(HANDLES));
  }

  alias({ name = '', start }: Token): Node {
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

  empty(
    path: string,
    start: number,
    properties: Properties = { anchor: undefined, tag: undefined, start },
    inFlow = false,
  ): ScalarNode {
    const scalar = { style: 'plain', text: '', end: start } as const;
    return this.scalar({ mark: 'scalar', start, end: start, scalar }, path, properties, inFlow);
  }

  scalar(token: Token, path: string, properties: Properties, inFlow = false): ScalarNode {
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
      inFlow,
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

  sequence(path: string, properties: Properties, start: number): SequenceNode {
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

  mapping(path: string, properties: Properties, start: number): MappingNode {
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
}

/** The entries of one mapping, with its repeated keys and merged mappings. */
export class Entries {
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
