import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Deployment } from '../src/config/deployment';
import { OPTION_NAMES, OPTIONS, optionOf } from '../src/config/options';
import { resolve } from '../src/config/resolve';
import { PROVIDERS } from '../src/providers';

const options = suite('options');

function deploymentOf(asked: Record<string, unknown>): Deployment {
  const { deployment, diagnostics } = resolve({ domain: 'matrix.example.org', ...asked });
  assert.ok(deployment, JSON.stringify(diagnostics));
  return deployment;
}

function mistakes(asked: Record<string, unknown>): string[] {
  return resolve(asked)
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code, path }) => `${code} ${path}`);
}

options('every default', () => {
  const { dockerAptKey, ...rest } = deploymentOf({});
  assert.match(dockerAptKey, /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n/);
  assert.equal(rest, {
    scriptUrl: undefined,
    domain: 'matrix.example.org',
    serverName: 'matrix.example.org',
    email: 'admin@matrix.example.org',
    tls: 'letsencrypt',
    acmeUrl: undefined,
    adminUser: undefined,
    dbPassword: undefined,
    images: {
      postgres: 'postgres:15-alpine',
      synapse: 'matrixdotorg/synapse:latest',
      element: 'vectorim/element-web:latest',
      nginx: 'jonasal/nginx-certbot:latest',
    },
    registryMirror: undefined,
    dockerAptUrl: 'https://download.docker.com/linux/ubuntu',
    distro: 'ubuntu',
    baseDir: '/data/matrix',
    synapseBind: '127.0.0.1',
    timezone: undefined,
    sshKeys: [],
    healthTimeout: 600,
    backup: false,
    backupKeep: 7,
    restoreFrom: undefined,
    extra: undefined,
  });
});

options('values are normalised', () => {
  assert.is(deploymentOf({ domain: 'Matrix.Example.ORG' }).domain, 'matrix.example.org');
  assert.is(deploymentOf({ 'base-dir': '/srv/matrix/' }).baseDir, '/srv/matrix');
  assert.is(
    deploymentOf({ 'registry-mirror': 'https://hub.example.com/' }).registryMirror,
    'https://hub.example.com',
  );
  assert.is(deploymentOf({ distro: 'debian' }).dockerAptUrl, 'https://download.docker.com/linux/debian');
  assert.is(deploymentOf({ 'health-timeout': 90 }).healthTimeout, 90);
  assert.is(deploymentOf({ 'health-timeout': '90' }).healthTimeout, 90);
});

const KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${'I'.repeat(44)}`;
const LONG = 'a'.repeat(64);

const ACCEPTED: Record<string, unknown[]> = {
  domain: [
    'a.b',
    'xn--bcher-kva.example.org',
    `${'a'.repeat(63)}.example.org`,
    '1and1.example.com',
    'm.dns-lab.example.org',
  ],
  'server-name': ['example.org'],
  email: ['admin@example.org', 'a.b+c_d-e@mail.example.org'],
  'acme-url': ['https://acme.example.org:14000/dir', 'https://[2001:db8::1]/dir', 'http://10.0.0.1/a_b'],
  'registry-mirror': ['http://10.0.0.1:5000', 'https://hub.example.com/'],
  'postgres-image': [
    'postgres',
    'library/postgres:15',
    `registry.example.org:5000/a/b__c-d:x@sha256:${'0'.repeat(64)}`,
  ],
  'base-dir': ['/srv/matrix', '/data/a-b_c.d', '/opt/x/y'],
  'synapse-bind': ['127.0.0.1', '0.0.0.0', '10.1.2.3', '::', '::1', '2001:db8::5'],
  timezone: ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Europe/Kyiv'],
  'admin-user': ['alice', 'a.b-c_d', '0day'],
  'ssh-key': [KEY, `${KEY} alice@example.org`, [KEY, `${KEY} second`]],
  'db-password': ['synapse', 'a_.~@%+=/-Z9'],
  'health-timeout': ['30', 7200],
  tls: ['letsencrypt', 'staging', 'local-ca'],
};

const REFUSED: Record<string, unknown[]> = {
  domain: [
    '',
    ' ',
    'a b.example.org',
    'a\nb.example.org',
    'matrix.example.org\n',
    '"a".example.org',
    "it's.example.org",
    '192.0.2.1',
    '2001:db8::1',
    '[::1]',
    'matrix.example.org:8448',
    'https://matrix.example.org',
    'a_b.example.org',
    `${LONG}.example.org`,
    'bücher.example.org',
    'localhost',
    'example.org.',
    '.example.org',
    'a..b',
    '-a.example.org',
    'a-.example.org',
    '*.example.org',
    'example.org/',
    '$(id).example.org',
    '`id`.example.org',
    '{{x}}.example.org',
    `${'a.'.repeat(126)}org`,
    'example.1',
    5,
    true,
    null,
    {},
  ],
  'server-name': ['example.org:8448', '@example.org', '192.0.2.1'],
  email: [
    'admin',
    'a b@example.org',
    'a@b@example.org',
    'a@example',
    '"a"@example.org',
    'a@example.org,b@example.org',
    "a'b@example.org",
  ],
  'acme-url': [
    'acme.example.org',
    'ftp://example.org',
    'https://u:p@example.org/',
    'https://example.org/?a',
    'https://example.org/$x',
    'https://example.org/a b',
    'https://exa\nmple.org',
  ],
  'docker-apt-url': ['https://example.org/$RELEASE', 'https://example.org/]'],
  'registry-mirror': ['https://hub.example.com/path', 'hub.example.com'],
  'synapse-image': ['Synapse', 'a b', 'a:b:c', 'a@sha256:0', 'a;b', '$X', '-a', 'a'.repeat(256)],
  'base-dir': [
    'data',
    './data',
    '/',
    '/etc',
    '/usr/',
    '/tmp/x',
    '/data/../etc',
    '/data/./x',
    '/da ta',
    '/data//x',
    '/data/nginx',
    '/usr/local/sbin/matrixctl',
    '/etc/matrix',
    '/usr/share/element-web',
    '/var/lib/gen-cloudinit',
    '/run/x',
    '/data/$x',
    "/data/'x",
  ],
  'synapse-bind': [
    'localhost',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4/24',
    '[::1]',
    'fe80::1%eth0',
    ':::',
    '01.2.3.4',
    '10.0.0.05',
  ],
  timezone: ['europe/berlin', 'utc', 'Berlin', 'Europe/Nowhere', '+02:00', 'a b'],
  'admin-user': ['Alice', '@alice', 'alice:example.org', '', 'a b', '_a', 'a'.repeat(65)],
  'ssh-key': [
    'ssh-ed25519',
    'alice',
    '~/.ssh/id_ed25519.pub',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    `${KEY}\nssh-rsa`,
    `command="x" ${KEY}`,
  ],
  'db-password': ['', 'a b', "a'b", 'a"b', 'a$b', 'a:b', 'a\\b', 'a\nb', 'ä', 'a'.repeat(129)],
  'health-timeout': ['29', '7201', '1.5', '-60', 'abc', '1e3', Number.NaN],
  tls: ['', 'no', 'Letsencrypt'],
  distro: ['fedora'],
  format: ['zip'],
  provider: ['aws'],
  'docker-apt-key': [
    'key',
    '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n',
  ],
};

for (const [name, values] of Object.entries(ACCEPTED)) {
  options(`${name} takes`, () => {
    for (const value of values)
      assert.equal(mistakes({ domain: 'matrix.example.org', [name]: value }), [], String(value));
  });
}
for (const [name, values] of Object.entries(REFUSED)) {
  options(`${name} refuses`, () => {
    for (const value of values) {
      const found = resolve({ domain: 'matrix.example.org', [name]: value }).diagnostics;
      const own = found.find(({ path, severity }) => path === name && severity === 'error');
      assert.ok(
        value === '' ? own?.code === 'missing-value' : own?.expected && own.given !== undefined,
        `${name}: ${String(value)}: ${JSON.stringify(found)}`,
      );
    }
  });
}

options(
  'the schema for editors: every example and every value that is taken fits, and its own examples are taken',
  () => {
    for (const name of OPTION_NAMES) {
      const { schema, file } = optionOf(name);
      const pattern = new RegExp(schema?.pattern ?? '');
      for (const example of schema?.examples ?? []) {
        assert.match(String(example), pattern, name);
        if (!file)
          assert.equal(
            mistakes({ domain: 'matrix.example.org', [name]: example }),
            [],
            `${name}: ${example}`,
          );
      }
      for (const value of [(ACCEPTED as Record<string, readonly unknown[]>)[name] ?? []].flat())
        if (!file) assert.match(String(value), pattern, name);
    }
  },
);

options('all mistakes at once', () => {
  assert.equal(
    mistakes({
      domain: 'http://x',
      tls: 'staging',
      'acme-url': 'https://a.example.org',
      'base-dir': 'x',
      frob: 1,
    }),
    ['wrong-value domain', 'wrong-value base-dir', 'unknown-option frob', 'contradiction acme-url'],
  );
  assert.equal(mistakes({}), ['missing-option domain']);
  assert.equal(mistakes({ domain: ['a.b', 'c.d'] }), ['repeated-option domain']);
});

options('a near miss is named', () => {
  const [found] = resolve({ domain: 'a.b', 'acme-ulr': 'x' }).diagnostics;
  assert.is(found?.hint, 'did you mean acme-url?');
});

options('a given value is shown in one short printable line', () => {
  const [found] = resolve({ domain: `a\u0000\n${'b'.repeat(200)}` }).diagnostics;
  assert.match(found?.given ?? '', /^a\\u\{0\}\\u\{a\}b+\.\.\.$/);
  assert.ok((found?.given ?? '').length <= 72);
});

options('a given value is shown even if it is endless, or too large to be written out', () => {
  const ring: unknown[] = [];
  ring.push(ring, { ring });
  let bomb: unknown = 'x';
  for (let level = 0; level < 60; level++) bomb = [bomb, bomb, bomb, bomb, bomb, bomb, bomb, bomb, bomb];
  for (const endless of [ring, { ring }, bomb, { deep: bomb }, 2n ** 64n, new Date(Number.NaN)]) {
    const [found] = resolve({ domain: 'a.b', email: [endless] }).diagnostics;
    assert.is(found?.code, 'wrong-type');
    assert.ok(found?.given && found.given.length <= 72, found?.given);
    assert.is(resolve({ domain: 'a.b', email: endless }).deployment, undefined);
  }
  assert.is(resolve({ domain: { a: [1, null, 'b'] } }).diagnostics[0]?.given, '{"a":[1,null,"b"]}');
});

options('a password is not repeated', () => {
  for (const given of ['hunter2 hunter2', ['hunter2', 'hunter2']]) {
    const { diagnostics } = resolve({ domain: 'a.b', 'db-password': given });
    assert.not.match(JSON.stringify(diagnostics), 'hunter2');
  }
});

options('the query of a signed URL is not repeated, and plain http is warned about', () => {
  const url = 'http://backup.example.org/m.tar.gz?sig=SECRET';
  for (const given of [`${url} `, [url, url], `${url}'`])
    assert.not.match(JSON.stringify(resolve({ domain: 'a.b', 'restore-from': given }).diagnostics), 'SECRET');
  const warned = resolve({ domain: 'matrix.test', tls: 'local-ca', 'restore-from': url }).diagnostics;
  assert.equal(
    warned.map(({ code, path }) => `${code} ${path}`),
    ['plain-http restore-from'],
  );
  assert.not.match(JSON.stringify(warned), 'SECRET');
  const safe = { domain: 'matrix.test', tls: 'local-ca', 'restore-from': url.replace('http', 'https') };
  assert.equal(resolve(safe).diagnostics, []);
});

