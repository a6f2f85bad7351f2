import { compile } from '../cloudinit/compile';
import { deploymentReport } from '../cloudinit/report';
import { OPTION_NAMES } from '../config/options';
import { hasErrors } from '../diagnostics/diagnostic';
import { readText } from '../system/input';
import { defineCommand, refusal } from './command';

export const generateCommand = defineCommand({
  flags: { quiet: { type: 'boolean', group: 'Output', help: 'suppress the report on standard error' } },
  options: OPTION_NAMES,
  examples: [
    ['$0 --domain matrix.example.org > user-data.yaml', ''],
    ['$0 --domain matrix.example.org --server-name example.org', ''],
  ],
  async run({ options, diagnostics: wrong }) {
    const made = await compile(options, readText);
    // A word that was meant as a verb or as the domain is the only mistake to report.
    const isStray = wrong.some(({ code }) => code === 'stray-word');
    const found = made.diagnostics.filter(({ code }) => !(isStray && code === 'missing-option'));
    const diagnostics = [...wrong, ...found];
    if (!made.deployment || hasErrors(wrong)) return refusal(diagnostics);
    // Only the owner may read a document that contains a password.
    const mode = made.deployment.dbPassword === undefined ? 0o644 : 0o600;
    return {
      status: 'ok',
      diagnostics,
      document: { bytes: made.bytes, path: made.output.path, mode },
      report: deploymentReport(made),
    };
  },
});
