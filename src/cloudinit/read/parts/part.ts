/** One part of user data, as a handler of cloud-init gets it. */
import type { Code } from '../../../diagnostics/codes';
import type { Severity } from '../../../diagnostics/diagnostic';
import type { Place } from '../../../diagnostics/source';
import type { Parsed } from '../parse';
import type { Placed } from '../placement';
import type { Kind } from '../unwrap';

export interface Part extends Placed {
  /** Content type, after cloud-init looked at the first characters. */
  readonly type: string;
  readonly kind: Kind;
  /** The file name that the document gives, else the one that cloud-init gives. */
  readonly name: string;
  /** Offset of the part in the document. */
  readonly start: number;
  /** Value of the header Merge-Type. */
  readonly mergeType: string;
  /** Whether cloud-init renders the part on the server, so that its values here are stand-ins. */
  readonly isRendered: boolean;
  /** Of a cloud-config. */
  readonly yaml?: Parsed;
}

/** What reading the parts found; the linter reports it. */
export interface Note extends Place {
  readonly severity: Severity;
  readonly code: Code;
  readonly message: string;
  readonly hint?: string;
  readonly given?: string;
}

export interface Parts {
  readonly parts: readonly Part[];
  readonly notes: readonly Note[];
  /** Offsets of template expressions, whose values only the server knows. */
  readonly expressions: readonly number[];
}

/** Content types of the first characters (handlers/__init__.py), and what handles them. */
export const TYPES: Readonly<Record<string, Kind>> = {
  'text/cloud-config': 'cloud-config',
  'text/cloud-config-archive': 'archive',
  'text/cloud-config-jsonp': 'jsonp',
  'text/jinja2': 'jinja',
  'text/cloud-boothook': 'boothook',
  'text/part-handler': 'part-handler',
  'text/x-include-url': 'include',
  'text/x-include-once-url': 'include',
  'text/x-shellscript': 'script',
  'text/x-shellscript-per-boot': 'script',
  'text/x-shellscript-per-instance': 'script',
  'text/x-shellscript-per-once': 'script',
};

const TYPE_OF_KIND: Partial<Record<Kind, string>> = {
  'cloud-config': 'text/cloud-config',
  archive: 'text/cloud-config-archive',
  jsonp: 'text/cloud-config-jsonp',
  jinja: 'text/jinja2',
  boothook: 'text/cloud-boothook',
  'part-handler': 'text/part-handler',
  include: 'text/x-include-url',
  script: 'text/x-shellscript',
};

export function typeOfKind(kind: Kind): string | undefined {
  return TYPE_OF_KIND[kind];
}

/** A script as cloud-init writes it: when its first line ends in CR LF, every line is converted (util.dos2unix). */
export function unixLines(text: string): string {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? text.replaceAll('\r\n', '\n') : text;
}
