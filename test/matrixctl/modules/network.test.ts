import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import type { Answers } from '../support/programs';
import { BASE, type Sandbox } from '../support/sandbox';

/** Settings that depend on the server's network: IPv6, packet size, the provider's metadata service. */
const test = suiteOf('network');

const SITE = '/data/nginx/user_conf.d/matrix.example.org.conf';
const ENV = `${BASE}/.env`;
const COMPOSE = `services:
 element:
  image: element
  volumes:
   - ./element-config.json:/app/config.json:ro
 synapse:
  volumes:
   - ./files:/data
`;
const SED = (service: string, file: string) =>
  `compose -f *.yml run -T --rm --no-deps --entrypoint sed ${service} /\\[::\\]/d /etc/nginx/${file}`;

test('without IPv6 in the kernel nginx listens on IPv4 alone, also in the file of its image', (server) => {
  server.put(SITE, 'listen 443 ssl;\nlisten [::]:443 ssl;\n');
  server.put('/root/nginx/compose.yml', COMPOSE.replace('element:', 'nginx:'));
  server.answer('docker', { [SED('nginx', 'conf.d/redirector.conf')]: "echo 'listen 80;'" });
  assert.is(server.call('listen_on_ipv4 nginx').code, 0);
  assert.is(server.read(SITE), 'listen 443 ssl;\n');
  assert.is(server.read('/data/nginx/nginx.ipv4'), 'listen 80;\n');
  const mount = '   - /data/nginx/nginx.ipv4:/etc/nginx/conf.d/redirector.conf:ro\n';
  const compose = server.read('/root/nginx/compose.yml');
  assert.is(
    compose,
    COMPOSE.replace('element:', 'nginx:').replace('  volumes:\n', `  volumes:\n${mount}`),
    'in the list of this service alone',
  );
});

test('Element gets a copy of its template, once', (server) => {
  server.put(`${BASE}/docker-compose.yml`, COMPOSE);
  server.answer('docker', { [SED('element', 'templates/default.conf.template')]: "echo 'listen 80;'" });
  const { code, calls } = server.call('listen_on_ipv4 element; listen_on_ipv4 element');
  assert.equal([code, calls.length], [0, 1]);
  assert.is((server.read(`${BASE}/docker-compose.yml`) ?? '').split('element.ipv4').length, 2);
});

test('an image that cannot be run leaves the compose file as it was', (server) => {
  server.put(`${BASE}/docker-compose.yml`, COMPOSE);
  server.answer('docker', { [SED('element', 'templates/default.conf.template')]: 'exit 125' });
  assert.is.not(server.call('listen_on_ipv4 element').code, 0);
  assert.is(server.read(`${BASE}/docker-compose.yml`), COMPOSE);
});

test('with IPv6 in the kernel nothing changes', (server) => {
  server.put('/proc/net/if_inet6', '');
  const { code, calls } = server.call('listen_on_ipv4 nginx; listen_on_ipv4 element');
  assert.equal([code, calls], [0, []]);
});

/** A stand-in for iptables that remembers rules: `-C` fails until `-I` or `-N` has created the rule. */
const KEEPS: Answers = {
  '-w 10 -N *': 'grep -qxF "N $4" "$ROOT/rules" 2>/dev/null && exit 1; echo "N $4" >>"$ROOT/rules"',
  '-w 10 -C *': 'shift 3; grep -qxF "$*" "$ROOT/rules"',
  '-w 10 -I *': 'shift 3; echo "$*" >>"$ROOT/rules"',
};

test('containers reach no metadata service, except for DNS, and the rules are added once', (server) => {
  for (const tool of ['iptables', 'ip6tables']) server.answer(tool, KEEPS);
  const { code, stdout, journal } = server.command('guard');
  assert.equal([code, stdout], [0, '']);
  const rules = (server.read('/rules') ?? '').trim().split('\n');
  assert.ok(rules.includes('FORWARD -j DOCKER-USER'));
  const guarded = rules.filter((rule) => rule.startsWith('DOCKER-USER'));
  assert.is(guarded.length, 7);
  assert.ok(guarded.includes('DOCKER-USER -i matrix-+ -d 169.254.0.0/16 -p tcp ! --dport 53 -j REJECT'));
  assert.ok(guarded.every((rule) => / -i matrix-\+ -d \S+ -p tcp ! --dport 53 -j REJECT$/.test(rule)));
  assert.is(journal[0], 'guard, iptables 169.254.0.0/16: done');
  assert.is(journal.length, 7);
  assert.equal(server.command('guard').journal, []);
  assert.is((server.read('/rules') ?? '').trim().split('\n').length, rules.length);
});

