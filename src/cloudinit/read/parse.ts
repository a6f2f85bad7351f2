/** YAML text to positioned nodes, over the events of js-yaml's parser. */
import {
  COLLECTION_STYLE,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import type { Place } from '../../diagnostics/source';
import type { MappingNode, Node, ScalarNode, SequenceNode, Style } from './yaml-node';
import { type Reading, readYaml11 } from './yaml11';

export interface Problem extends Place {
  readonly message: string;
}

export interface Parsed {
  readonly documents: readonly Node[];
  /** Why there is no tree; then `documents` is empty. */
  readonly problem?: Problem;
  readonly anchors: readonly (Place & { readonly name: string })[];
  readonly duplicates: readonly { readonly key: ScalarNode; readonly first: ScalarNode }[];
}

const STYLES: Record<number, Style> = {
  [SCALAR_STYLE.PLAIN]: 'plain',
  [SCALAR_STYLE.SINGLE_QUOTED]: 'single',
  [SCALAR_STYLE.DOUBLE_QUOTED]: 'double',
  [SCALAR_STYLE.LITERAL_BLOCK]: 'literal',
  [SCALAR_STYLE.FOLDED_BLOCK]: 'folded',
};

/** @returns all documents of the text, or the first problem; it never throws for an invalid text */
export function parseYaml(text: string): Parsed {
  const builder = new Builder(text);
  try {
    const documents = builder.build(parseEvents(text, {}));
    return { documents, anchors: builder.names, duplicates: builder.duplicates };
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    // `message` would include a part of the text, which may contain a secret; `reason` does not.
    const problem = { path: '', start: cause.mark?.position ?? 0, message: cause.reason };
    return { documents: [], problem, anchors: [], duplicates: [] };
  }
}

class Builder {
  readonly duplicates: { key: ScalarNode; first: ScalarNode }[] = [];
  readonly names: (Place & { name: string })[] = [];
  private events: Event[] = [];
  private flowDepth = 0;
  private index = 0;
  private last = 0;
  private readonly anchors = new Map<string, Node>();

  constructor(private readonly source: string) {}

  build(events: Event[]): Node[] {
    this.events = events;
    const documents: Node[] = [];
    while (this.index < events.length) {
      this.index++;
      this.anchors.clear();
      documents.push(this.node(''));
      this.index++;
    }
    return documents;
  }

  private node(path: string): Node {
    const event = this.events[this.index++]!;
    if (event.type === EVENT_ID.ALIAS) {
      const target = this.anchors.get(this.source.slice(event.anchorStart, event.anchorEnd));
      return (
        target ??
        YAMLException.throwAt(this.source, event.anchorStart, 'an alias without its anchor before it')
      );
    }
    if (event.type === EVENT_ID.SCALAR) return this.anchored(event, this.scalar(event, path));
    if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) {
      const depth = event.style === COLLECTION_STYLE.FLOW ? 1 : 0;
      this.flowDepth += depth;
      const node = event.type === EVENT_ID.SEQUENCE ? this.sequence(event, path) : this.mapping(event, path);
      this.flowDepth -= depth;
      return node;
    }
    throw new YAMLException('unexpected end of a collection');
  }

  private anchored<T extends Node>(event: { anchorStart: number; anchorEnd: number }, node: T): T {
    if (event.anchorStart < 0) return node;
    const name = this.source.slice(event.anchorStart, event.anchorEnd);
    this.names.push({ path: node.path, start: event.anchorStart, name });
    this.anchors.set(name, node);
    return node;
  }

  private tag(event: { tagStart: number; tagEnd: number }): string {
    return event.tagStart >= 0 ? this.source.slice(event.tagStart, event.tagEnd) : '';
  }

  private scalar(event: ScalarEvent, path: string): ScalarNode {
    const style = STYLES[event.style] ?? 'plain';
    const isBlock = style === 'literal' || style === 'folded';
    const text = getScalarValue(this.source, event);
    const tag = this.tag(event);
    // An empty scalar has no place of its own; the end of what came before it is the nearest.
    const start = event.valueStart < 0 ? this.last : this.shownStart(event, isBlock);
    this.last = Math.max(this.last, event.valueEnd);
    const reading = readTagged(tag, style, text);
    return {
      kind: 'scalar',
      path,
      start,
      end: Math.max(event.valueEnd, start),
      tag,
      style,
      text,
      type: isTag(tag, 'binary') ? 'binary' : reading.type,
      reading,
      inFlow: this.flowDepth > 0,
      ...(style === 'literal'
        ? { block: { start: event.valueStart, indent: Math.max(event.indent, 0) } }
        : {}),
    };
  }

  /** Quotes belong to the scalar; a block scalar starts at its `|`. */
  private shownStart(event: ScalarEvent, isBlock: boolean): number {
    if (!isBlock) return event.style === SCALAR_STYLE.PLAIN ? event.valueStart : event.valueStart - 1;
    const lineBreak = this.source.lastIndexOf('\n', event.valueStart - 2);
    const line = this.source.slice(lineBreak + 1, event.valueStart);
    return lineBreak + 1 + Math.max(line.search(/[|>][-+0-9]*(?:[ \t]+#.*)?\s*$/), 0);
  }

  private sequence(event: Event & { type: typeof EVENT_ID.SEQUENCE }, path: string): SequenceNode {
    const node: SequenceNode = {
      kind: 'sequence',
      path,
      start: event.start,
      tag: this.tag(event),
      items: [],
    };
    this.anchored(event, node);
    while (this.events[this.index]!.type !== EVENT_ID.POP)
      node.items.push(this.node(`${path}[${node.items.length}]`));
    this.index++;
    return node;
  }

  private mapping(event: Event & { type: typeof EVENT_ID.MAPPING }, path: string): MappingNode {
    const tag = this.tag(event);
    const node: MappingNode = { kind: 'mapping', path, start: event.start, tag, entries: [], merged: [] };
    this.anchored(event, node);
    const seen = new Map<string, ScalarNode>();
    while (this.events[this.index]!.type !== EVENT_ID.POP) {
      const key = this.node(path);
      const name = key.kind === 'scalar' ? key.text : '?';
      this.last = Math.max(this.last, key.start + name.length + 1);
      const value = this.node(path === '' ? name : `${path}.${name}`);
      const isMerge = key.kind === 'scalar' && key.style === 'plain' && key.text === '<<';
      if (isMerge && mergeable(value)) {
        node.merged.push(
          ...(value.kind === 'sequence' ? (value.items as MappingNode[]) : [value as MappingNode]),
        );
        continue;
      }
      if (key.kind === 'scalar') {
        const identity = `${key.type}:${key.reading.value}`;
        const first = seen.get(identity);
        if (first) this.duplicates.push({ key, first });
        else seen.set(identity, key);
      }
      node.entries.push({ key, value });
    }
    this.index++;
    return node;
  }
}

function mergeable(value: Node): boolean {
  if (value.kind === 'sequence') return value.items.every((item) => item.kind === 'mapping');
  return value.kind === 'mapping';
}

/** @param name of a YAML 1.1 tag, without its prefix */
export function isTag(tag: string, name: string): boolean {
  return tag === `!!${name}` || tag === `!<tag:yaml.org,2002:${name}>`;
}

function readTagged(tag: string, style: Style, text: string): Reading {
  if (isTag(tag, 'str') || tag === '!') return { type: 'str', value: text };
  const isTyped = ['int', 'float', 'bool', 'null', 'timestamp'].some((name) => isTag(tag, name));
  return style === 'plain' || isTyped ? readYaml11(text) : { type: 'str', value: text };
}
