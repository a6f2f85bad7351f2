import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { gzipAsync } from '@gfx/zopfli';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../src/cloudinit/compile';
import { deploymentReport, handover } from '../src/cloudinit/report';
import type { CloudConfig } from '../src/cloudinit/write/cloud-config';
import { document } from '../src/cloudinit/write/document';
import { base64, gzip } from '../src/cloudinit/write/encode';
import { LADDER, onLadder } from '../src/cloudinit/write/ladder';
import { show, showReport } from '../src/commands/show';
import type { Deployment } from '../src/config/deployment';
import { resolve } from '../src/config/resolve';
import { countedSize, PROVIDERS, type ProviderLimit } from '../src/providers';
import { APT_KEY, certificateName, SCRIPT } from '../src/server/files';

const documents = suite('document');

function made(asked: Record<string, unknown> = {}): {
  text: string;
  config: CloudConfig;
  file: (path: string) => string;
} {
  const { deployment, diagnostics } = resolve({ domain: 'matrix.example.org', ...asked });
  if (!deployment) throw new Error(JSON.stringify(diagnostics));
  const text = document(deployment);
  const config = load(text) as CloudConfig;
  const file = (path: string) => {
    const entry = config.write_files.find((candidate) => candidate.path === path);
    if (!entry) throw new Error(`no ${path}`);
    if (!entry.encoding) return entry.content;
    return gunzipSync(Buffer.from(entry.content, 'base64')).toString();
  };
  return { text, config, file };
}

