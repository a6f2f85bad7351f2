/**
 * The user data for EC2: the document, with a dead man's switch in front of it where there is a time limit.
 *
 * The switch must work when this process is gone, and must not change the document under test. EC2 has no
 * expiry for an instance. AWS offers a fleet with an end date, or a CloudWatch alarm with an action, but these need
 * further services and roles, and more to clean up. So the switch travels next to the document: a MIME multipart
 * message with the document as one part, byte for byte, and a boot hook as the other. A part without headers is
 * `text/plain`, and then cloud-init reads its first line, as it does with user data that is not a message:
 * it handles a cloud-config, a script or a template as if it came alone. It would merge a second cloud-config
 * into the document's; it merges a boot hook into nothing.
 */
import { gunzip, isGzip } from '../../cloudinit/read/decode';
import { base64, gzip } from '../../cloudinit/write/encode';
import { countedSize, PROVIDERS } from '../../providers';

const LIMIT = PROVIDERS.ec2!;

/**
 * The hook runs in cloud-init's network stage, which comes before sysinit.target. An ordinary timer waits for
 * that target, and systemd-run waits for the timer: that would be a deadlock. Therefore no wait and
 * no dependencies. `-ff` skips the services: a hung one cannot keep alive a machine that costs money.
 */
export function deadManHook(seconds: number): string {
  return [
    '#cloud-boothook',
    '#!/bin/sh',
    `systemd-run --no-block --on-active=${seconds} --timer-property=DefaultDependencies=no \\`,
    ' -p DefaultDependencies=no systemctl poweroff -ff',
    '',
  ].join('\n');
}

export interface UserData {
  readonly bytes: Uint8Array;
  /** Whether it contains the dead man's switch. */
  readonly deadMan: boolean;
  /** Whether the message had to be compressed to make room for the switch. */
  readonly squeezed: boolean;
}

/** The document, or the message with it, exceeds EC2's limit. */
export class TooLarge extends Error {
  constructor(bytes: number, what: string, hint: string) {
    super(`${what} has ${bytes} bytes, EC2 takes ${LIMIT.bytes}: ${hint}`);
    this.name = 'TooLarge';
  }
}

/**
 * @param document user data as sent without a switch: text, gzip, or either in base64
 * @param deadManSeconds after how many seconds the machine powers off; undefined sends the document alone
 * @throws TooLarge before any request to EC2
 */
export async function userData(document: Uint8Array, deadManSeconds: number | undefined): Promise<UserData> {
  if (countedSize(LIMIT, document.length) > LIMIT.bytes) {
    throw new TooLarge(document.length, 'the document', 'make it smaller, or compress it (--format gzip)');
  }
  if (deadManSeconds === undefined) return { bytes: document, deadMan: false, squeezed: false };
  const { text, form } = opened(document);
  const message = multipart(text, deadManHook(deadManSeconds));
  const inSameForm =
    form === 'gzip' ? await gzip(message) : form === 'base64' ? Buffer.from(base64(message)) : message;
  if (inSameForm.length <= LIMIT.bytes) return { bytes: inSameForm, deadMan: true, squeezed: false };
  const smallest = await gzip(message);
  if (smallest.length <= LIMIT.bytes) return { bytes: smallest, deadMan: true, squeezed: true };
  throw new TooLarge(
    smallest.length,
    "the document with the dead man's switch",
    'send it without (--no-dead-man); the machine then costs money until you remove it',
  );
}

/** Decodes what cloud-init decodes before it reads: base64, as its EC2 data source does, and gzip. */
function opened(document: Uint8Array): { text: Buffer; form: 'plain' | 'gzip' | 'base64' } {
  const bytes = Buffer.from(document);
  if (isGzip(bytes)) return { text: gunzipped(bytes), form: 'gzip' };
  const text = bytes.toString('latin1');
  if (/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text) && text.replace(/\s/g, '').length % 4 === 0) {
    const inner = Buffer.from(text, 'base64');
    return { text: isGzip(inner) ? gunzipped(inner) : inner, form: 'base64' };
  }
  return { text: bytes, form: 'plain' };
}

/** Broken gzip stays as it is: cloud-init will report it. */
function gunzipped(bytes: Uint8Array): Buffer {
  return Buffer.from(gunzip(bytes).bytes ?? bytes);
}

/**
 * Python's reader of messages, which cloud-init uses, keeps a part unchanged only if it is ASCII with ordinary
 * line ends; any other document goes in base64. A document that is itself a message becomes a part unchanged:
 * its own headers are then the part's. cloud-init recognises a message by an early `mime-version:`.
 */
function multipart(document: Buffer, hook: string): Buffer {
  const text = document.toString('latin1');
  const isMessage = text.slice(0, 4096).toLowerCase().includes('mime-version:');
  const isOrdinary = /^[\t\n\x20-\x7e]*$/.test(text);
  const encoded = Buffer.from(document.toString('base64').replace(/.{76}/g, '$&\n'));
  const part = isMessage
    ? document
    : isOrdinary
      ? Buffer.from(`\n${text}`)
      : Buffer.from(`Content-Transfer-Encoding: base64\n\n${encoded}`);
  const boundary = boundaryFor(text);
  return Buffer.concat([
    Buffer.from(`MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=${boundary}\n\n--${boundary}\n`),
    part,
    Buffer.from(`\n--${boundary}\n\n${hook}\n--${boundary}--\n`),
  ]);
}

/** A boundary with which no line of the document starts; the same document gives the same one. */
function boundaryFor(text: string): string {
  let boundary = 'gen-cloudinit';
  for (let n = 1; text.includes(`--${boundary}`); n++) boundary = `gen-cloudinit-${n}`;
  return boundary;
}
