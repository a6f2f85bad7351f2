import * as assert from 'uvu/assert';
import { composeConfig, type Project, resolved, type Service } from './support/compose';
import { COMBINATIONS, type Document, documentOf, generated } from './support/documents';
import { Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** Both Compose files as Docker Compose itself resolves them, against the deployment's overview. No daemon is needed. */
const test = suiteWith('compose config', ['root:sid']);

let stage: Stage;
test.before(async () => {
  stage = await Stage.open('sid');
});
test.after(() => stage?.close());

const stack = (document: Document) => resolved(stage, document, `${document.baseDir}/docker-compose.yml`);
const proxy = (document: Document) => resolved(stage, document, '/root/nginx/compose.yml');

function service(project: Project, name: string): Service {
  const found = project.services[name];
  assert.ok(found, `service ${name}`);
  return found as Service;
}

function ports({ ports = [] }: Service): string[] {
  return ports.map(
    ({ host_ip, published, target, protocol }) => `${host_ip}:${published}:${target}/${protocol}`,
  );
}

test('Compose accepts both files of every combination without a warning', () => {
  for (const document of COMBINATIONS.map(generated)) {
    assert.equal(Object.keys(stack(document).services).sort(), ['db', 'element', 'synapse'], document.name);
    assert.equal(Object.keys(proxy(document).services), ['nginx'], document.name);
  }
});

test('images are those of the overview, and those that were asked for', () => {
  const images = (document: Document) =>
    [...Object.values(stack(document).services), ...Object.values(proxy(document).services)]
      .map(({ image }) => image)
      .sort();
  assert.equal(images(documentOf('default')), [
    'jonasal/nginx-certbot:latest',
    'matrixdotorg/synapse:latest',
    'postgres:15-alpine',
    'vectorim/element-web:latest',
  ]);
  assert.equal(images(documentOf('images')), [
    'jonasal/nginx-certbot:6.2.0-nginx1.31.2',
    'postgres:15.18-alpine',
    `registry.example.org/element@sha256:${'ab'.repeat(32)}`,
    'registry.example.org:5000/matrix/synapse:v1.160.0',
  ]);
});

test('ports: Synapse and Element on loopback alone, the database nowhere', () => {
  const { services } = stack(documentOf('default'));
  assert.equal(
    Object.entries(services).map(([name, one]) => [name, ports(one)]),
    [
      ['db', []],
      ['element', ['127.0.0.1:8080:80/tcp']],
      ['synapse', ['127.0.0.1:8008:8008/tcp']],
    ],
  );
  assert.equal(ports(service(stack(documentOf('synapse-bind')), 'synapse')), [
    '127.0.0.1:8008:8008/tcp',
    '10.0.0.5:8008:8008/tcp',
  ]);
  assert.equal(ports(service(stack(documentOf('synapse-bind IPv6')), 'synapse')), [
    '127.0.0.1:8008:8008/tcp',
    '2001:db8::8:8008:8008/tcp',
  ]);
});

test('volumes: where the data lies', () => {
  for (const document of [documentOf('default'), documentOf('base-dir')]) {
    const project = stack(document);
    const mounts = (name: string) =>
      (service(project, name).volumes ?? []).map(({ type, source, target, read_only = false }) => ({
        type,
        source,
        target,
        read_only,
      }));
    const { baseDir } = document;
    assert.equal(mounts('db'), [
      { type: 'volume', source: 'postgres-data', target: '/var/lib/postgresql/data', read_only: false },
    ]);
    assert.equal(mounts('synapse'), [
      { type: 'bind', source: `${baseDir}/files`, target: '/data', read_only: false },
    ]);
    assert.equal(mounts('element'), [
      { type: 'bind', source: `${baseDir}/element-config.json`, target: '/app/config.json', read_only: true },
    ]);
    assert.ok(project.volumes && 'postgres-data' in project.volumes);
  }
});

test('the database: user, locale, and a password that is not in the document', () => {
  const project = stack(documentOf('default'));
  const { POSTGRES_USER, POSTGRES_INITDB_ARGS, ...rest } = service(project, 'db').environment ?? {};
  assert.is(POSTGRES_USER, 'synapse');
  assert.is(POSTGRES_INITDB_ARGS, '--encoding=UTF-8 --lc-collate=C --lc-ctype=C');
  assert.equal(rest, { POSTGRES_PASSWORD_FILE: '/run/secrets/db_password' });
  assert.is(project.secrets?.db_password?.file, '/data/matrix/db-password');
  const given = (name: string) => service(stack(documentOf(name)), 'db').environment?.POSTGRES_PASSWORD;
  assert.is(given('db-password'), 'synapse');
  assert.is(given('unusual'), '~/%s=+@_-.');
});

test('the database is on a network that only Synapse shares, and that leads nowhere', () => {
  const project = stack(documentOf('default'));
  const on = (name: string) => Object.keys(service(project, name).networks ?? {}).sort();
  const [private_] = on('db');
  assert.is(on('db').length, 1);
  assert.ok(private_ && project.networks?.[private_]?.internal, 'internal');
  assert.ok(on('synapse').includes(private_ as string));
  assert.ok(on('synapse').length > 1, 'Synapse reaches the world as well');
  assert.not.ok(on('element').includes(private_ as string));
});

test('order and health: database, then Synapse, then Element', () => {
  const project = stack(documentOf('default'));
  const waits = (name: string) =>
    Object.entries(service(project, name).depends_on ?? {}).map(([other, { condition }]) => [
      other,
      condition,
    ]);
  assert.equal(waits('db'), []);
  assert.equal(waits('synapse'), [['db', 'service_healthy']]);
  assert.equal(waits('element'), [['synapse', 'service_healthy']]);
  // Over TCP: the server that initialises a new database listens on its socket only (docker-library/postgres).
  assert.match(
    service(project, 'db').healthcheck?.test.join(' ') ?? '',
    /^CMD pg_isready -h 127\.0\.0\.1 .*-U synapse/,
  );
  assert.match(service(project, 'synapse').healthcheck?.test.join(' ') ?? '', /curl .*:8008\/health$/);
});

test('every service comes back after a reboot and keeps its log small', () => {
  const document = documentOf('default');
  for (const project of [stack(document), proxy(document)]) {
    for (const [name, { restart, logging }] of Object.entries(project.services)) {
      assert.is(restart, 'unless-stopped', name);
      // Docker's driver `local` keeps five files of 20 MB by itself (docs.docker.com, local file logging driver).
      assert.is(logging?.driver, 'local', name);
    }
  }
});

test('the proxy: host network, certificates in a volume, settings from the env file', () => {
  const nginx = service(proxy(documentOf('default')), 'nginx');
  assert.is(nginx.network_mode, 'host');
  assert.equal(ports(nginx), []);
  assert.equal(
    (nginx.volumes ?? []).map(
      ({ type, source, target, read_only = false }) => `${type} ${source} ${target} ${read_only}`,
    ),
    [
      'volume nginx_secrets /etc/letsencrypt false',
      'bind /data/nginx/user_conf.d /etc/nginx/user_conf.d false',
      'bind /usr/share/element-web /usr/share/element-web true',
    ],
  );
  assert.is(nginx.environment?.CERTBOT_EMAIL, 'admin@matrix.example.org');
});

test('the proxy: who signs the certificate', () => {
  const environment = (name: string) => {
    const { STAGING, USE_LOCAL_CA, CERTBOT_PRODUCTION_URL, CERTBOT_EMAIL } =
      service(proxy(documentOf(name)), 'nginx').environment ?? {};
    return { STAGING, USE_LOCAL_CA, url: CERTBOT_PRODUCTION_URL, email: CERTBOT_EMAIL };
  };
  const email = 'admin@matrix.example.org';
  assert.equal(environment('default'), { STAGING: '0', USE_LOCAL_CA: '0', url: undefined, email });
  assert.equal(environment('local-ca'), { STAGING: '0', USE_LOCAL_CA: '1', url: undefined, email });
  assert.equal(environment('staging'), {
    STAGING: '1',
    USE_LOCAL_CA: '0',
    url: undefined,
    email: 'ops@example.com',
  });
  assert.is(environment('unusual').email, 'o.n+f-f@xn--bcher-kva.example');
  const url = 'https://acme.example.test:14000/dir';
  assert.equal(environment('acme-url'), { STAGING: '0', USE_LOCAL_CA: '0', url, email });
});

test('the two projects do not share a name', () => {
  const document = documentOf('default');
  assert.is.not(stack(document).name, proxy(document).name);
});

test('Compose does refuse a wrong file', () => {
  stage.write('sid', '/root/wrong.yml', 'services: {a: {image: a, depends_on: [b]}}\n');
  const { code, stderr } = composeConfig(stage, '/root/wrong.yml');
  assert.is.not(code, 0);
  assert.match(stderr, /undefined service "b"/);
});

test.run();
