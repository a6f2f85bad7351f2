import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import type { Answers } from '../support/programs';
import { BACKUPS, BASE, LIB, type Sandbox } from '../support/sandbox';

/** Each check alone: its observation and its verdict. */
const test = suiteOf('doctor');

type Verdict = 'ok' | 'warning' | 'failed' | 'error';
const VERDICTS: Readonly<Record<number, Verdict>> = { 0: 'ok', 1: 'failed', 2: 'warning' };

/** Runs a check as the doctor does: in a condition, without input. */
function checked(server: Sandbox, check: string, before = ':'): readonly [Verdict, string] {
  const { code, stdout, stderr } = server.call(
    `${before}\nseen=$(${check} 2>/dev/null </dev/null) && code=0 || code=$?\nprintf '%s' "$seen"\nexit $code`,
  );
  assert.ok(code !== null && stderr === '', stderr);
  return [VERDICTS[code ?? 7] ?? 'error', stdout];
}

const SITE = '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org';
const HEALTH = '-so /dev/null -m 5 -w %{http_code} http://127.0.0.1:8008/health';
const LOCALE = 'exec -i matrix-db-1 psql * -c SELECT pg_encoding_to_char*';
const JUMP = '-w 10 -C FORWARD -j DOCKER-USER';
const RULE = '-w 10 -C DOCKER-USER -i matrix-+ -d 169.254.0.0/16 -p tcp ! --dport 53 -j REJECT';

/** Containers of both projects: all, those that run, and those that are unhealthy. */
function containers(server: Sandbox, all: readonly string[], running: number, unhealthy = 0): void {
  const list = (names: readonly string[]) => (names.length ? `printf '%s\\n' ${names.join(' ')}` : ':');
  const nginx = 'ps -aq --filter label=com.docker.compose.project=nginx*';
  const matrix = 'ps -aq --filter label=com.docker.compose.project=matrix';
  server.answer('docker', {
    [nginx]: ':',
    [`${matrix} --filter status=running`]: list(all.slice(0, running)),
    [`${matrix} --filter health=unhealthy`]: list(all.slice(0, unhealthy)),
    [matrix]: list(all),
    'inspect -f {{.Name}} *': "echo '/matrix-db-1 running healthy'; echo '/matrix-element-1 exited'",
  });
}
const FOUR = ['c1', 'c2', 'c3', 'c4'];

for (const [what, all, runs, unhealthy, verdict] of [
  ['none', [], 0, 0, 'failed'],
  ['four that run', FOUR, 4, 0, 'ok'],
  ['three of four that run', FOUR, 3, 0, 'failed'],
  ['four that run, one unhealthy', FOUR, 4, 1, 'failed'],
] as const)
  test(`containers: ${what}`, (server) => {
    containers(server, all, runs, unhealthy);
    const seen = all.length ? 'matrix-db-1 running healthy\nmatrix-element-1 exited' : '';
    assert.equal(checked(server, 'check_containers'), [verdict, seen]);
  });

const UNREACHED = 'AAAA [2001:db8::2] does not answer from here';
const OTHER = 'A 192.0.2.3 is another server';
for (const [what, check, health, records, verdict, seen] of [
  ['no report when Synapse cannot resolve', 'check_dns_a', '502', '', 'ok', 'Synapse cannot be asked'],
  ['all lead here', 'check_dns_a', '200', '', 'ok', ''],
  ['those of the other type do not count', 'check_dns_a', '200', UNREACHED, 'ok', ''],
  ['another server', 'check_dns_a', '200', `${OTHER}\n${UNREACHED}`, 'failed', OTHER],
  ['no answer from here', 'check_dns_aaaa', '200', `${OTHER}\n${UNREACHED}`, 'warning', UNREACHED],
] as const)
  test(`records: ${what}`, (server) => {
    server.answer('curl', { [HEALTH]: `printf ${health}` });
    server.put('/records', records);
    assert.equal(checked(server, check, 'WRONG_RECORDS=$(<"$ROOT/records")'), [verdict, seen]);
  });

