import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { compile } from '../../src/cloudinit/compile';
import { OPTION_NAMES, type OptionName } from '../../src/config/options';
import type { Diagnostic } from '../../src/diagnostics/diagnostic';
import { Arrival } from './support/arrival';
import { CASES, DOMAIN } from './support/cases';
import { command } from './support/documents';
import { hostileOr } from './support/hostile';
import { suiteWith } from './support/tools';
import { PyYaml } from './support/yaml';

/**
 * Each option with arbitrary values. Either the command refuses the option by name and prints no document, or the value
 * arrives exactly in its place, as each file's own parser reads it, and nothing else in the document changes.
 */
const test = suiteWith('hostile values', ['python3-yaml']);
const RUNS = 100;

let python: PyYaml;
test.before(() => {
  python = new PyYaml();
});
test.after(() => python?.close());

const noFile = (path: string): string => {
  throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
};

async function document(asked: Record<string, unknown>): Promise<Arrival | string[]> {
  const made = await compile({ domain: DOMAIN, ...asked }, noFile);
  if (made.deployment) return Arrival.read(python, Buffer.from(made.bytes).toString('latin1'));
  return paths(made.diagnostics);
}

/** The options that were refused. */
function paths(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ path }) => path);
}

for (const [option, { right, arrived }] of Object.entries(CASES)) {
  test(`--${option}: refused by name, or arrives exactly`, async () => {
    const shapes = new Set<string>();
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(hostileOr(right), async (value) => {
        const result = await document({ [option]: value });
        if (Array.isArray(result)) return assert.equal(result, [option]);
        accepted++;
        await arrived(result, value);
        if (!['distro', 'synapse-bind', 'domain', 'tls'].includes(option))
          shapes.add(JSON.stringify(await result.shape()));
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
    assert.ok(accepted > RUNS / 6, `${accepted} of ${RUNS} values were accepted`);
    assert.ok(
      shapes.size <= 1,
      `the document has ${shapes.size} shapes:\n${[...shapes].slice(0, 2).join('\n')}`,
    );
  });
}

test('this test covers every option that changes the document', () => {
  const elsewhere: OptionName[] = ['docker-apt-key', 'extra', 'output', 'script-url'];
  assert.equal([...Object.keys(CASES), ...elsewhere].sort(), [...OPTION_NAMES].sort());
});

test('--docker-apt-key: the text of a file is refused, or arrives', async () => {
  const [begin, end] = ['-----BEGIN PGP PUBLIC KEY BLOCK-----', '-----END PGP PUBLIC KEY BLOCK-----'];
  const key = `${begin}\nComment: a # b: c\n\nmQINBFit2ioBEADhWpZ8\nAAAA==\n=abcd\n${end}\n`;
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(hostileOr(fc.constant(key)), async (text) => {
      const made = await compile({ domain: DOMAIN, 'docker-apt-key': 'key.asc' }, () => text);
      if (!made.deployment) return assert.equal(paths(made.diagnostics), ['docker-apt-key']);
      accepted++;
      const arrival = await Arrival.read(python, Buffer.from(made.bytes).toString('latin1'));
      assert.is(arrival.text('.asc').trimEnd(), text.replaceAll('\r\n', '\n').trimEnd());
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
  assert.ok(accepted > 0);
});

test('a config file with values of any type is refused by name or taken', async () => {
  const names = OPTION_NAMES.filter((name) => name !== 'output' && name !== 'domain');
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, value) => {
      const made = await compile({ domain: DOMAIN, config: 'c.yaml' }, (path) =>
        path.endsWith('c.yaml') ? JSON.stringify({ [name]: value }) : noFile(path),
      );
      if (made.deployment) return;
      assert.equal([...new Set(paths(made.diagnostics))], [name]);
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

test('any name that is not an option is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), async (name) => {
      fc.pre(!OPTION_NAMES.some((known) => known === name) && name !== 'config');
      const made = await compile({ domain: DOMAIN, config: 'c.yaml' }, () => JSON.stringify({ [name]: 'x' }));
      assert.is(made.deployment, undefined, name);
    }),
    { numRuns: 200, includeErrorInReport: true },
  );
});

test('the command itself: exit code 2, nothing on standard output, the option named', () => {
  for (const option of OPTION_NAMES.filter((name) => name !== 'output')) {
    const given = option === 'domain' ? [] : ['--domain', DOMAIN];
    const { code, stdout, stderr } = command(...given, `--${option}=a b"';$(id)\n: {`);
    assert.is(code, 2, option);
    assert.is(stdout.length, 0, option);
    assert.match(stderr, new RegExp(`error: --${option} `), option);
  }
});

test.run();
