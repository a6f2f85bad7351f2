/** The parts of user data: what cloud-init takes from them, and what it ignores (user_data.py, handlers). */

import type { UserDataDocument } from '../../read/user-data';
import { error, type Finding, info, warning } from '../finding';
import { jsonProblem } from '../json-syntax';

export function* partRules({ parts, notes }: UserDataDocument): Generator<Finding> {
  for (const { severity, code, message, hint, given, ...place } of notes) {
    const details = { ...(given === undefined ? {} : { given }), ...(hint === undefined ? {} : { hint }) };
    yield { severity, code, place, message, details };
  }
  for (const { kind, text, placement, type, isRendered } of parts) {
    const expression = isRendered ? -1 : text.search(/\{\{-?\s*(?:ds|v1)\.\w/);
    if (kind === 'cloud-config' && expression >= 0) {
      const message = 'cloud-init renders {{ }} in a template alone; here it stays as it is.';
      const hint = 'Write `## template: jinja` above the line #cloud-config.';
      yield warning('jinja-header', { path: '', start: placement.at(expression) }, message, { hint });
    }
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