const SSH_KEYS = ['a', 'b', 'c', 'd', 'e'].map(
  (name) =>
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${createHash('sha256').update(name).digest('base64').slice(0, 43)} ${name}@example.org`,
);
const ORDINARY = {
  domain: `${'m'.repeat(48)}.example.org`,
  'admin-user': 'alice',
  'ssh-key': SSH_KEYS.slice(0, 2),
};
const EVERYTHING = {
  ...ORDINARY,
  'ssh-key': SSH_KEYS,
  'server-name': 'example.org',
  email: 'operator@example.org',
  tls: 'staging',
  'db-password': 'correct-horse-battery-staple',
  'postgres-image': `registry.example.org/postgres:15-alpine@sha256:${createHash('sha256').update('p').digest('hex')}`,
  'synapse-image': `registry.example.org/synapse:v1.130.0@sha256:${createHash('sha256').update('s').digest('hex')}`,
  'element-image': `registry.example.org/element:v1.11.100@sha256:${createHash('sha256').update('e').digest('hex')}`,
  'nginx-image': `registry.example.org/nginx:6.0@sha256:${createHash('sha256').update('n').digest('hex')}`,
  'registry-mirror': 'https://mirror.example.org',
  'docker-apt-url': 'https://apt.example.org/linux/debian',
  distro: 'debian',
  'base-dir': '/srv/matrix',
  'synapse-bind': '2001:db8::5',
  timezone: 'Europe/Berlin',
  'health-timeout': '900',
  backup: 'daily',
  'backup-keep': '30',
  'restore-from': 'https://backup.example.org/matrix.tar.gz',
};
const URL = 'https://www.example.org/matrixctl';

async function onProvider(provider: string, asked: Record<string, unknown>) {
  const made = await compile({ ...asked, provider }, () => '');
  assert.ok(made.deployment, `${provider}: ${JSON.stringify(made.diagnostics)}`);
  return made;
}

documents('every provider accepts an ordinary document, each on the most readable rung', async () => {
  const sizes: string[] = [];
  const rungs: Record<string, string> = {};
  for (const [provider, limit] of Object.entries(PROVIDERS)) {
    const asked = provider === 'linode' ? { ...ORDINARY, 'script-url': URL } : ORDINARY;
    const { rung, form, bytes } = await onProvider(provider, asked);
    assert.ok(limit.forms.includes(form), provider);
    assert.ok(countedSize(limit, bytes.length) <= limit.bytes, provider);
    rungs[provider] = rung;
    sizes.push(`${provider} ${rung} ${form} ${bytes.length}`);
  }
  console.log(`\n  ${sizes.join(', ')}`);
  assert.equal(rungs, {
    ec2: 'core',
    hetzner: 'key-fetched',
    digitalocean: 'packed',
    gcp: 'plain',
    azure: 'packed',
    linode: 'script-fetched',
    oracle: 'key-fetched',
    openstack: 'packed',
    exoscale: 'key-fetched',
    alibaba: 'gzip',
  });
});

documents('with an address for matrixctl every provider accepts a document with every option', async () => {
  for (const provider of Object.keys(PROVIDERS)) {
    const { rung } = await onProvider(provider, { ...EVERYTHING, 'script-url': URL });
    assert.is.not(rung, 'core', provider);
  }
});

documents('a provider that has room for matrixctl gets it, even with every option', async () => {
  for (const provider of Object.keys(PROVIDERS).filter((name) => !['ec2', 'linode'].includes(name))) {
    const { rung } = await onProvider(provider, EVERYTHING);
    assert.ok(['plain', 'packed', 'gzip', 'key-fetched'].includes(rung), `${provider}: ${rung}`);
  }
});

documents(
  'without room and without an address for matrixctl: told, and refused where it is needed',
  async () => {
    const ec2 = await onProvider('ec2', ORDINARY);
    const warning = ec2.diagnostics.find(({ code }) => code === 'core-only');
    assert.match(warning?.hint ?? '', '--script-url');
    for (const asked of [{ backup: 'daily' }, { 'restore-from': '/root/matrix.tar.gz' }]) {
      const { deployment, diagnostics } = await compile({ ...ORDINARY, ...asked, provider: 'ec2' }, () => '');
      assert.is(deployment, undefined);
      assert.equal(
        diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code),
        ['too-large'],
      );
      assert.match(diagnostics.find(({ code }) => code === 'too-large')?.hint ?? '', '--script-url');
    }
  },
);

documents('show names the rung that was made', async () => {
  for (const [asked, rung] of [
    [{ format: 'plain' }, 'plain'],
    [{}, 'packed'],
    [{ format: 'base64' }, 'gzip'],
    [{ provider: 'oracle' }, 'key-fetched'],
    [{ provider: 'ec2', 'script-url': URL }, 'script-fetched'],
    [{ provider: 'ec2' }, 'core'],
  ] as const) {
    const made = await compile({ ...ORDINARY, ...asked }, () => '');
    assert.ok(made.deployment);
    const shown = show(made.bytes);
    assert.equal([made.rung, shown.rung], [rung, rung]);
    assert.match(showReport(shown, 'user-data'), `gen-cloudinit's form ${rung}: `);
  }
  assert.is(show(new TextEncoder().encode('#cloud-config\npackages: [htop]\n')).rung, undefined);
});

documents('a format that does not fit: the error names one that does', async () => {
  const { diagnostics } = await compile({ ...ORDINARY, provider: 'hetzner', format: 'yaml' }, () => '');
  const error = diagnostics.find(({ code }) => code === 'too-large');
  assert.match(error?.hint ?? '', /^--format base64 fits: \d+ bytes \(key-fetched\)$/);
  assert.match(error?.given ?? '', 'the largest parts are /usr/local/sbin/matrixctl');
});

documents('a file name in the command is one word of the shell', () => {
  for (const limit of Object.values(PROVIDERS))
    assert.ok(handover(limit, "a b;$'", 'ubuntu').includes(`'a b;$'\\'''`), limit.name);
});

