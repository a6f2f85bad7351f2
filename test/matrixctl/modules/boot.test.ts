import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import type { Answers } from '../support/programs';
import { BASE, LIB, type Sandbox } from '../support/sandbox';

/** The steps of the first boot, each of which may be repeated. */
const test = suiteOf('boot');

const PSQL = 'exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1';
const LOCALE = `${PSQL} -c SELECT pg_encoding_to_char*`;
const HALF_MADE = `${PSQL} -c SELECT to_regclass('public.background_updates')*`;
const HEALTH = '-so /dev/null -m 5 -w %{http_code} http://127.0.0.1:8008/health';
const CONTAINERS = 'ps -a --filter label=com.docker.compose.project=matrix --format {{.Names}} {{.Status}}';
const RESTARTS = 'inspect -f {{.RestartCount}} matrix-synapse-1';
const VOLUME = 'matrix_postgres-data';
const MATRIX = `docker compose -f ${BASE}/docker-compose.yml`;
const NGINX = 'docker compose -f /root/nginx/compose.yml';
const DOWN: Answers = {
  'compose -f */docker-compose.yml down*': ':',
  'compose -f */compose.yml down*': ':',
  [`volume rm ${VOLUME}`]: ':',
};
const BOOT_ID = '$(cat /proc/sys/kernel/random/boot_id)';

const fact = (server: Sandbox, name: string) => server.read(`${LIB}/facts/${name}`)?.trim();
const volumes = (server: Sandbox, ...names: string[]) =>
  server.answer('docker', { ...DOWN, 'volume ls -q': `printf '%s\\n' other ${names.join(' ')}` });

test('a first boot without a database records that it creates one', (server) => {
  volumes(server);
  const { code, stdout, calls } = server.call(
    `prepare_new_database; [ "$(cat $LIB/new-database)" = "${BOOT_ID}" ] && stat -c %a $LIB/new-database`,
  );
  assert.equal([code, stdout, calls], [0, '600\n', ['docker volume ls -q']]);
});

test('a database that was there before the first boot is kept', (server) => {
  volumes(server, VOLUME);
  const { calls } = server.call('prepare_new_database');
  assert.equal(calls, ['docker volume ls -q']);
  assert.not(server.has(`${LIB}/new-database`));
});

test('after a power cut the incomplete database is removed, and images that may be incomplete', (server) => {
  volumes(server, VOLUME);
  server.put(`${LIB}/new-database`, 'another boot\n');
  const { code, calls } = server.call('prepare_new_database');
  assert.is(code, 0);
  assert.equal(calls, [
    'docker volume ls -q',
    `${MATRIX} down --rmi all`,
    `${NGINX} down --rmi all`,
    `docker volume rm ${VOLUME}`,
  ]);
});

test('in the same boot images stay; without a volume there is none to remove', (server) => {
  volumes(server);
  const { calls } = server.call(`echo "${BOOT_ID}" >$LIB/new-database; prepare_new_database`);
  assert.equal(calls, ['docker volume ls -q', `${MATRIX} down`, `${NGINX} down`]);
});

for (const [what, name] of [
  ['has answered', 'database'],
  ['is of a server that is ready', 'ready'],
  ['is being restored', 'unfinished'],
] as const)
  test(`a database that ${what} is never removed`, (server) => {
    volumes(server, VOLUME);
    server.put(`${LIB}/new-database`, 'another boot\n');
    server.put(`${LIB}/${name}`, 'x\n');
    assert.equal(server.call('prepare_new_database').calls, []);
  });

test('a Docker that does not list its volumes stops the first boot', (server) => {
  server.answer('docker', { 'volume ls -q': 'exit 1' });
  server.put(`${LIB}/new-database`, 'another boot\n');
  const { code, stderr, calls } = server.call('prepare_new_database');
  assert.equal([code, calls.length], [1, 1]);
  assert.match(stderr, /failed: Docker does not list its volumes\n$/);
});

