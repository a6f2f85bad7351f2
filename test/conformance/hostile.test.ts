import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { generate } from '../../src/commands/generate';
import type { Diagnostic } from '../../src/deployment/diagnostic';
import { OPTION_NAMES, type OptionName } from '../../src/deployment/options';
import { Arrival } from './support/arrival';
import { command } from './support/documents';
import { hostileOr, RIGHT } from './support/hostile';
import { suiteWith } from './support/tools';
import { PyYaml } from './support/yaml';

/**
 * Each option, given anything: either it is refused by name and nothing comes out, or the value arrives in its place,
 * exactly, when every file is read by its own parser, and nothing else in the document moves.
 */
const test = suiteWith('hostile values', ['python3-yaml']);
const RUNS = 80;
const DOMAIN = 'matrix.example.org';

let python: PyYaml;
test.before(() => {
  python = new PyYaml();
});
test.after(() => python?.close());

type Check = (arrival: Arrival, value: string) => void | Promise<void>;
interface Case {
  readonly right: fc.Arbitrary<string>;
  readonly arrived: Check;
}

const COMPOSE = '/docker-compose.yml';
const image = (service: string, file = COMPOSE): Case => ({
  right: RIGHT.image,
  arrived: async (arrival, value) =>
    assert.is(await arrival.compose(file, 'services', service, 'image'), value),
});

const CASES: Partial<Record<OptionName, Case>> = {
  domain: {
    right: RIGHT.domain,
    arrived: async (arrival, given) => {
      const value = given.toLowerCase();
      assert.is(await arrival.yaml('/homeserver.yaml', 'public_baseurl'), `https://${value}/`);
      assert.is(await arrival.yaml('/homeserver.yaml', 'server_name'), value);
      assert.is(arrival.setting('DOMAIN'), value);
      assert.ok(arrival.paths.includes(`/data/nginx/user_conf.d/${value}.conf`));
      const site = arrival.text(`/${value}.conf`);
      assert.match(site, new RegExp(`^ *server_name ${value.replaceAll('.', '\\.')};$`, 'm'));
      assert.ok(site.includes(`'{"m.server":"${value}:443"}'`));
    },
  },
  'server-name': {
    right: RIGHT.domain,
    arrived: async (arrival, given) => {
      const value = given.toLowerCase();
      assert.is(await arrival.yaml('/homeserver.yaml', 'server_name'), value);
      assert.is(await arrival.yaml('/homeserver.yaml', 'signing_key_path'), `/data/${value}.signing.key`);
      assert.is(arrival.setting('SERVER_NAME'), value);
      const element = arrival.json('/element-config.json') as {
        default_server_config: { 'm.homeserver': { server_name: string; base_url: string } };
      };
      assert.is(element.default_server_config['m.homeserver'].server_name, value);
      assert.is(element.default_server_config['m.homeserver'].base_url, `https://${DOMAIN}`);
    },
  },
  email: {
    right: RIGHT.email,
    arrived: async (arrival, value) =>
      assert.is(
        await arrival.compose('/root/nginx/compose.yml', 'services', 'nginx', 'environment', 'CERTBOT_EMAIL'),
        value,
      ),
  },
  'acme-url': {
    right: RIGHT.url,
    arrived: (arrival, value) => {
      const lines = arrival.text('/nginx-certbot.env').split('\n');
      assert.ok(lines.includes(`CERTBOT_PRODUCTION_URL=${value}`));
    },
  },
  'admin-user': {
    right: RIGHT.user,
    arrived: (arrival, value) => assert.is(arrival.setting('ADMIN_USER'), value),
  },
  'db-password': {
    right: RIGHT.password,
    arrived: async (arrival, value) => {
      assert.is(arrival.setting('DB_PASSWORD'), value);
      const environment = await arrival.yaml(COMPOSE, 'services', 'db', 'environment');
      const inCompose = (environment as Record<string, unknown>).POSTGRES_PASSWORD;
      if (inCompose !== undefined) assert.is(inCompose, value);
    },
  },
  'postgres-image': image('db'),
  'synapse-image': image('synapse'),
  'element-image': image('element'),
  'nginx-image': image('nginx', '/root/nginx/compose.yml'),
  'registry-mirror': {
    right: RIGHT.origin,
    arrived: (arrival, value) =>
      assert.equal(JSON.parse(arrival.setting('DAEMON_JSON')), {
        'registry-mirrors': [value.replace(/\/$/, '')],
      }),
  },
  'docker-apt-url': {
    right: RIGHT.url,
    arrived: ({ config }, value) => {
      const [source] = Object.values(config.apt.sources);
      assert.is(source?.source, `deb [signed-by=$KEY_FILE] ${value.replace(/\/$/, '')} $RELEASE stable`);
    },
  },
  'base-dir': {
    right: RIGHT.directory,
    arrived: (arrival, given) => {
      const value = given.replace(/\/$/, '');
      assert.is(arrival.setting('BASE_DIR'), value);
      for (const name of ['docker-compose.yml', 'files/homeserver.yaml', 'element-config.json']) {
        assert.ok(arrival.paths.includes(`${value}/${name}`), name);
      }
      const words = arrival.words('up -d db');
      assert.equal(words.slice(0, 4), ['docker', 'compose', '-f', `${value}/docker-compose.yml`]);
    },
  },
  'synapse-bind': {
    right: RIGHT.address,
    arrived: async (arrival, given) => {
      const value = given.toLowerCase();
      const ports = (await arrival.yaml(COMPOSE, 'services', 'synapse', 'ports')) as string[];
      const address = value.includes(':') ? `[${value}]` : value;
      assert.ok(ports.includes(`${address}:8008:8008`), ports.join());
    },
  },
  timezone: {
    right: RIGHT.zone,
    arrived: ({ config }, value) => assert.is(config.timezone, value),
  },
  'ssh-key': {
    right: RIGHT.sshKey,
    arrived: ({ config }, value) => assert.equal(config.ssh_authorized_keys, [value]),
  },
  'health-timeout': {
    right: RIGHT.seconds,
    arrived: (arrival, value) => assert.is(arrival.setting('HEALTH_TIMEOUT'), value),
  },
  tls: { right: fc.constantFrom('letsencrypt', 'staging', 'local-ca'), arrived: () => {} },
  distro: { right: fc.constantFrom('ubuntu', 'debian'), arrived: () => {} },
  format: { right: fc.constant('yaml'), arrived: () => {} },
  provider: { right: fc.constant('digitalocean'), arrived: () => {} },
};