documents('the server fetches both script and key if nothing larger fits', async () => {
  const long = Array.from({ length: 30 }, (_, index) => {
    const key = createHash('sha512').update(`${index}`).digest('base64').slice(0, 68);
    return `ssh-ed25519 ${key} person-${index}@example.org`;
  });
  const { rung, bytes } = await onProvider('linode', {
    ...EVERYTHING,
    'ssh-key': SSH_KEYS,
    'script-url': URL,
  });
  assert.is(rung, 'script-fetched');
  assert.is(show(bytes).rung, rung);
  const resolved = resolve({ ...EVERYTHING, 'script-url': URL }).deployment as Deployment;
  const deployment = { ...resolved, sshKeys: long };
  const more = await onLadder(deployment, undefined, {
    ...(PROVIDERS.linode as ProviderLimit),
    bytes: 9_000,
  });
  assert.equal([more?.rung, more?.fits], ['both-fetched', true]);
  assert.ok(more);
  const report = deploymentReport({
    ...more,
    deployment,
    output: { path: undefined, provider: 'linode', format: undefined },
    diagnostics: [],
  });
  assert.match(report, `Put matrixctl of this version at ${URL} before the first boot`);
});

documents('without a provider: packed YAML, unless the options name a format', async () => {
  for (const [format, rung] of [
    [undefined, 'packed'],
    ['yaml', 'packed'],
    ['plain', 'plain'],
    ['gzip', 'gzip'],
    ['base64', 'gzip'],
  ] as const) {
    const made = await compile({ ...ORDINARY, ...(format ? { format } : {}) }, () => '');
    assert.is(made.deployment && made.rung, rung);
  }
});

/** The result of one form of the document: the texts by path, and the script of the first boot. */
function landed(rung: string, asked: Record<string, unknown> = {}) {
  const content = LADDER.find(({ name }) => name === rung)?.content;
  const { deployment } = resolve({ ...ORDINARY, 'script-url': URL, ...asked });
  assert.ok(deployment && content);
  const { write_files, runcmd } = load(document(deployment, content)) as CloudConfig;
  const files = new Map(
    write_files.map(({ path, content: text, encoding }) => [
      path,
      encoding ? gunzipSync(Buffer.from(text, 'base64')).toString() : text,
    ]),
  );
  return { files, runcmd };
}

documents(
  'the first three rungs land the same files; the others fetch what is missing by its SHA-256',
  () => {
    const { files, runcmd } = landed('packed');
    for (const rung of ['plain', 'gzip']) assert.equal(landed(rung), { files, runcmd }, rung);
    const hash = (path: string) =>
      createHash('sha256')
        .update(files.get(path) ?? '')
        .digest('hex');
    const withoutKey = landed('key-fetched');
    assert.is(withoutKey.files.has(APT_KEY), false);
    assert.match(
      withoutKey.files.get('/etc/gen-cloudinit.env') ?? '',
      `DOCKER_APT_SHA256=${hash(APT_KEY)}\n`,
    );
    const withoutScript = landed('script-fetched');
    assert.is(withoutScript.files.has(SCRIPT), false);
    const fetching = withoutScript.runcmd.filter((line) => !runcmd.includes(line));
    assert.is(fetching.length, 1);
    assert.match(fetching[0] ?? '', `download-file ${URL} ${SCRIPT}.new SHA256:${hash(SCRIPT)}`);
    const core = landed('core');
    assert.not.match(core.files.get(SCRIPT) ?? '', 'dump_database');
    assert.ok((core.files.get(SCRIPT)?.length ?? 0) < (files.get(SCRIPT)?.length ?? 0));
  },
);

documents('the head names the version, the domain and the use', () => {
  const version: string = JSON.parse(readFileSync('package.json', 'utf8')).version;
  const [first, second, third] = made().text.split('\n');
  assert.is(first, '#cloud-config');
  assert.match(second ?? '', `gen-cloudinit ${version}: Matrix server matrix.example.org`);
  assert.match(third ?? '', 'User data for a new');
  for (const line of made().text.split('\n').slice(0, 3)) assert.ok(line.length < 120);
});

