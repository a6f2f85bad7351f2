/**
 * The linter: what cloud-init would fail on, lose or misread in a user-data document, ours or another's.
 * Pure: the command checks over `scripts` what needs the world (shell syntax, cloud-init itself).
 */
import { ON_REQUEST } from '../../diagnostics/codes/on-request';
import type { Diagnostic } from '../../diagnostics/diagnostic';
import type { Place } from '../../diagnostics/source';
import { readUserData, type UserDataDocument } from '../read/user-data';
import { type Finding, toDiagnostics } from './finding';
import { aptRules } from './rules/apt';
import { textRules } from './rules/characters';
import { commandRules } from './rules/commands';
import { fileContentRules } from './rules/file-content';
import { filePathRules } from './rules/file-paths';
import { headerRules } from './rules/header';
import { keyRules, wantedTypes } from './rules/keys';
import { multipassRules } from './rules/multipass';
import { partRules } from './rules/parts';
import { passwordRules } from './rules/passwords';
import { scalarRules } from './rules/scalars';
import { secretRules } from './rules/secrets';
import { sizeRules } from './rules/size';
import { systemRules } from './rules/system';
import { templateRules } from './rules/templates';
import { unattendedRules } from './rules/unattended';
import { userRules } from './rules/users';
import { writeFileRules } from './rules/write-files';
import { yamlRules } from './rules/yaml';
import { TARGETS, type Target } from './targets';

export interface LintOptions {
  /** Name of a provider; the document must then fit it. Without one, the limits of all are reported. */
  readonly provider?: string;
  /** Report advice too: what works, and could be safer. */
  readonly strict?: boolean;
  /** Where the document will boot, of targets.ts. Without one, the rules expect any image and no multipass. */
  readonly target?: string;
}

export interface Linted {
  readonly document: UserDataDocument;
  readonly findings: readonly Finding[];
}

/** Findings of all rules, with the document that they were made on. */
export function findAll(given: Uint8Array, options: LintOptions = {}): Linted {
  const document = readUserData(given);
  const { root, files, source } = document;
  const target = (options.target !== undefined && TARGETS[options.target]) || {};
  const findings = [
    ...headerRules(document),
    ...partRules(document),
    ...sizeRules(document, options.provider),
    ...textRules(document),
    ...yamlRules(document, wantedTypes(root)),
    ...scalarRules(document),
    ...keyRules(root, target),
    ...userRules(root),
    ...passwordRules(root),
    ...writeFileRules(root, files, target),
    ...filePathRules(root, files, source),
    ...fileContentRules(files, source),
    ...commandRules(document),
    ...unattendedRules(document),
    ...templateRules(document),
    ...systemRules(root, target),
    ...aptRules(root),
    ...secretRules(document),
    ...multipassRules(document),
  ];
  const known = withoutStandIns(findings, document);
  return { document, findings: withoutEchoes(known.filter(({ code }) => isWanted(code, options, target))) };
}

/** Values that only the server knows: what the rules say about their stand-ins is left out. */
function withoutStandIns(
  findings: readonly Finding[],
  { source, expressions }: UserDataDocument,
): readonly Finding[] {
  const lines = new Set(expressions.map((at) => source.at(at).line));
  const isKnown = ({ code, place }: Finding) =>
    /^(?:yaml-(?!duplicate)|jinja-|kind-|mime-|part-)/.test(code) || !lines.has(source.at(place.start).line);
  return lines.size === 0 ? findings : findings.filter(isKnown);
}

/** Advice is for --strict, and what one target does is for that target. */
function isWanted(code: Finding['code'], { strict }: LintOptions, { isMultipass }: Target): boolean {
  const flag = ON_REQUEST[code];
  return flag === undefined || (flag === '--strict' ? strict === true : isMultipass === true);
}

/** @param given the bytes of the document, in any of the forms that a provider takes */
export function lint(given: Uint8Array, options: LintOptions = {}): Diagnostic[] {
  const { document, findings } = findAll(given, options);
  return toDiagnostics(findings, document.source);
}

/**
 * One rule reports how a scalar is typed, the one that knows most: the rule for the key, then the reading of YAML 1.1,
 * then the type that the schema expects, then multipass.
 */
const GENERAL = ['yaml11-scalar', 'type', 'multipass-type'];

function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const rank = ({ code, severity }: Finding) => (severity === 'error' ? -1 : GENERAL.indexOf(code));
  const best = new Map<Place, number>();
  for (const finding of findings) {
    best.set(finding.place, Math.min(best.get(finding.place) ?? GENERAL.length, rank(finding)));
  }
  return findings.filter((finding) => rank(finding) === best.get(finding.place));
}
