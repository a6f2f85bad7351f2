/** The tokens of YAML, with their places in the text. */
import type { Style } from '../yaml-node';

export type Mark =
  | 'stream-end'
  | 'directive'
  | '---'
  | '...'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | '?'
  | ':'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar'
  | 'block-sequence'
  | 'block-mapping'
  | 'block-end';

export interface Token {
  readonly mark: Mark;
  readonly start: number;
  /** Offset after it. */
  readonly end: number;
  /** Name of an anchor or alias, suffix of a tag, or name of a directive. */
  readonly name?: string;
  /** Handle of a tag; absent for a complete one. */
  readonly handle?: string;
  /** Words of a directive. */
  readonly words?: readonly string[];
  readonly scalar?: ScannedScalar;
}

export interface ScannedScalar {
  readonly style: Style;
  /** After escapes and folding are resolved. */
  readonly text: string;
  /** Offset after its last character, without a closing quote. */
  readonly end: number;
  /** Offset and indentation of a literal's first line. */
  readonly block?: { readonly start: number; readonly indent: number };
  /** Offset of the first escape that is half of a character (`\ud83d`). */
  readonly surrogate?: number;
}
