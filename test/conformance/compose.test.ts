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

const stack = (document: Document, memory?: string) =>
  resolved(stage, document, `${document.baseDir}/docker-compose.yml`, memory);
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

test('images are those of the overview, and the requested ones', () => {
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
});

test('Element shares no network with Synapse, whose admin API it must not reach', () => {
  const project = stack(documentOf('default'));
  const on = (name: string) => Object.keys(service(project, name).networks ?? {});
  assert.is(on('element').length, 1);
  for (const other of ['db', 'synapse'])
    for (const network of on('element')) assert.not.ok(on(other).includes(network), `${other} on ${network}`);
  assert.equal(on('element'), ['element']);
  assert.equal(on('synapse').sort(), ['db', 'default']);
  // A network without a way out would not let Docker publish Element's port.
  assert.not.ok(project.networks?.[on('element')[0] ?? '']?.internal);
});

test('each bridge has a name that the firewall rule of matrixctl covers', () => {
  for (const document of COMBINATIONS.map(generated)) {
    const { networks = {} } = stack(document);
    assert.equal(Object.keys(networks).sort(), ['db', 'default', 'element']);
    for (const [name, { driver_opts }] of Object.entries(networks)) {
      const bridge = driver_opts?.['com.docker.network.bridge.name'] ?? '';
      assert.is(bridge, `matrix-${name}`);
      assert.ok(bridge.length <= 15, 'the kernel takes no longer name');
    }
  }
});

/** The form that matrixctl extends by a line on a host without IPv6. */
test('the lists of volumes to which a line can be added', () => {
  const document = documentOf('default');
  const listed = (path: string, name: string) => {
    const lines = document.file(path).split('\n');
    const start = lines.indexOf('  volumes:', lines.indexOf(` ${name}:`)) + 1;
    return lines.slice(
      start,
      lines.findIndex((line, index) => index >= start && !/^ {3}- /.test(line)),
    );
  };
  assert.equal(listed(`${document.baseDir}/docker-compose.yml`, 'element'), [
    '   - ./element-config.json:/app/config.json:ro',
  ]);
  assert.equal(listed('/root/nginx/compose.yml', 'nginx'), [
    '   - nginx_secrets:/etc/letsencrypt',
    '   - /data/nginx/user_conf.d:/etc/nginx/user_conf.d:ro',
    '   - /usr/share/element-web:/usr/share/element-web:ro',
  ]);
});

/** The two projects as one list. */
const services = (document: Document, memory?: string): [string, Service][] => [
  ...Object.entries(stack(document, memory).services),
  ...Object.entries(proxy(document).services),
];

test('no container can gain a privilege, and each has the capabilities that its entrypoint needs', () => {
  const needed: Record<string, string[]> = {
    db: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'],
    element: [],
    nginx: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID'],
    synapse: [],
  };
  for (const document of COMBINATIONS.map(generated)) {
    const all = services(document);
    assert.is(all.length, 4);
    for (const [name, one] of all) {
      assert.equal(one.security_opt, ['no-new-privileges:true'], name);
      assert.equal(one.cap_drop, ['ALL'], name);
      assert.equal([...(one.cap_add ?? [])].sort(), needed[name], name);
      assert.not.ok(one.privileged, name);
    }
  }
});

test('Synapse starts as its own user: its entrypoint has nothing to do as root', () => {
  const { services } = stack(documentOf('default'));
  assert.is(services.synapse?.user, '991:991');
  // Element's image names its user itself; the others start as root and switch.
  for (const name of ['db', 'element']) assert.is(services[name]?.user, undefined, name);
});

