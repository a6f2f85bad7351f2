/** `check`: several documents, and their findings in the form that the user chooses. */
import { TARGET_NAMES } from '../cloudinit/lint/targets';
import { CODES, isCode } from '../diagnostics/codes';
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic';
import { closestName } from '../diagnostics/did-you-mean';
import { printable } from '../diagnostics/printable';
import { githubText, gitlabReport, sarifLog } from '../diagnostics/render-ci';
import { counted, countsText, diagnosticsText } from '../diagnostics/render-text';
import { PROVIDER_NAMES, PROVIDER_SYNONYMS } from '../providers';
import { matchingFiles } from '../system/glob';
import { InputError, inputName, readGiven } from '../system/input';
import { type CheckedDocument, checkDocument } from './check-document';
import { defineCommand, refusal } from './command';

export const checkCommand = defineCommand({
  words: {
    file: { type: 'strings', help: "documents, or patterns such as 'deploy/*.yaml'; - is standard input" },
  },
  flags: {
    format: {
      type: 'string',
      help: 'form of the findings: for people, programs, GitHub, GitLab, or as SARIF',
      default: 'text',
      choices: ['text', 'json', 'github', 'gitlab', 'sarif'],
    },
    json: { type: 'boolean', help: 'the same as --format json' },
    quiet: { type: 'boolean', help: 'print errors and warnings only, no notes and no summary' },
    ignore: {
      type: 'strings',
      help: 'code of findings to ignore; repeatable, or with commas',
      rule: knownCodes,
    },
    provider: {
      type: 'string',
      help: 'provider whose size limit the document must keep',
      choices: PROVIDER_NAMES,
      synonyms: PROVIDER_SYNONYMS,
    },
    target: {
      type: 'string',
      help: 'where the document will boot; adds findings that apply only there',
      defaultText: 'any',
      choices: TARGET_NAMES,
    },
    strict: { type: 'boolean', help: 'show advice too, and exit with 1 for a warning' },
  },
  examples: [
    ['$0 check user-data.yaml', ''],
    ['$0 check --strict --target debian-12 user-data.yaml', ''],
    ["$0 check --format github 'deploy/*.yaml'", ''],
    ['$0 --domain matrix.example.org | $0 check --provider ec2', ''],
  ],
  async run({ flags: { file, format, quiet, ignore, provider, target, ...flags } }) {
    if (flags.json && format !== 'text' && format !== 'json')
      throw new InputError('contradiction', `--json contradicts --format ${format}: omit one of them`);
    const { documents, unreadable } = await readAll(file);
    if (unreadable.length > 0) return refusal(unreadable);
    const codes = ignore.flatMap((list) => list.split(',')).filter(isCode);
    const checked: CheckedDocument[] = [];
    for (const { name, bytes } of documents)
      checked.push(await checkDocument(name, bytes, { provider, target, strict: flags.strict }, codes));
    const all = checked.flatMap(({ diagnostics }) => diagnostics);
    const isFailed = hasErrors(all) || (flags.strict && all.some(({ severity }) => severity === 'warning'));
    const status = isFailed ? 'failed' : 'ok';
    const text = format === 'text' ? checkReport(checked, quiet) : FORMATS[format](all);
    return { status, product: { data: all, text } };
  },
});

const json = (data: unknown) => JSON.stringify(data, null, 2);

const FORMATS = {
  json,
  github: githubText,
  gitlab: (all: readonly Diagnostic[]) => json(gitlabReport(all)),
  sarif: (all: readonly Diagnostic[]) => json(sarifLog(all, __VERSION__)),
} as const;

/** Refuses a list with a code that does not exist. */
function knownCodes(list: string) {
  const unknown = list.split(',').find((word) => !isCode(word));
  if (unknown === undefined) return undefined;
  const near = closestName(unknown, Object.keys(CODES));
  return {
    expected: 'codes as findings have them in brackets, such as yaml-tab',
    hint: near === undefined ? 'gen-cloudinit explain lists the codes' : `did you mean ${near}?`,
  };
}

interface Given {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Reads every document before the first is checked. @param words as typed; none means standard input */
async function readAll(words: readonly string[]): Promise<{ documents: Given[]; unreadable: Diagnostic[] }> {
  const documents: Given[] = [];
  const unreadable: Diagnostic[] = [];
  for (const word of words.length === 0 ? ['-'] : words) {
    try {
      for (const file of await matchingFiles(word))
        documents.push({ name: inputName(file), bytes: await readGiven(file) });
    } catch (cause) {
      if (!(cause instanceof InputError)) throw cause;
      unreadable.push({ severity: 'error', code: cause.rule, path: '', message: cause.message });
    }
  }
  return { documents, unreadable };
}

/**
 * The findings for a person.
 * @param isQuiet only errors and warnings
 */
export function checkReport(checked: readonly CheckedDocument[], isQuiet = false): string {
  const shown = checked
    .flatMap(({ diagnostics }) => diagnostics)
    .filter(({ severity }) => !isQuiet || severity !== 'info');
  const blocks = shown.length > 0 ? [diagnosticsText(shown)] : [];
  return [...blocks, ...(isQuiet ? [] : [summary(checked)])].join('\n');
}

function summary(checked: readonly CheckedDocument[]): string {
  const all = checked.flatMap(({ diagnostics }) => diagnostics);
  const ignored = checked.reduce((total, one) => total + one.ignored, 0);
  const name = checked.length === 1 ? printable(checked[0]!.name) : counted(checked.length, 'document');
  return `${name}: ${countsText(all)}${ignored > 0 ? `, ${ignored} ignored` : ''}`;
}