test('if iptables accepts no rule, nothing fails', (server) => {
  for (const tool of ['iptables', 'ip6tables']) server.answer(tool, { '*': 'exit 3' });
  const { code, journal } = server.command('guard');
  assert.equal([code, journal], [0, []]);
});

/** The server's routes. */
function routes(server: Sandbox, ipv4: string, ipv6: string): void {
  server.answer('ip', {
    '-o -4 route get 192.0.2.1': ipv4,
    '-o -6 route get 2001:db8::1': ipv6,
    '-4 route get 192.0.2.1': ipv4,
    '-6 route get 2001:db8::1': ipv6,
  });
}
const VIA = (device: string) => `echo '192.0.2.1 via 10.0.0.1 dev ${device} src 10.0.0.2 uid 0'`;

for (const [kilobytes, db, synapse] of [
  [2_000_000, 640, 1024],
  // The limits in the Compose file are for this amount of memory.
  [2_200_000, 640, 1024],
  [8_388_608, 2560, 4096],
] as const)
  test(`the memory of a server with ${kilobytes} kB`, (server) => {
    routes(server, 'exit 2', 'exit 2');
    server.put('/proc/meminfo', `MemTotal: ${kilobytes} kB\n`);
    server.call('write_compose_env');
    assert.is(
      server.read(ENV),
      `# by matrixctl, for this server\nDB_MEMORY=${db}m\nSYNAPSE_MEMORY=${synapse}m\nMTU=1500\nIPV6=false\n`,
    );
  });

test('the first settings of the network stay', (server) => {
  server.put(ENV, '# by matrixctl, for this server\nMTU=1400\nIPV6=true\n');
  const { calls } = server.call('write_compose_env');
  assert.equal(calls, []);
  assert.match(server.read(ENV) ?? '', /^DB_MEMORY=640m\nSYNAPSE_MEMORY=1024m\nMTU=1400\nIPV6=true$/m);
});

test("the owner's own file stays", (server) => {
  server.put(ENV, 'MTU=9000\n');
  server.call('write_compose_env');
  assert.is(server.read(ENV), 'MTU=9000\n');
});

for (const [mtu, expected] of [
  ['1450', '1450'],
  ['1280', '1280'],
  ['1500', '1500'],
  // More than Docker's networks use, but less than IPv6 needs.
  ['9000', '1500'],
  ['576', '1500'],
] as const)
  test(`a way out for packets of ${mtu} bytes`, (server) => {
    routes(server, VIA('uplink'), 'exit 2');
    server.put('/sys/class/net/uplink/mtu', `${mtu}\n`);
    assert.is(server.call('network_mtu').stdout, `${expected}\n`);
  });

test('a server with IPv6 alone has the packets of that way out; one without any those of Ethernet', (server) => {
  routes(server, 'exit 2', VIA('uplink6'));
  server.put('/sys/class/net/uplink6/mtu', '1420\n');
  assert.is(server.call('network_mtu').stdout, '1420\n');
  routes(server, 'exit 2', 'exit 2');
  assert.is(server.call('network_mtu').stdout, '1500\n');
});

for (const [engine, ipv6, expected] of [
  ['27.0.1', ':', 'true'],
  ['26.1.5', ':', 'false'],
  ['29.1.0', 'exit 2', 'false'],
  ['', ':', 'false'],
] as const)
  test(`containers with Docker Engine '${engine}' where a route by IPv6 does ${ipv6}`, (server) => {
    server.answer('docker', { 'version -f {{.Server.Version}}': `echo ${engine}` });
    routes(server, ':', ipv6);
    assert.is(server.call('network_ipv6').stdout, `${expected}\n`);
  });

for (const [ipv6, ipv4, reason] of [
  ['false', 'exit 2', true],
  ['false', ':', false],
  ['true', 'exit 2', false],
] as const)
  test(`Synapse reaches other servers: IPV6=${ipv6}, and a route by IPv4 does ${ipv4}`, (server) => {
    server.put(ENV, `IPV6=${ipv6}\n`);
    routes(server, ipv4, ':');
    const { code, stdout } = server.call('outbound_problem');
    assert.is(code, 0);
    assert.is(/^this server has no IPv4, .* Docker Engine 27$/m.test(stdout), reason);
  });

test.run();
