import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { decodeBase64 } from '../../src/cloudinit/read/decode';
import { parseYaml, whyRefused } from '../../src/cloudinit/read/parse';
import { type MappingNode, type Node, strongestFirst } from '../../src/cloudinit/read/yaml-node';
import { Source } from '../../src/diagnostics/source';
import { suiteWith } from './support/tools';
import { YAML_TEXTS } from './support/yaml-texts';

/** Our reader against PyYAML: what is accepted, the values with their types, and the line of a mistake. */
const test = suiteWith('YAML as PyYAML reads it', ['python3-yaml']);

interface Answer {
  readonly value?: unknown;
  readonly lines?: readonly number[];
  readonly error?: string;
}

function pyYaml(texts: readonly string[]): Answer[] {
  // The machine's own Python: another one in PATH may lack PyYAML.
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/python3',
    ['test/conformance/support/read_many.py'],
    {
      input: JSON.stringify(texts),
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** The same form that the driver in Python gives. */
function told(node: Node, depth = 0): unknown {
  if (depth > 60) return ['deep', ''];
  if (node.kind === 'sequence') {
    if (node.tag === '!!omap' || node.tag === '!!pairs') return ['list', node.items.map(() => ['tuple', ''])];
    return ['list', node.items.map((item) => told(item, depth + 1))];
  }
  if (node.kind === 'mapping') {
    if (node.tag === '!!set') return ['set', ''];
    const pairs = new Map<string, [unknown, unknown]>();
    for (const mapping of [...strongestFirst(node)].reverse()) own(mapping, depth, pairs);
    return ['map', [...pairs.values()].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))];
  }
  const { type, reading, text } = node;
  if (type === 'binary') return ['binary', [...(decodeBase64(text).bytes ?? [])]];
  if (type === 'timestamp') return ['timestamp', ''];
  if (type === 'int') return ['int', String(reading.value)];
  if (type === 'float') return ['float', Number(reading.value)];
  return [type, reading.value];
}

function own(mapping: MappingNode, depth: number, into: Map<string, [unknown, unknown]>): void {
  for (const { key, value } of mapping.entries) {
    const shown = key.kind === 'scalar' && key.text === '=' ? ['str', '='] : told(key, depth + 1);
    // To Python 1, 1.0 and true are the same key.
    const number =
      Array.isArray(shown) && ['int', 'float', 'bool'].includes(shown[0]) ? Number(shown[1]) : undefined;
    const identity = number === undefined ? JSON.stringify(shown) : String(number);
    into.set(identity, [into.get(identity)?.[0] ?? shown, told(value, depth + 1)]);
  }
}

const inFull = (value: unknown) =>
  JSON.stringify(value, (_, each) => {
    if (!Array.isArray(each)) return each;
    if (each[0] === 'float') return ['float', String(Number(String(each[1]).replace('inf', 'Infinity')))];
    if (each[0] === 'map') return ['map', [...each[1]].map((pair) => inFull(pair)).sort()];
    return each;
  });

interface Comparison {
  readonly texts: number;
  readonly refused: number;
  readonly disagreements: readonly string[];
  readonly otherValues: readonly string[];
  readonly otherLines: readonly string[];
}

function compare(texts: readonly string[]): Comparison {
  const disagreements: string[] = [];
  const otherValues: string[] = [];
  const otherLines: string[] = [];
  let refused = 0;
  const answers = pyYaml(texts);
  texts.forEach((text, index) => {
    const { value, lines = [], error } = answers[index]!;
    const parsed = parseYaml(text);
    const refusal = whyRefused(parsed);
    const ours = refusal && refusal.code !== 'yaml-not-a-map' ? refusal : undefined;
    if (value === undefined) refused++;
    if ((value === undefined) !== (ours !== undefined)) {
      disagreements.push(
        `${JSON.stringify(text.slice(0, 300))}\n  PyYAML: ${error ?? 'accepts'}\n  ours: ${ours?.message ?? 'accepts'}`,
      );
    } else if (ours) {
      const line = new Source(text.replace(/[\x85\u2028\u2029]/g, '\n')).at(ours.start).line;
      // A directive in the middle begins a second document; PyYAML reports what follows it.
      // It reports a missing colon at the next key; we report the line that lacks it.
      const isBetter = ours.code === 'yaml-documents' || /^A colon is missing/.test(ours.message);
      const isEarlier = isBetter && line <= Math.min(...lines);
      if (lines.length > 0 && !lines.includes(line) && !isEarlier)
        otherLines.push(
          `${JSON.stringify(text.slice(0, 400))}\n  PyYAML: ${error}\n  ours: line ${line}: ${ours.message}`,
        );
    } else {
      const [root] = parsed.documents;
      const here = inFull(root ? told(root) : ['null', null]);
      const there = inFull(value);
      if (here !== there && !there.includes('"deep"'))
        otherValues.push(
          `${JSON.stringify(text.slice(0, 300))}\n  PyYAML: ${there.slice(0, 300)}\n  ours: ${here.slice(0, 300)}`,
        );
    }
  });
  return { texts: texts.length, refused, disagreements, otherValues, otherLines };
}

