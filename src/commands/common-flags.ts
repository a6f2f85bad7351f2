/** Words and flags that several verbs have. */
import type { FlagTable } from '../config/flags';

export const DOCUMENT_WORD = {
  file: { type: 'string', help: 'the document; standard input when omitted, or -' },
} as const satisfies FlagTable;

export const JSON_FLAG = {
  json: { type: 'boolean', help: 'print the result as JSON' },
} as const satisfies FlagTable;

/** Of every verb whose progress or report goes to standard error. */
export const REPORT_FLAGS = {
  ...JSON_FLAG,
  quiet: { type: 'boolean', help: 'suppress progress and reports on standard error; errors stay' },
} as const satisfies FlagTable;