for (const closed of ['', '80', '443', '8448'])
  test(`ports: ${closed || 'none'} is closed`, (server) => {
    const port = (number: string) => (number === closed ? 'exit 1' : ':');
    const at = (number: string) => `-c : </dev/tcp/127.0.0.1/${number}`;
    server.answer('bash', { [at('80')]: port('80'), [at('443')]: port('443'), [at('8448')]: port('8448') });
    assert.equal(checked(server, 'check_ports'), closed ? ['failed', `${closed} is closed`] : ['ok', '']);
  });

for (const [rules, verdict, seen] of [
  ['-P INPUT ACCEPT', 'ok', ''],
  ['-P INPUT DROP', 'failed', 'port 80 is closed by -P INPUT DROP'],
] as const)
  test(`firewall: ${rules}`, (server) => {
    server.answer('iptables', { '-w 10 -S INPUT': `echo '${rules}'` });
    server.answer('ip', { '-6 route get *': 'exit 2' });
    assert.equal(checked(server, 'check_firewall'), [verdict, seen]);
  });

for (const [ipv6, route, verdict] of [
  ['true', 'exit 2', 'ok'],
  ['false', ':', 'ok'],
  ['false', 'exit 2', 'failed'],
] as const)
  test(`way out: IPV6=${ipv6}, and a route by IPv4 does: ${route}`, (server) => {
    server.put(`${BASE}/.env`, `IPV6=${ipv6}\n`);
    server.answer('ip', { '-4 route get 192.0.2.1': route });
    const [found, seen] = checked(server, 'check_outbound');
    assert.is(found, verdict);
    assert.is(seen.includes('no federation'), verdict === 'failed');
  });

/** A certificate whose start and end are the given hours from now, and the error of the last order. */
function certificate(server: Sandbox, begin: number, end: number, log: string): void {
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toUTCString();
  server.answer('curl', {
    [`${SITE}/ -v -o /dev/null`]: `echo '*  start date: ${at(begin)}' >&2; echo '*  expire date: ${at(end)}' >&2`,
  });
  server.answer('docker', { 'logs --tail 300 nginx-nginx-1': log });
}
for (const [what, begin, end, log, verdict, seen] of [
  ['fresh', -12, 2148, ':', 'ok', '89 days left'],
  // It is renewed in the last third of its time.
  ['in its last tenth', -2000, 84, ':', 'failed', '3 days left'],
  ['of a few days', -12, 84, "echo 'Detail: too many'", 'ok', '3 days left; the last order failed: too many'],
  ['of a proxy whose log cannot be read', -12, 84, 'exit 1', 'ok', '3 days left'],
] as const)
  test(`certificate: ${what}`, (server) => {
    certificate(server, begin, end, log);
    assert.equal(checked(server, 'check_certificate'), [verdict, seen]);
  });

// The doctor's requests, sent as another machine would, and the text that the answers must contain.
for (const [check, path, holds, lacks] of [
  ['check_well_known_server', '/.well-known/matrix/server', 'Access-Control-Allow-Origin: *', 'HTTP/2 404'],
  [
    'check_well_known_client',
    '/.well-known/matrix/client',
    'access-control-allow-origin: *',
    'Allow-Origin: x',
  ],
  ['check_client_api', '/_matrix/client/versions', '{"versions":["v1.1"]}', '{"versions":["v1x1"]}'],
  ['check_federation', '/_matrix/key/v2/server', '{"verify_keys":{"ed25519:a_1":{}}}', 'HTTP/2 502'],
  ['check_federation_port', ':8448/_matrix/key/v2/server', '"ed25519:a_1"', 'HTTP/2 502'],
  [
    'check_encoded_path',
    '/_matrix/client/v3/directory/room/%23a%2Fb:example.org',
    '{"errcode":"M_NOT_FOUND"}',
    'M_UNRECOGNIZED',
  ],
] as const)
  test(`${check}: the right answer, another one, and none`, (server) => {
    const answered = (lines: string) => {
      server.answer('curl', { [`${SITE}${path}`]: lines });
      return checked(server, check);
    };
    assert.equal(answered(`echo '${holds}'`), ['ok', '']);
    assert.equal(answered(`echo '${lacks}'`), ['failed', '']);
    assert.equal(answered('exit 28'), ['failed', '']);
  });