/** A generator of numbers that gives the same ones in every run. */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Others by hand: `COUNT=50000 SEED=7`. */
const COUNT = Number(process.env.COUNT ?? 6000);
const SEED = Number(process.env.SEED ?? 1);

const PIECES = [
  ...'\n\t :-?,[]{}#&*!|>\'"%@`=<~\\',
  '\n  ',
  ': ',
  '- ',
  '? ',
  '\n- ',
  ' #',
  '---\n',
  '...\n',
  '\n---\n',
  '&a ',
  '*a',
  '!!str ',
  '! ',
  '!x ',
  '<<: *a',
  '<<: ',
  '|\n',
  '>-\n',
  '|2\n',
  '\\u0041',
  '\\ud83d',
  '\\x',
  '\r\n',
  '\r',
  '\x85',
  '\u2028',
  '\ufeff',
  '\u{1f680}',
  '\x07',
  'yes',
  '0x1F',
  '1:30',
  '2024-01-01',
  '!!binary ',
  '!!int ',
  '{{ a }}',
  '\u{24}{A}',
  '"',
  "''",
  '[',
  '{a: b}',
  '[a, b]',
  '%YAML 1.1\n',
  '%TAG ! x\n',
  '"a": ',
];

function mutations(sources: readonly string[], count: number, seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => {
    const whole = sources[random(sources.length)]!;
    const from = whole.length > 1500 ? random(whole.length - 1200) : 0;
    let text = whole.slice(from, from + 1500);
    for (let times = 1 + random(3); times > 0; times--) {
      const at = random(text.length + 1);
      const piece = PIECES[random(PIECES.length)]!;
      const cut = random(3) === 0 ? 1 + random(6) : 0;
      text = text.slice(0, at) + (random(4) === 0 ? '' : piece) + text.slice(at + cut);
    }
    return text;
  });
}

function report({ texts, refused, disagreements, otherValues, otherLines }: Comparison): void {
  const share = (list: readonly string[]) => list.length / texts;
  const shown = [...disagreements.slice(0, 8), ...otherValues.slice(0, 8), ...otherLines.slice(0, 8)].join(
    '\n',
  );
  const figures = `${texts} texts, ${refused} refused; ${disagreements.length} decided otherwise, ${otherValues.length} other values, ${otherLines.length} other lines`;
  if (process.env.VERBOSE) process.stderr.write(`${figures}\n${shown}\n`);
  assert.ok(
    share(disagreements) <= 0.001 && share(otherValues) <= 0.001 && share(otherLines) <= 0.01,
    `${figures}\n${shown}`,
  );
}

const OUT = readdirSync('out')
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(`out/${name}`, 'utf8'));

test('our documents and small texts of every kind', () => {
  const comparison = compare([...OUT, ...YAML_TEXTS]);
  assert.equal([...comparison.disagreements, ...comparison.otherValues, ...comparison.otherLines], []);
});

test('thousands of damaged documents', () => {
  report(compare(mutations([...YAML_TEXTS, ...YAML_TEXTS, ...OUT], COUNT, SEED)));
});

test('random pieces of YAML', () => {
  const random = seeded(SEED + 1);
  const words = [...PIECES, 'a', 'b', 'c: d', 'k', '1', '\n', '\n', ' ', '  '];
  const texts = Array.from({ length: COUNT }, () =>
    Array.from({ length: 1 + random(9) }, () => words[random(words.length)]).join(''),
  );
  report(compare(texts));
});

test.run();