test('a database that answers is recorded once, and no longer counts as new', (server) => {
  server.answer('docker', { [LOCALE]: 'echo UTF8CC' });
  server.put(`${LIB}/new-database`, 'this boot\n');
  assert.is(server.call('confirm_database').code, 0);
  assert.not(server.has(`${LIB}/new-database`));
  server.put(`${LIB}/database`, 'before\n');
  server.call('confirm_database');
  assert.is(server.read(`${LIB}/database`), 'before\n');
});

for (const [answer, message] of [
  ['exit 1', 'the database does not answer'],
  ['echo UTF8en_US.UTF-8en_US.UTF-8', 'the database is not UTF8, C, C'],
] as const)
  test(`a database that is not usable: ${message}`, (server) => {
    server.answer('docker', { [LOCALE]: answer });
    server.put(`${LIB}/new-database`, 'this boot\n');
    const { code, stderr } = server.call('confirm_database');
    assert.is(code, 1);
    assert.match(stderr, `failed: ${message}\n`);
    assert.ok(server.has(`${LIB}/new-database`));
  });

/** A first boot whose containers have started. The sequence `health` has Synapse's answers. */
function started(server: Sandbox, ...health: readonly string[]): void {
  server.put('/proc/net/if_inet6', '');
  server.sequence('health', ...health);
  server.answer('curl', { [HEALTH]: 'next health' });
  server.answer('docker', {
    [LOCALE]: 'echo UTF8CC',
    [CONTAINERS]: "printf '%s\\n' 'matrix-db-1 Up 9 seconds' 'matrix-synapse-1 Up 5 seconds'",
  });
}

test('the first boot waits for Synapse, and the log names the reason and the time', (server) => {
  started(server, '000', '502', '200');
  const { code, stdout, journal } = server.command('boot wait');
  assert.is(code, 0);
  assert.match(
    stdout,
    /^gen-cloudinit: waiting for Synapse, \d+ s left: matrix-db-1 Up 9 seconds,matrix-synapse-1 Up 5 seconds$/m,
  );
  assert.is(fact(server, 'phase'), 'starting');
  assert.equal(journal, ['boot wait: done']);
});

test('a Synapse that never answers: the reason is in the state file', (server) => {
  started(server, '000');
  const { code, journal } = server.command('boot wait');
  assert.is(code, 1);
  assert.is(fact(server, 'error'), 'Synapse is not healthy after 60 s');
  assert.equal(journal, ['boot wait: failed: Synapse is not healthy after 60 s']);
});

test('the first boot does not wait for a container that has ended', (server) => {
  started(server, '000');
  server.answer('docker', { [CONTAINERS]: 'echo matrix-synapse-1 Exited' });
  const { code, calls } = server.command('boot wait');
  assert.is(code, 1);
  assert.is(fact(server, 'error'), 'matrix-synapse-1 Exited');
  assert.equal(
    calls.filter((call) => call.startsWith('sleep')),
    [],
  );
});

/** A Synapse that exits at each start and may have created only some of its tables. */
function restarting(server: Sandbox, halfMade: string, restarts = '3'): void {
  started(server, '000', '200');
  server.answer('docker', {
    [CONTAINERS]: 'echo matrix-synapse-1 Restarting',
    [RESTARTS]: `echo ${restarts}`,
    [HALF_MADE]: `echo ${halfMade}`,
    [`${PSQL} -d postgres -c DROP DATABASE*`]: 'echo made >>"$ROOT/again"',
    'compose -f */docker-compose.yml stop synapse': ':',
    'compose -f */docker-compose.yml start synapse': ':',
  });
}