test('delegation: both files of the server name must lead here', (server) => {
  const at = (file: string) => `-fsLm 9 https://example.org/.well-known/matrix/${file}`;
  const both = (one: string, two: string): Answers => ({ [at('server')]: one, [at('client')]: two });
  const here = 'echo "{matrix.example.org}"';
  server.answer('curl', both(here, here));
  assert.equal(checked(server, 'check_delegation'), ['ok', '']);
  server.answer('curl', both(here, 'echo "{other.example.org}"'));
  assert.equal(checked(server, 'check_delegation'), ['failed', '']);
  server.answer('curl', both('exit 22', here));
  assert.equal(checked(server, 'check_delegation'), ['failed', '']);
  server.set({ SERVER_NAME: 'matrix.example.org' });
  assert.equal(checked(server, 'check_delegation'), ['ok', 'none']);
});

for (const [lines, verdict, seen] of [
  ['echo UTF8CC', 'ok', 'UTF8CC'],
  ['echo UTF8en_US', 'failed', 'UTF8en_US'],
  ['exit 1', 'failed', ''],
] as const)
  test(`database: psql does ${lines}`, (server) => {
    server.answer('docker', { [LOCALE]: lines });
    assert.equal(checked(server, 'check_database'), [verdict, seen]);
  });

test('owners and modes: the check names files that others can read', (server) => {
  const files = `${BASE}/files`;
  server.put(`${files}/example.org.signing.key`, 'key', 0o600);
  server.put(`${files}/homeserver.yaml`, 'of all', 0o644);
  server.put(`${files}/media_store/one`, 'of all', 0o644);
  assert.equal(checked(server, 'check_owners'), ['ok', '']);
  server.put(`${files}/example.org.signing.key`, 'key', 0o640);
  server.put(`${BASE}/db-password`, 'secret', 0o604);
  assert.equal(checked(server, 'check_owners'), ['failed', `./example.org.signing.key\n${BASE}/db-password`]);
});

for (const [jump, rule, verdict] of [
  [':', ':', 'ok'],
  ['exit 1', ':', 'warning'],
  [':', 'exit 1', 'warning'],
] as const)
  test(`metadata service: the jump does ${jump} and the rule ${rule}`, (server) => {
    server.answer('iptables', { [JUMP]: jump, [RULE]: rule });
    assert.equal(checked(server, 'check_metadata'), [verdict, '']);
  });

test('disk and memory', (server) => {
  server.free(1000);
  assert.equal(checked(server, 'check_disk'), ['ok', '1000 MB free']);
  server.free(999);
  assert.equal(checked(server, 'check_disk'), ['failed', '999 MB free']);
  server.put('/proc/meminfo', 'MemTotal: 2000000 kB\nMemAvailable: 204800 kB\n');
  assert.equal(checked(server, 'check_memory'), ['ok', '200 MB available']);
  server.put('/proc/meminfo', 'MemTotal: 2000000 kB\nMemAvailable: 102400 kB\n');
  assert.equal(checked(server, 'check_memory'), ['warning', '100 MB available']);
});

for (const [answer, verdict] of [
  ['echo NTPSynchronized=yes', 'ok'],
  ['echo NTPSynchronized=no', 'warning'],
  ['exit 1', 'warning'],
] as const)
  test(`clock: timedatectl does ${answer}`, (server) => {
    server.answer('timedatectl', { show: answer });
    assert.is(checked(server, 'check_clock')[0], verdict);
  });

