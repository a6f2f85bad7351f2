/** multipass as a kind of machine. */
import { readDocument } from '../../cloudinit/lint/document';
import type { Diagnostic } from '../../deployment/diagnostic';
import type { Backend } from '../backend';
import { launchMultipass } from './launch';
import { multipassOptions } from './options';

export const backend: Backend = {
  plug(flags, document, { minutes, announce }) {
    const { options, diagnostics: wrong } = multipassOptions(flags, minutes);
    const diagnostics = [...wrong, ...unreadable(document)];
    if (diagnostics.length > 0) return { launch: undefined, diagnostics };
    return { launch: launchMultipass(options, announce), diagnostics };
  },
};

/** multipass reads user data as one YAML text and writes it anew (canonical/multipass issue 1892): nothing else passes. */
function unreadable(document: Uint8Array): Diagnostic[] {
  const { form, kind } = readDocument(document).input;
  const error = (code: string, message: string, given: string, hint: string): Diagnostic[] => [
    { severity: 'error', code, path: 'document', message, given, expected: 'plain cloud-config YAML', hint },
  ];
  if (form !== 'yaml')
    return error('multipass-form', 'is in a form that multipass cannot read', form, 'use --format yaml');
  if (kind !== 'cloud-config')
    return error(
      'multipass-kind',
      'is of a kind that multipass cannot read',
      kind,
      'begin it with #cloud-config',
    );
  return [];
}