test('incomplete tables are created again, with Synapse stopped', (server) => {
  restarting(server, 't');
  const { code, stdout, calls } = server.command('boot wait');
  assert.is(code, 0);
  assert.match(stdout, "Synapse's tables are half made: they are made again");
  const words = calls.map((call) =>
    call.replace(/^.* (stop|start) synapse$/, '$1').replace(/^.*(CREATE DATABASE).*$/, '$1'),
  );
  assert.equal(
    words.filter((word) => ['stop', 'CREATE DATABASE', 'start'].includes(word)),
    ['stop', 'CREATE DATABASE', 'start'],
  );
  assert.match(
    calls.join('\n'),
    "CREATE DATABASE synapse ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
  );
});

for (const [what, halfMade, restarts] of [
  ['whole', 'f', '3'],
  ['still being made', 't', '0'],
] as const)
  test(`tables that are ${what} are kept`, (server) => {
    restarting(server, halfMade, restarts);
    assert.is(server.command('boot wait').code, 0);
    assert.not(server.has('/again'));
  });

const UNIT = '/etc/systemd/system/matrix';
const START: Answers = {
  'daemon-reload': ':',
  '-q enable matrix-guard.service matrix.timer': ':',
  'start matrix.timer': ':',
};

/** A server with Docker, whose first boot is repeated; preflight has its own tests. */
function prepared(server: Sandbox): void {
  volumes(server);
  server.put(`${LIB}/server`, 'example.org\n');
  server.put(`${LIB}/homeserver.yaml`, 'of the document\n');
  server.directory('/etc/systemd/system');
  server.answer('systemctl', START);
  server.answer('docker', {
    'inspect nginx-nginx-1': 'echo []',
    'compose version*': 'echo 2.40.0',
    info: ':',
  });
  server.answer('curl', { '-V': ':' });
  server.answer('ip', { '*': 'exit 2' });
  for (const name of ['iptables', 'ip6tables']) server.answer(name, { '-w 10 -S INPUT': ':', '*': ':' });
  server.answer('install', {
    '-d -m 755 -o 991 -g 991 */files': 'exec /usr/bin/install -d -m 755 "$8"',
    '-d -m 755 *': 'exec /usr/bin/install "$@"',
  });
}

test('a server is prepared: units, Docker, the firewall, files', (server) => {
  prepared(server);
  const { code, stdout, stderr, journal } = server.command('boot prepare docker-ce');
  assert.is(code, 0, stdout + stderr);
  assert.match(stdout, /^gen-cloudinit: this server has no IPv4, and its containers no IPv6: no federation/m);
  assert.is(server.read(`${LIB}/server`), `example.org:${BASE}\n`);
  assert.is(fact(server, 'phase'), 'pulling');
  assert.match(server.read(`${UNIT}.timer`) ?? '', /^OnCalendar=\*:0\/3$/m);
  assert.match(server.read(`${UNIT}.service`) ?? '', /^ExecStart=\/usr\/local\/sbin\/matrixctl tick$/m);
  assert.match(
    server.read(`${UNIT}-guard.service`) ?? '',
    /^ExecStart=\/usr\/local\/sbin\/matrixctl guard$/m,
  );
  assert.ok(server.has(`${LIB}/new-database`));
  assert.equal(journal, ['boot prepare: done']);
});

test('a timer that cannot be enabled stops the first boot', (server) => {
  prepared(server);
  server.answer('systemctl', { '-q enable *': 'exit 1' });
  assert.is(server.command('boot prepare docker-ce').code, 1);
  assert.is(fact(server, 'error'), 'the timer cannot be enabled');
});

test('files are installed, and images pulled, as steps of their own', (server) => {
  prepared(server);
  server.answer('docker', { 'image inspect *': 'exit 1', 'pull -q *': ':' });
  assert.equal(server.command('boot files').journal, ['boot files: done']);
  assert.is(server.read(`${BASE}/files/homeserver.yaml`), 'of the document\n');
  const { code, calls } = server.command('boot pull synapse:1 element:1');
  assert.is(code, 0);
  assert.is(calls.filter((call) => call.startsWith('docker pull -q ')).length, 2);
});