/** Every way in which a refused value can contain a secret of a URL. */
const WITH_SECRETS = [
  'https://user:SECRET@host.example.org/backup.tar.gz',
  'https://SECRET@host.example.org/',
  'https://user:SEC/RET-SECRET@host.example.org/',
  'https://user:a?SECRET@host.example.org/',
  'https://user:a#SECRET@host.example.org/',
  'https://user:a?b/SECRET',
  'https://host.example.org/backup.tar.gz?X-Amz-Signature=SECRET ',
  'https://host.example.org/backup.tar.gz?a@SECRET b',
  'https://host.example.org/backup.tar.gz#SECRET b',
  'https://host.example.org/backup.tar.gz&X-Amz-Signature=SECRET',
  'https://host.example.org/backup.tar.gz%3FX-Amz-Signature%3DSECRET b',
  'host.example.org/backup.tar.gz?X-Amz-Signature=SECRET',
  's3://bucket/backup.tar.gz?sig=SECRET',
  'user:SECRET@host.example.org:5000',
  '//user:SECRET@host.example.org/',
  'https:/user:SECRET@host.example.org/',
  '"https://user:SECRET@host.example.org/',
  'HTTPS://user:@SECRET@host.example.org/\n',
];

options('no user, password, query or fragment of a URL is repeated, whichever option has it', () => {
  for (const name of OPTION_NAMES) {
    for (const value of WITH_SECRETS) {
      for (const given of [value, [value, value], { deep: [value] }, [{ [value]: 1 }]]) {
        const { diagnostics } = resolve({ domain: 'a.b', [name]: given });
        const told = JSON.stringify(diagnostics);
        assert.not.match(told, 'SECRET', `${name}: ${told}`);
      }
    }
  }
  for (const value of WITH_SECRETS)
    assert.not.match(JSON.stringify(resolve({ domain: 'a.b', [value]: 'x' }).diagnostics), 'SECRET', value);
});