documents("Docker's key is the one with the known fingerprint", () => {
  const key = made().config.write_files.find(({ path }) => path === APT_KEY)?.content ?? '';
  const body = key.split('\n\n')[1]?.split('\n=')[0] ?? '';
  const bytes = Buffer.from(body.replaceAll('\n', ''), 'base64');
  // RFC 4880 12.2: a v4 fingerprint is SHA-1 over 0x99, two bytes of length, and the public key packet.
  assert.is(bytes[0], 0x99, 'an old-format public key packet with a two-byte length');
  const packet = bytes.subarray(0, 3 + bytes.readUInt16BE(1));
  assert.is(
    createHash('sha1').update(packet).digest('hex').toUpperCase(),
    '9DC858229FC7DD38854AE2D88D81803C0EBFCD88',
  );
  const gpg = spawnSync('gpg', ['--show-keys', '--with-colons'], { input: key, encoding: 'utf8' });
  if (gpg.error) throw new Error('gpg is missing: test/tools installs it');
  assert.match(gpg.stdout, 'fpr:::::::::9DC858229FC7DD38854AE2D88D81803C0EBFCD88:');
});

documents('nothing in it is a secret, and two runs give the same bytes', () => {
  assert.is(made().text, made().text);
  const plain = made().text.replace(/-----BEGIN PGP[\s\S]*?-----END PGP.*\n/, '');
  assert.not.match(plain, /PRIVATE KEY|password: [^{]|secret: |AKIA[0-9A-Z]{16}/);
  for (const { path, content, encoding } of made().config.write_files) {
    if (!encoding)
      assert.not.match(
        content.replace(/^DOCKER_APT_SHA256=.*$|-----BEGIN PGP[\s\S]*?-----END PGP.*\n/gm, ''),
        /[A-Za-z0-9+/_-]{40,}/,
        `${path} holds a long random-looking word`,
      );
  }
});

documents('gzip carries no time and no system, and base64 is one line', async () => {
  const text = made().text;
  const zipped = await gzip(new TextEncoder().encode(text));
  assert.is(gunzipSync(zipped).toString(), text);
  assert.equal([...zipped.subarray(4, 10)].map(String), ['0', '0', '0', '0', String(zipped[8]), '255']);
  const coded = base64(zipped);
  assert.match(coded, /^[A-Za-z0-9+/]+=*$/);
  assert.ok(Buffer.from(coded, 'base64').equals(Buffer.from(zipped)));
});

documents('scripts travel packed with the same bytes on every machine', async () => {
  const { config, file } = made();
  const entry = config.write_files.find(({ path }) => path === '/usr/local/sbin/matrixctl');
  assert.is(entry?.encoding, 'gz+b64');
  const script = Buffer.from(file('/usr/local/sbin/matrixctl'));
  const packed = await gzipAsync(script, { numiterations: 100 });
  assert.is(entry?.content, `${Buffer.from(packed).toString('base64')}\n`);
});

documents('the boot: one sh script that stops at the first failure, launches in order', () => {
  const { runcmd } = made().config;
  const start = [
    'set -eu',
    'export HOME=/root',
    '(umask 077; : >>/run/matrix.lock)',
    'exec 9>>/run/matrix.lock',
    'flock -n 9 || exec matrixctl boot busy',
    'echo "first boot, process $$" >/run/matrix.lock',
  ];
  assert.equal(runcmd, [
    ...start,
    `trap 'matrixctl boot end $? \${proxy-} \${pull-}' EXIT`,
    'matrixctl boot prepare docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin',
    'matrixctl boot proxy jonasal/nginx-certbot:latest 9>&- & proxy=$!',
    'matrixctl boot pull matrixdotorg/synapse:latest vectorim/element-web:latest 9>&- & pull=$!',
    'matrixctl boot pull postgres:15-alpine',
    'docker compose -f /data/matrix/docker-compose.yml up -d db',
    'wait $pull',
    'docker compose -f /data/matrix/docker-compose.yml up -d synapse',
    'matrixctl boot wait',
    'docker compose -f /data/matrix/docker-compose.yml up -d element',
    'wait $proxy',
    'matrixctl boot ready',
  ]);
});

documents(
  'a backup is put back between the database and Synapse, and made every night, when asked for',
  () => {
    const { config, file } = made({
      'restore-from': '/root/matrix.tar.gz',
      backup: 'daily',
      'backup-keep': 3,
    });
    const { runcmd } = config;
    const at = (line: string) => runcmd.findIndex((command) => command.endsWith(line));
    assert.ok(at('up -d db') < at('boot begin') && at('boot begin') < at('up -d synapse'));
    const settings = file('/etc/gen-cloudinit.env');
    assert.match(settings, 'RESTORE_FROM=/root/matrix.tar.gz\n');
    assert.match(settings, 'BACKUP_KEEP=3\n');
    assert.not.match(made({ 'backup-keep': 3 }).file('/etc/gen-cloudinit.env'), /BACKUP|RESTORE/);
  },
);

documents('delegation: names of example.org on matrix.example.org', () => {
  const { file } = made({ 'server-name': 'example.org' });
  const homeserver = load(file('/var/lib/gen-cloudinit/homeserver.yaml')) as Record<string, unknown>;
  assert.is(homeserver.server_name, 'example.org');
  assert.is(homeserver.public_baseurl, 'https://matrix.example.org/');
  assert.is(homeserver.signing_key_path, '/data/example.org.signing.key');
  const element = JSON.parse(file('/data/matrix/element-config.json'));
  assert.equal(element.default_server_config['m.homeserver'], {
    base_url: 'https://matrix.example.org',
    server_name: 'example.org',
  });
});

documents('a domain that the certificate image would misread gets a neutral certificate name', () => {
  for (const domain of [
    'm.dns-lab.example.org',
    'rsa.example.org',
    'my-ecc.example.org',
    'webroot.example.org',
    'a-ecdsa-b.example.org',
  ]) {
    assert.is(certificateName(domain), 'matrix', domain);
  }
  for (const domain of [
    'matrix.example.org',
    'dns.example.org',
    'rsatest.example.org',
    'eccentric.example.org',
  ]) {
    assert.is(certificateName(domain), domain);
  }
  const site = made({ domain: 'm.dns-lab.example.org' }).file(
    '/data/nginx/user_conf.d/m.dns-lab.example.org.conf',
  );
  assert.match(site, 'ssl_certificate_key /etc/letsencrypt/live/matrix/privkey.pem;');
  assert.match(site, 'server_name m.dns-lab.example.org;');
});

documents('Synapse is published on loopback, and on one more address on request', () => {
  const ports = (bind?: string) => {
    const { file } = made(bind ? { 'synapse-bind': bind } : {});
    return (load(file('/data/matrix/docker-compose.yml')) as { services: { synapse: { ports: string[] } } })
      .services.synapse.ports;
  };
  assert.equal(ports(), ['127.0.0.1:8008:8008']);
  assert.equal(ports('10.0.0.5'), ['127.0.0.1:8008:8008', '10.0.0.5:8008:8008']);
  assert.equal(ports('2001:DB8::5'), ['127.0.0.1:8008:8008', '[2001:db8::5]:8008:8008']);
  assert.equal(ports('0.0.0.0'), ['0.0.0.0:8008:8008']);
});

documents('the database password is literal only on request', () => {
  const database = (asked: Record<string, unknown>) =>
    (
      load(made(asked).file('/data/matrix/docker-compose.yml')) as {
        services: { db: { environment: Record<string, string> } };
      }
    ).services.db.environment;
  assert.is(database({}).POSTGRES_PASSWORD_FILE, '/run/secrets/db_password');
  assert.is(database({}).POSTGRES_PASSWORD, undefined);
  assert.is(database({ 'db-password': 'synapse' }).POSTGRES_PASSWORD, 'synapse');
  assert.is(database({ 'db-password': 'synapse' }).POSTGRES_PASSWORD_FILE, undefined);
  assert.match(made({ 'db-password': 'synapse' }).file('/etc/gen-cloudinit.env'), 'DB_PASSWORD=synapse\n');
  assert.not.match(made().file('/etc/gen-cloudinit.env'), 'DB_PASSWORD');
});

documents.run();
