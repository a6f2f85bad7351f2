/**
 * How readers read an unquoted scalar: cloud-init (PyYAML's safe loader, YAML 1.1) and a YAML 1.2 reader.
 * The patterns are those of PyYAML 6.0 (yaml/resolver.py, yaml/constructor.py) and of YAML 1.2.2, section 10.3.2.
 */
export type Reading =
  | { readonly type: 'str'; readonly value: string }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'null'; readonly value: null }
  | { readonly type: 'timestamp'; readonly value: string }
  /** PyYAML raises an error and rejects the whole document; `value` is the reason. */
  | { readonly type: 'refused'; readonly value: string };

const NULL = /^(?:~|null|Null|NULL|)$/;
const BOOL_12 = /^(?:true|True|TRUE|false|False|FALSE)$/;
const BOOL_11 = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|true|on)$/i;
const INT_11 = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT_11 =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATE_TIME =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.\d*)?(?:[ \t]*(?:Z|[-+](\d\d?)(?::(\d\d))?))?$/;
const INT_12 = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT_12 =
  /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Reads an unquoted scalar as cloud-init does. */
export function readYaml11(text: string): Reading {
  if (BOOL_11.test(text)) return { type: 'bool', value: TRUE.test(text) };
  if (FLOAT_11.test(text)) return { type: 'float', value: float11(text.replaceAll('_', '').toLowerCase()) };
  if (INT_11.test(text)) return int11(text.replaceAll('_', ''));
  if (text === '<<') return { type: 'refused', value: 'it is the merge key' };
  if (NULL.test(text)) return { type: 'null', value: null };
  const moment = DATE.exec(text) ?? DATE_TIME.exec(text);
  if (moment) {
    const possible = isMoment(moment.slice(1).map((part) => Number(part ?? 0)));
    return possible
      ? { type: 'timestamp', value: text }
      : { type: 'refused', value: 'there is no such date' };
  }
  if (text === '=') return { type: 'refused', value: 'it is the value key' };
  return { type: 'str', value: text };
}

/** Reads an unquoted scalar as a YAML 1.2 reader does (core schema). */
export function readYaml12(text: string): Reading {
  if (NULL.test(text)) return { type: 'null', value: null };
  if (BOOL_12.test(text)) return { type: 'bool', value: TRUE.test(text) };
  if (INT_12.test(text)) return { type: 'int', value: signedBigInt(text) };
  if (FLOAT_12.test(text)) return { type: 'float', value: specialOrNumber(text.toLowerCase()) };
  return { type: 'str', value: text };
}

/** True when cloud-init reads an unquoted scalar as another value than a YAML 1.2 reader, or refuses it. */
export function differsInYaml11(text: string): boolean {
  const [here, there] = [readYaml11(text), readYaml12(text)];
  if (here.type === 'refused' || here.type !== there.type) return true;
  // Numbers are compared as doubles, the only ones that a YAML 1.2 reader in JavaScript has; -0 is 0.
  const isNumber = here.type === 'int' || here.type === 'float';
  return !(isNumber ? sameNumber(here.value, there.value) : here.value === there.value);
}

function sameNumber(a: bigint | number, b: unknown): boolean {
  return Number(a) === Number(b) || (Number.isNaN(a) && Number.isNaN(b));
}

/** Python refuses a date that is not in the calendar, and a zone of a day or more. It refuses the year 0 too. */
function isMoment([
  year = 0,
  month = 0,
  day = 0,
  hour = 0,
  minute = 0,
  second = 0,
  zone = 0,
  zoneMinutes = 0,
]: number[]) {
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  const isDay = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days;
  return isDay && hour < 24 && minute < 60 && second < 60 && zone * 60 + zoneMinutes < 24 * 60;
}

function int11(text: string): Reading {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  if (/^0[bx]$/.test(digits)) return { type: 'refused', value: 'it is a number without digits' };
  // Python's int() accepts at most this number of decimal digits (sys.int_info.default_max_str_digits).
  if (/^[1-9][0-9]{4300}/.test(digits)) return { type: 'refused', value: 'the number is too long' };
  // The same length in base 60; cloud-init writes its settings to a file, and a longer number cannot be written.
  if (digits.split(':', 2419).length > 2418) return { type: 'refused', value: 'the number is too long' };
  let value: bigint;
  if (digits.includes(':')) value = digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  else value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return { type: 'int', value: negative ? -value : value };
}

function float11(text: string): number {
  if (!text.includes(':')) return specialOrNumber(text);
  const negative = text.startsWith('-');
  const parts = text.replace(/^[-+]/, '').split(':').map(Number);
  const value = parts.reverse().reduce((sum, part, power) => sum + part * 60 ** power, 0);
  return negative ? -value : value;
}

function specialOrNumber(text: string): number {
  if (text.endsWith('.inf')) return text.startsWith('-') ? -Infinity : Infinity;
  return text === '.nan' ? Number.NaN : Number(text);
}

function signedBigInt(text: string): bigint {
  const value = BigInt(text.replace(/^[-+]/, ''));
  return text.startsWith('-') ? -value : value;
}
