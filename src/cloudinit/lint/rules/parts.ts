/** The parts of user data: what cloud-init takes from them, and what it ignores (user_data.py, handlers). */

import type { UserDataDocument } from '../../read/user-data';
import { error, type Finding, info } from '../finding';
import { jsonProblem } from '../json-syntax';

export function* partRules({ parts, notes }: UserDataDocument): Generator<Finding> {
  for (const { severity, code, message, hint, given, ...place } of notes) {
    const details = { ...(given === undefined ? {} : { given }), ...(hint === undefined ? {} : { hint }) };
    yield { severity, code, place, message, details };
  }
  for (const { kind, text, placement, type } of parts) {
    const body = /^\s*(?:#cloud-boothook|#cloud-config-jsonp)?\s*/i.exec(text)?.[0].length ?? 0;
    const place = { path: '', start: placement.at(Math.min(body, text.length)) };
    const isProgram = kind === 'boothook' || kind === 'script';
    if (isProgram && text.trim() !== '' && !text.startsWith('#!', kind === 'boothook' ? body : 0)) {
      const message = `The script (${type}) does not begin with #!; the kernel does not start it.`;
      yield error('script-shebang', place, message, { hint: 'Make #!/bin/sh its first line.' });
    }
    if (kind === 'part-handler') {
      yield info('kind-not-checked', place, 'This is a part handler in Python; only its text is checked.');
    }
    if (kind === 'jsonp') {
      const problem = jsonProblem(text.slice(body));
      if (problem) {
        const at = { path: '', start: placement.at(body + problem.start) };
        yield error(
          'file-json',
          at,
          `The JSON patch is not JSON: ${problem.message}. cloud-init ignores it.`,
        );
      } else
        yield info(
          'kind-not-checked',
          place,
          'This is a JSON patch; it is not applied to the other parts here.',
        );
    }
  }
}