test('the start of nginx orders the certificate', (server) => {
  server.put('/proc/net/if_inet6', '');
  server.answer('docker', { 'image inspect nginx:1': ':', 'compose -f */compose.yml up -d': ':' });
  const { code, calls } = server.command('boot proxy nginx:1');
  assert.is(code, 0);
  assert.equal(calls.slice(-1), [`${NGINX} up -d`]);
  assert.ok(server.has(`${LIB}/order`));
});

/** Everything answers; the certificate is valid for the given number of days. */
function answering(server: Sandbox): void {
  const at = (days: number) => new Date(Date.now() + days * 86_400_000).toUTCString();
  server.answer('curl', {
    '-skim 9 *': `echo '*  start date: ${at(-1)}' >&2; echo '*  expire date: ${at(89.5)}' >&2; echo HTTP/2 200`,
  });
}

test('the server is ready: with an administrator where the document names one', (server) => {
  answering(server);
  const plain = server.command('boot ready');
  assert.is(plain.code, 0);
  assert.match(plain.stdout, /gen-cloudinit: ready: https:\/\/matrix\.example\.org\/\n$/);
  assert.ok(server.has(`${LIB}/ready`));
  assert.is(fact(server, 'phase'), 'ready');
  server.set({ ADMIN_USER: 'admin' });
  server.answer('docker', { [`${PSQL} -v user=@admin:example.org`]: ':', 'exec -i matrix-synapse-1 *': ':' });
  const { code, stdout } = server.command('boot ready');
  assert.is(code, 0);
  assert.match(stdout, '@admin:example.org, password in /root/matrix-admin-password');
});

test('a certificate without a readable lifetime does not fail the first boot', (server) => {
  answering(server);
  const { code } = server.call('BOOT=1\nboot_ready >/dev/full 2>/dev/null || [ -e $READY ]');
  assert.is(code, 0);
});

test('a successful first boot ends without a message', (server) => {
  const { code, stdout, calls, journal } = server.command('boot end 0 17');
  assert.equal([code, stdout, calls, journal], [0, '', [], []]);
});

for (const [what, phase, error] of [
  ['with its reason', 'failed', 'no room'],
  ['without one', 'pulling', 'see journalctl'],
] as const)
  test(`the end of a first boot that failed ${what}: it shows containers and logs, and ends remaining processes`, (server) => {
    server.call(`set_fact phase ${phase}; set_fact error 'no room'`);
    server.answer('docker', { 'compose -f * ps -a': ':', 'compose -f * logs --no-color --tail 15': ':' });
    const { code, stdout, calls, journal } = server.call(
      `command sleep 60 & left=$!
      cmd_boot end 1 $left 4194305
      wait $left || echo "ended with $?"`,
    );
    assert.is(code, 0);
    assert.match(
      stdout,
      `gen-cloudinit: failed: ${error}; the next try is within three minutes\nended with 143\n`,
    );
    assert.equal(calls, [
      ...[`${MATRIX} ps -a`, `${NGINX} ps -a`],
      ...[`${MATRIX} logs --no-color --tail 15`, `${NGINX} logs --no-color --tail 15`],
    ]);
    assert.equal([fact(server, 'phase'), fact(server, 'error'), journal], ['failed', error, []]);
  });

test('without containers there are no logs; a process that has ended is not an error', (server) => {
  server.answer('docker', { 'compose -f */docker-compose.yml ps -a': 'exit 1' });
  assert.is(server.command('boot end 1 4194305').calls.length, 1);
});

test('a first boot that finds the lock taken says so when that lasts', (server) => {
  server.put('/run/matrix.lock', 'first boot, process 7\n');
  server.age('/run/matrix.lock', 61);
  const { code, stdout, journal } = server.command('boot busy');
  assert.equal([code, journal], [0, []]);
  assert.is(stdout, 'gen-cloudinit: waiting for another matrixctl: first boot, process 7\n');
});

test('an unknown step is an error', (server) => {
  const { code } = server.command('boot nonsense');
  assert.is.not(code, 0);
});

test.run();