for (const [what, hours, keep, error, verdict, seen] of [
  ['none', [], '', '', 'warning', 'none'],
  ['none, for it failed', [], '7', 'no room', 'warning', 'none, no room'],
  ['of the week', [200, 160], '', '', 'ok', '160 hours old'],
  ['older than a week', [170], '', '', 'warning', '170 hours old'],
  ['of last night', [20], '7', '', 'ok', '20 hours old'],
  ['nightly, but older than two days', [50], '7', '', 'warning', '50 hours old'],
  [
    'good, but a later one failed',
    [20],
    '7',
    'no room',
    'warning',
    '20 hours old, the last one failed: no room',
  ],
  ['dated in the future', [-30], '', '', 'warning', '-29 hours old'],
] as const)
  test(`backup: ${what}`, (server) => {
    server.directory(BACKUPS);
    if (keep) server.set({ BACKUP_KEEP: keep });
    if (error) server.put(`${LIB}/facts/backup_error`, `${error}\n`);
    for (const [index, age] of hours.entries()) {
      const path = `${BACKUPS}/matrix-2020010${index + 1}-030000.tar.gz`;
      server.put(path, 'x');
      // In the middle of the hour.
      server.age(path, age * 60 + 30);
    }
    server.put(`${BACKUPS}/before-restore-20200101-030000.tar.gz`, 'not of the timer');
    assert.equal(checked(server, 'check_backup'), [verdict, seen]);
  });

for (const [files, verdict, seen] of [
  [[], 'ok', ''],
  [['unfinished'], 'warning', 'the unfinished'],
  [['given-up'], 'failed', 'the given-up'],
  [['given-up', 'unfinished'], 'warning', 'the unfinished'],
] as const)
  test(`unfinished work: ${files.join() || 'none'}`, (server) => {
    for (const name of files) server.put(`${LIB}/${name}`, `the ${name}\n`);
    assert.equal(checked(server, 'check_unfinished'), [verdict, seen]);
  });

/** Shows one check, as text and as JSON. */
const ONE = `seen() { printf 'a "word"\\nand \\033[2J%s\\n' "$(printf 'x%.0s' {1..300})"; return $CODE; }
BAD=0 FOUND=() JSON='' LIST='' ONLY=''
check 'the name' seen 'what to do'
JSON=--json FOUND=()
check 'the name' seen 'what to do'
printf '%s\\n' "\${FOUND[@]}"
[ "$BAD" = 0 ] || echo bad`;
for (const [code, verdict] of [
  [0, 'ok'],
  [2, 'warning'],
  [1, 'failed'],
  [7, 'error'],
] as const)
  test(`a check that ends with ${code} is ${verdict}, in one line without control characters`, (server) => {
    const { stdout } = server.call(`CODE=${code}\n${ONE}`);
    const [text = '', json = '', bad] = stdout.split('\n');
    const shown = `a "word",and [2J${'x'.repeat(300)}`.slice(0, 200);
    const advice = { ok: '', error: 'a defect of this check, report it' }[verdict as string] ?? 'what to do';
    assert.is(text, `${verdict}: the name (${shown})${advice && `: ${advice}`}`);
    assert.equal(JSON.parse(json), { check: 'the name', verdict, seen: shown, advice });
    assert.is(bad, verdict === 'failed' || verdict === 'error' ? 'bad' : '');
  });

for (const [what, lines, seen] of [
  ['has another code', 'echo seen; return 7', 'seen,ended 7'],
  // bash exits at an unbound variable.
  ['stops before its end', 'echo seen; echo "$NOWHERE"', 'seen'],
] as const)
  test(`a check that ${what} is an error, and its whole output is shown`, (server) => {
    const { code, stdout } = server.call(
      `defect() { ${lines}; }\nBAD=0 FOUND=() JSON='' LIST='' ONLY=''\ncheck it defect 'what to do'\nexit $BAD`,
    );
    assert.equal([code, stdout], [1, `error: it (${seen}): a defect of this check, report it\n`]);
  });

test('an answer that lacks the words is a failure, whatever the code of curl or grep is', (server) => {
  for (const [answer, code] of [
    ['echo yes', 0],
    ['echo no', 1],
    ['exit 28', 1],
  ] as const) {
    server.answer('curl', { [`${SITE}/x`]: answer });
    assert.is(server.call('site_answers /x -F yes').code, code);
  }
  server.answer('curl', { [`${SITE}/x`]: 'echo yes' });
  assert.is(server.call("site_answers /x '[' 2>/dev/null").code, 1, 'grep refuses the pattern');
});

