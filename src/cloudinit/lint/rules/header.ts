/** The first line, by which cloud-init decides the kind of user data (handlers/__init__.py, type_from_starts_with). */

import type { UserDataDocument } from '../../read/user-data';
import { error, type Finding, info, warning } from '../finding';

const START = { path: '', start: 0 };
const WANTED = { expected: '#cloud-config' };

export function* headerRules({ input }: UserDataDocument): Generator<Finding> {
  if (input.problem) {
    const { code, message, start } = input.problem;
    yield error(code, { path: '', start: Math.max(start, 0) }, message);
  }
  if (input.layers.length > 0) {
    const layers = input.layers.join(' of ');
    yield info(
      'input-form',
      START,
      `The input is ${layers}; lines and columns are those of the document inside.`,
    );
  }
  if (input.hasByteOrderMark) {
    const hint = 'Save the file as UTF-8 without a byte order mark.';
    yield error(
      'header-bom',
      START,
      'A byte order mark precedes the header; cloud-init ignores the document.',
      { hint },
    );
  } else if (input.kind === 'unknown') yield missingHeader(input.text);
  else if (input.kind === 'cloud-config') yield* cloudConfigHeader(input.text);
}

function missingHeader(text: string): Finding {
  const first = /^\s*(.*)/.exec(text)?.[1]?.trim() ?? '';
  const spaced = /^#\s+cloud-config\b/i.test(first);
  const message = spaced
    ? 'A blank stands between # and cloud-config; cloud-init takes the document for a comment and ignores it.'
    : 'The document does not begin with #cloud-config; cloud-init ignores it.';
  if (/^<(?:powershell|script)>/i.test(first) || /^#ps1/i.test(first)) {
    const hint = 'A script for Windows: only cloudbase-init and EC2Launch run it.';
    return error('header-missing', START, message, { expected: '#cloud-config, or #!/bin/sh', hint });
  }
  // Commands, and no line that begins with a key.
  if (!spaced && !/^[\w-]+\s*:(?:\s|$)/m.test(text) && !first.startsWith('#')) {
    const hint = 'If these are commands, make #!/bin/sh the first line.';
    return error('header-missing', START, message, { expected: '#cloud-config, or #!/bin/sh', hint });
  }
  return error('header-missing', START, message, { ...WANTED, hint: 'Make #cloud-config the first line.' });
}

function* cloudConfigHeader(text: string): Generator<Finding> {
  const [whole, lead = '', word = '', rest = ''] = /^(\s*)(\S{13})([^\r\n]*)/.exec(text) ?? [text];
  const place = { path: '', start: lead.length };
  if (lead !== '') {
    yield warning(
      'header-position',
      place,
      'White space stands before #cloud-config; not every reader skips it.',
      WANTED,
    );
  }
  if (word !== '#cloud-config') {
    yield warning(
      'header-spelling',
      place,
      'The header is written in another case; not every reader takes it.',
      WANTED,
    );
  }
  if (/^\S/.test(rest)) {
    const given = whole.trim();
    yield warning('header-spelling', place, 'Text follows the header without a blank.', { ...WANTED, given });
  }
  const line = text.indexOf('\r\n');
  if (line >= 0) {
    const message = 'Lines end in CR LF. YAML reads them as line ends, so the files come out with LF.';
    yield info('crlf', { path: '', start: line }, message);
  }
}