test('a container writes only to volumes or to temporary storage, where its image allows that', () => {
  const written = (one: Service) => (one.tmpfs ?? []).map((mount) => mount.replace(/:.*/, '')).sort();
  const { services } = stack(documentOf('default'));
  for (const name of ['db', 'element', 'synapse']) assert.ok(services[name]?.read_only, name);
  assert.equal(written(service(stack(documentOf('default')), 'db')), ['/tmp', '/var/run/postgresql']);
  assert.equal(written(service(stack(documentOf('default')), 'element')), ['/etc/nginx/conf.d', '/tmp']);
  assert.equal(written(service(stack(documentOf('default')), 'synapse')), ['/tmp']);
  // Twisted stores a request of more than 100 kB in a temporary file; in a tmpfs it would use Synapse's memory.
  assert.is(service(stack(documentOf('default')), 'synapse').environment?.TMPDIR, '/data');
  assert.not.ok(service(proxy(documentOf('default')), 'nginx').read_only, 'it links configuration files');
});

const mebibyte = 1024 ** 2;

test('each container has limits, which fit a server with 2 GB and grow with a larger one', () => {
  const limits = (memory?: string) =>
    Object.fromEntries(
      services(documentOf('default'), memory).map(([name, { mem_limit }]) => [
        name,
        Number(mem_limit) / mebibyte,
      ]),
    );
  const small = limits();
  assert.equal(small, { db: 640, element: 128, nginx: 384, synapse: 1024 });
  assert.equal(limits('DB_MEMORY=2g\nSYNAPSE_MEMORY=3500m\n'), { ...small, db: 2048, synapse: 3500 });
  for (const [name, { pids_limit }] of services(documentOf('default')))
    assert.ok(pids_limit && pids_limit >= 100 && pids_limit <= 500, `${name}: ${pids_limit}`);
});

test('the database: shared memory for its larger vacuums, and time to end in order', () => {
  const db = service(stack(documentOf('default')), 'db');
  assert.is(Number(db.shm_size) / mebibyte, 256);
  assert.is(db.stop_grace_period, '1m0s');
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

test('Docker gives database and Synapse as long to become healthy as the health timeout says', () => {
  const period = (document: Document, name: string) =>
    service(stack(document), name).healthcheck?.start_period;
  for (const name of ['db', 'synapse']) {
    assert.is(period(documentOf('default'), name), '10m0s', name);
    assert.is(period(documentOf('server'), name), '2m0s', name);
  }
});

test('every service comes back after a reboot and keeps its log small', () => {
  const document = documentOf('default');
  for (const project of [stack(document), proxy(document)]) {
    for (const [name, { restart, logging }] of Object.entries(project.services)) {
      assert.is(restart, 'unless-stopped', name);
      // Docker's driver `local` keeps five files of 20 MB by default (docs.docker.com, local file logging driver).
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
      'bind /data/nginx/user_conf.d /etc/nginx/user_conf.d true',
      'bind /usr/share/element-web /usr/share/element-web true',
    ],
  );
  assert.is(nginx.environment?.CERTBOT_EMAIL, 'admin@matrix.example.org');
});

test('the proxy: who signs the certificate', () => {
  const environment = (name: string) => {
    const { STAGING, USE_LOCAL_CA, CERTBOT_PRODUCTION_URL, CERTBOT_EMAIL, LOCAL_CA_DIR } =
      service(proxy(documentOf(name)), 'nginx').environment ?? {};
    return {
      STAGING,
      USE_LOCAL_CA,
      url: CERTBOT_PRODUCTION_URL,
      email: CERTBOT_EMAIL,
      ...(LOCAL_CA_DIR ? { authority: LOCAL_CA_DIR } : {}),
    };
  };
  const email = 'admin@matrix.example.org';
  assert.equal(environment('default'), { STAGING: '0', USE_LOCAL_CA: '0', url: undefined, email });
  // In the volume: otherwise a recreated container would have a new authority, which no client trusts.
  const authority = '/etc/letsencrypt/local_ca';
  assert.equal(environment('local-ca'), {
    STAGING: '0',
    USE_LOCAL_CA: '1',
    url: undefined,
    email,
    authority,
  });
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