const noFile = (path: string): string => {
  throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
};

async function document(asked: Record<string, unknown>): Promise<Arrival | string[]> {
  const made = await generate({ domain: DOMAIN, ...asked }, noFile);
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

test('every option that changes the document is put to this test', () => {
  const elsewhere: OptionName[] = ['docker-apt-key', 'output'];
  assert.equal([...Object.keys(CASES), ...elsewhere].sort(), [...OPTION_NAMES].sort());
});

/** An armoured key less its line ends, which mean nothing inside of the base64 text (RFC 4880, 6.3). */
function armour(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  const body = lines.indexOf('') + 1;
  return [...lines.slice(0, body), lines.slice(body, -1).join(''), ...lines.slice(-1)].join('\n');
}

test('--docker-apt-key: the text of a file is refused, or arrives', async () => {
  const [begin, end] = ['-----BEGIN PGP PUBLIC KEY BLOCK-----', '-----END PGP PUBLIC KEY BLOCK-----'];
  const key = `${begin}\nComment: a # b: c\n\nmQINBFit2ioBEADhWpZ8\nAAAA==\n=abcd\n${end}\n`;
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(hostileOr(fc.constant(key)), async (text) => {
      const made = await generate({ domain: DOMAIN, 'docker-apt-key': 'key.asc' }, () => text);
      if (!made.deployment) return assert.equal(paths(made.diagnostics), ['docker-apt-key']);
      accepted++;
      const { config } = await Arrival.read(python, Buffer.from(made.bytes).toString('latin1'));
      assert.is(armour(Object.values(config.apt.sources)[0]?.key ?? ''), armour(text));
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
  assert.ok(accepted > 0);
});

test('a config file with values of any type is refused by name or taken', async () => {
  const names = OPTION_NAMES.filter((name) => name !== 'output' && name !== 'domain');
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, value) => {
      const made = await generate({ domain: DOMAIN, config: 'c.yaml' }, (path) =>
        path.endsWith('c.yaml') ? JSON.stringify({ [name]: value }) : noFile(path),
      );
      if (made.deployment) return;
      assert.equal([...new Set(paths(made.diagnostics))], [name]);
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

test('names that are no options are refused, whatever they are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), async (name) => {
      fc.pre(!OPTION_NAMES.some((known) => known === name) && name !== 'config');
      const made = await generate({ domain: DOMAIN, config: 'c.yaml' }, () =>
        JSON.stringify({ [name]: 'x' }),
      );
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
