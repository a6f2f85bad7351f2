import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** Comments, messages, documentation and names of tests are in plain English. */
const english = suite('plain English');

/** The folders and files whose text is checked; `out` is rendered from `templates`. */
const ROOTS = ['README.md', '.github', 'src', 'templates', 'test'];

/** A pattern per phrase, and the words to use instead. A space also matches a line break inside a comment. */
const PHRASES: ReadonlyArray<readonly [pattern: RegExp, instead: string]> = [
  [/\b(left|leaves?) away\b/, 'omitted'],
  [/\bfor ever\b/, 'permanently'],
  [/\banew\b/, 'again; made anew: recreated'],
  [/\bwhoever\b/, 'anyone who, or the actor'],
  [/\bsomebody\b/, 'another user, a person, or the actor'],
  [/\bnobody\b/, 'no one, or the actor'],
  [/\b(takes?|needs?) so much\b/, 'fits'],
  // Not `for (const entry of before)`.
  [/\bof before\b(?!\))/, 'previous, earlier'],
  [/\bstands readable\b/, 'is stored in plain text'],
  // Not "the answer is no (exit code 1)".
  [/(?<!\bthere )\b(is|are) no [a-z](?!onger|ore)/, 'is not a'],
  [/\bby itself\b/, 'automatically, on its own'],
  [/\bparted\b/, 'separated'],
  [/\b(which|what|that|it|reason) is said\b/, 'the actor, in active voice: reports'],
  [/\b(is|are|was|were|be|been) had\b/, 'is available'],
  [/\b(for|would|could|will) else\b/, 'because otherwise; would otherwise'],
  [/, for (it|he|they|we|you|there|this|that) (is|are|was|were|has|have|did|does|do|can|must)\b/, 'because'],
  [/\b(a|the|its|every) begin\b/, 'start'],
  [
    /\b(is|are|has been|have been) (told|asked|looked at)\b/,
    'the actor, in active voice: reports, requests, checks',
  ],
  [
    /\b(one|two|three)( (?!in|of|to|on)[a-z]+)? a (line|character|file|verb|thing|machine|connection)\b/,
    'per',
  ],
];

/** Lines where a word is a name or a quotation. */
const ALLOWED: ReadonlyArray<readonly [file: RegExp, line: RegExp, reason: string]> = [
  [/write-files\.ts$/, /_apt nobody$/, 'the Unix user'],
];

interface Hit {
  readonly line: number;
  readonly phrase: string;
  readonly instead: string;
}

/** Spaces of a pattern, which may be line breaks in a text: with the sign of a comment at the start of the next line. */
const across = (pattern: RegExp) =>
  new RegExp(pattern.source.replaceAll(' ', String.raw`(?: |[ \t]*\n[ \t]*(?:(?:\*|//|#) )?)`), 'gi');

const patterns = PHRASES.map(([pattern, instead]) => [across(pattern), instead] as const);

function* hitsIn(text: string): Generator<Hit> {
  for (const [pattern, instead] of patterns)
    for (const match of text.matchAll(pattern))
      yield { line: text.slice(0, match.index).split('\n').length, phrase: match[0], instead };
}

function isAllowed(file: string, line: string): boolean {
  return ALLOWED.some(([files, lines]) => files.test(file) && lines.test(line));
}

/** @returns the files of git below the roots, but not this one */
function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...ROOTS], { encoding: 'utf8' });
  return listed.split('\0').filter((file) => file !== '' && file !== 'test/plain-english.test.ts');
}

english('no phrase of the list occurs in the sources, the templates, the tests and the documentation', () => {
  const found: string[] = [];
  for (const file of trackedFiles()) {
    const text = readFileSync(file, 'utf8');
    const lines = text.split('\n');
    for (const { line, phrase, instead } of hitsIn(text))
      if (!isAllowed(file, lines[line - 1] ?? ''))
        found.push(`${file}:${line}: "${phrase.replace(/\s+/g, ' ')}" (${instead})`);
  }
  assert.equal(found, []);
});

english('a phrase is found across the lines of a comment, and in any case', () => {
  const phrases = (text: string) =>
    [...hitsIn(text)].map(({ line, phrase }) => `${line} ${phrase.replace(/\s+/g, ' ')}`);
  assert.equal(phrases('/**\n * The images of\n * before. Nobody\n */'), ['3 Nobody', '2 of * before']);
  assert.equal(phrases('There is no file.\nfor (const each of before) stop();'), []);
});

english.run();
