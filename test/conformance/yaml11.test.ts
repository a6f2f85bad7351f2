import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { CORE_SCHEMA, load } from 'js-yaml';
import * as assert from 'uvu/assert';
import { parseYaml } from '../../src/cloudinit/read/parse';
import { differsInYaml11, readYaml11 } from '../../src/cloudinit/read/yaml11';
import { suiteWith } from './support/tools';

/**
 * The linter's own table of YAML 1.1 against PyYAML, the reader inside cloud-init, and against js-yaml's YAML 1.2:
 * it must flag exactly the unquoted scalars that the two read differently. Nothing is flagged beyond that.
 */
const test = suiteWith('YAML 1.1 scalars', ['python3-yaml']);

/** One Python process for many scalars: [type, text of the value] for each, "refused" or "no plain scalar". */
const DRIVER = `
import json, sys, yaml
def told(text):
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return ["syntax", ""]
    if not isinstance(node, yaml.ScalarNode) or node.style or node.value != text:
        return ["syntax", ""]
    try:
        value = yaml.safe_load(text)
    except Exception as error:
        return ["refused", type(error).__name__]
    return [type(value).__name__, repr(value)]
json.dump([told(text) for text in json.load(sys.stdin)], sys.stdout)
`;

function pyYaml(texts: readonly string[]): [type: string, value: string][] {
  // The machine's own Python: another one in PATH may lack PyYAML.
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', DRIVER], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Python's value as JavaScript's number, boolean or text. */
function asValue(type: string, value: string): unknown {
  if (type === 'NoneType') return null;
  if (type === 'bool') return value === 'True';
  if (type === 'int') return Number(value);
  if (type === 'float') return Number(value.replace('inf', 'Infinity').replace('nan', 'NaN'));
  return type === 'str' ? 'text' : value;
}

const TYPES: Record<string, string> = { NoneType: 'null', date: 'timestamp', datetime: 'timestamp' };

function compare(texts: readonly string[]): { compared: number; flagged: number } {
  const plain = texts.filter((text) => {
    const [node] = parseYaml(text).documents;
    return node?.kind === 'scalar' && node.style === 'plain' && node.text === text;
  });
  const answers = pyYaml(plain);
  let compared = 0;
  let flagged = 0;
  plain.forEach((text, index) => {
    const [type, value] = answers[index] ?? ['', ''];
    if (type === 'syntax') return;
    compared++;
    const name = JSON.stringify(text);
    const ours = readYaml11(text);
    assert.is(ours.type, TYPES[type] ?? type, `type of ${name}`);
    if (type === 'int') assert.is(String(ours.value), value, name);
    else if (type !== 'refused' && type !== 'str' && ours.type !== 'timestamp') {
      assert.ok(Object.is(Number(ours.value), Number(asValue(type, value))), `value of ${name}: ${value}`);
    }
    const core: unknown = load(text, { schema: CORE_SCHEMA });
    // js-yaml leaves a number beyond the largest double as text; to YAML 1.2 it is a number all the same.
    const isBeyond = typeof core === 'string' && Math.abs(Number(text)) === Infinity;
    const there = isBeyond ? Number(text) : typeof core === 'string' ? 'text' : core;
    const here = asValue(type, value);
    const same = type !== 'refused' && (here === there || (Number.isNaN(here) && Number.isNaN(there)));
    assert.is(differsInYaml11(text), !same, `${name}: ${type} ${value}, YAML 1.2: ${String(core)}`);
    if (!same) flagged++;
  });
  return { compared, flagged };
}

const digits = fc.stringMatching(/^[0-9]{1,4}$/);
const piece = fc.oneof(
  digits,
  fc.constantFrom(...'+-._:eExXobBnNyYtTzZ~<=/'),
  fc.constantFrom(
    '0x',
    '0b',
    '0o',
    '.inf',
    '.NaN',
    '00',
    '60',
    '59',
    ' ',
    '_',
    'e+',
    'E-',
    'yes',
    'on',
    'null',
  ),
);
/** Numbers, dates and times that are wrong in some respect. */
const shapes = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => parts.join('')),
  fc.stringMatching(/^[-+]?[0-9]{1,3}(:[0-9]{1,2}){1,3}(\.[0-9_]{0,3})?$/),
  fc.stringMatching(
    /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,7})?( ?(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)?$/,
  ),
  fc.stringMatching(/^(199|202|000|140)[0-9]-[01][0-9]-[0-3][0-9]$/),
  fc.stringMatching(/^[-+]?[0-9][0-9_]{0,6}(\.[0-9_]{0,4})?([eE][-+]?[0-9]{1,3})?$/),
  fc.stringMatching(/^[-+]?0[xXoObB]?[0-9a-fA-F_]{0,8}$/),
  fc.stringMatching(/^[-+]?\.(inf|Inf|INF|iNf|nan|NaN|NAN)$/),
);

test('words, numbers, dates and their neighbours', () => {
  const words = [
    'yes',
    'no',
    'on',
    'off',
    'true',
    'false',
    'null',
    'y',
    'n',
    '~',
    '=',
    '<<',
    '.inf',
    '-.inf',
    '.nan',
  ];
  const cased = words.flatMap((word) => [
    word,
    word.toUpperCase(),
    word.charAt(0).toUpperCase() + word.slice(1),
  ]);
  const listed =
    '22:22 443:443 190:20:30 0644 0o644 0x_ 0b_ +0x_ 1_000 1e3 1.5e3 1.5e+3 .5 -.5 08 0_7 0 -0 +0 00 1. 1._';
  const { compared, flagged } = compare([
    ...cased,
    ...listed.split(' '),
    '2024-02-29',
    '2023-02-29',
    '0000-01-01',
  ]);
  assert.ok(compared > 60 && flagged > 30, `${compared} compared, ${flagged} flagged`);
});

test('many made-up scalars', () => {
  const { compared, flagged } = compare([...new Set(fc.sample(shapes, 40_000))]);
  assert.ok(compared > 15_000 && flagged > 3_000, `${compared} compared, ${flagged} flagged`);
});

test.run();