/** A server on which nothing answers. */
function dead(server: Sandbox): void {
  for (const name of ['docker', 'curl', 'iptables', 'ip', 'timedatectl', 'bash'])
    server.answer(name, { '*': 'exit 1' });
  server.directory(BACKUPS);
}

test('on a server where nothing answers every check has its line, and the doctor fails', (server) => {
  dead(server);
  const { code, stdout } = server.call('cmd_doctor');
  assert.is.not(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.ok(lines.length > 20);
  assert.equal(
    lines.filter((line) => !/^(?:ok|warning|failed): ./.test(line)),
    [],
  );
  assert.match(stdout, /^failed: containers: matrixctl up$/m);
  assert.match(stdout, /^ok: disk \(100000 MB free\)$/m);
});

test('--json is one list of the same checks', (server) => {
  dead(server);
  const { code, stdout } = server.call('check_dns() { return 1; }\ncmd_doctor --json');
  assert.is.not(code, 0);
  const found = JSON.parse(stdout) as { check: string; verdict: string }[];
  assert.ok(found.length > 20);
  assert.equal(
    found.find(({ check }) => check === 'containers'),
    {
      check: 'containers',
      verdict: 'failed',
      seen: '',
      advice: 'matrixctl up',
    },
  );
});

test('--list prints the names of the checks and runs none', (server) => {
  const { code, stdout, calls } = server.command('doctor --list');
  assert.equal([code, calls], [0, []]);
  const names = stdout.trimEnd().split('\n');
  assert.is(names.length, new Set(names).size, 'no name twice');
  const json = server.command('doctor --list --json');
  assert.equal([json.code, json.calls], [0, []]);
  assert.equal(JSON.parse(json.stdout), names);
  assert.equal(JSON.parse(server.command('doctor --list --json --only disk').stdout), ['disk']);
  // The doctor reports the same checks in the same order.
  dead(server);
  const all = JSON.parse(server.command('doctor --json').stdout) as { check: string }[];
  assert.equal(
    all.map(({ check }) => check),
    names,
  );
});

test('--only runs one check, and DNS is looked up for checks of DNS alone', (server) => {
  const disk = server.command('doctor --only disk');
  assert.equal([disk.code, disk.stdout, disk.calls], [0, 'ok: disk (100000 MB free)\n', []]);
  server.free(999);
  const full = server.command('doctor --json --only disk');
  assert.is(full.code, 1);
  assert.equal(JSON.parse(full.stdout), [
    { check: 'disk', verdict: 'failed', seen: '999 MB free', advice: 'matrixctl clean, or a larger disk' },
  ]);
  dead(server);
  const dns = server.command("doctor --only 'DNS AAAA'");
  assert.equal([dns.code, dns.stdout], [0, 'ok: DNS AAAA (Synapse cannot be asked)\n']);
  assert.ok(dns.calls.some((call) => call.startsWith('docker exec nginx-nginx-1 ')));
});

for (const [words, message] of [
  ['--only', '--only takes one check: matrixctl doctor --list'],
  ["--only ''", '--only takes one check: matrixctl doctor --list'],
  ['--only disk --only clock', '--only takes one check: matrixctl doctor --list'],
  ['--only disc', 'there is no check disc: matrixctl doctor --list'],
  ['--list --only disc', 'there is no check disc: matrixctl doctor --list'],
] as const)
  test(`doctor ${words}: refused`, (server) => {
    const { code, stdout, stderr, calls, journal } = server.command(`doctor ${words}`);
    assert.equal([code, stdout, calls, journal], [1, '', [], []]);
    assert.is(stderr, `gen-cloudinit: failed: ${message}\n`);
  });

test('another word is refused', (server) => {
  const { code, stderr, calls } = server.call('cmd_doctor --now');
  assert.is.not(code, 0);
  assert.match(stderr, /failed: unexpected argument --now/);
  assert.equal(calls, []);
});

test.run();
