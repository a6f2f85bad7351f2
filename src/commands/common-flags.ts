/** Words and flags that several verbs have. */
import type { FlagTable } from '../config/flags';

export const DOCUMENT_WORD = {
  file: { type: 'string', help: 'the document; standard input when omitted, or -' },
} as const satisfies FlagTable;

export const JSON_FLAG = {
  json: { type: 'boolean', help: 'print the result as JSON' },
} as const satisfies FlagTable;