options('a URL is shortened and stays recognisable, and other text is shown as it is', () => {
  const given = (name: string, value: string) =>
    resolve({ domain: 'a.b', [name]: value }).diagnostics[0]?.given;
  assert.is(given('acme-url', 'https://me:pw@acme.test/dir?x=1'), 'https://...@acme.test/dir?...');
  assert.is(given('restore-from', 'https://host.test/m.tar.gz?sig=a '), 'https://host.test/m.tar.gz?...');
  assert.is(given('registry-mirror', 'me:pw@hub.test:5000'), '...@hub.test:5000');
  for (const value of ['a@b@example.org', "a'b@example.org"]) assert.is(given('email', value), value);
  const image = 'registry.test:5000/A@sha256:0';
  assert.is(given('synapse-image', image), image);
  assert.is(given('domain', 'what? no'), 'what? no');
});

options('a user id is at most 255 characters long, as a whole', () => {
  const asked = { domain: `${`${'a'.repeat(60)}.`.repeat(3)}example.org`, 'admin-user': 'b'.repeat(59) };
  assert.equal(mistakes(asked), []);
  assert.equal(mistakes({ ...asked, 'admin-user': 'b'.repeat(60) }), ['too-long admin-user']);
});

options('warnings: names and addresses that get no public certificate, an open port', () => {
  const codes = (asked: Record<string, unknown>) => resolve(asked).diagnostics.map(({ code }) => code);
  assert.equal(codes({ domain: 'matrix.example.org' }), ['example-address']);
  assert.equal(codes({ domain: 'matrix.example.org', email: 'a@b.test' }), []);
  assert.equal(codes({ domain: 'matrix.local' }), ['private-name']);
  const bound = { domain: 'matrix.example.org', tls: 'local-ca' };
  assert.equal(codes({ ...bound, 'synapse-bind': '0.0.0.0' }), ['open-port']);
  assert.equal(codes({ ...bound, 'synapse-bind': '::1' }), []);
  assert.equal(codes({ domain: 'matrix.local', tls: 'staging' }), ['private-name']);
  assert.equal(codes({ domain: 'matrix.local', tls: 'local-ca' }), []);
  assert.equal(codes({ domain: 'matrix.local', 'acme-url': 'https://acme.local/dir' }), []);
});

options('names of the prototype are not options', () => {
  assert.equal(mistakes({ domain: 'a.b', constructor: 'x', toString: 'y' }), [
    'unknown-option constructor',
    'unknown-option toString',
  ]);
});

options('the providers of the option are those with a known limit', () => {
  assert.equal([...OPTIONS.provider.choices].sort(), Object.keys(PROVIDERS).sort());
  assert.ok(OPTION_NAMES.length > 20);
});

options.run();
