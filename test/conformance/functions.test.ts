import Ajv from 'ajv';
import * as assert from 'uvu/assert';
import { doctorSchema } from '../../src/commands/output-schemas';
import { type Document, documentOf } from './support/documents';
import { type Root, Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** Functions of the server's script, called one by one on a server where the document has landed. */
const test = suiteWith('functions', ['root:bookworm', 'root:sid']);
const SCRIPT = '/usr/local/sbin/matrixctl';
const ROOTS = ['bookworm', 'sid'] as const;

let stage: Stage;
let document: Document;
test.before(async () => {
  stage = await Stage.open(...ROOTS);
  document = documentOf('default');
  for (const root of ROOTS)
    for (const { path, content, permissions } of document.files)
      stage.write(
        root,
        path,
        content,
        Number(permissions?.replace('0o', '0')) && path === SCRIPT ? 0o755 : 0o644,
      );
});
test.after(() => stage?.close());

/** Reads the script as a program that only prints its help, and then runs some lines. @returns what they print */
function call(root: Root, lines: string, input = ''): { code: number | null; out: string } {
  const program = `set -- help\n. ${SCRIPT} >/dev/null\n${lines}`;
  const { code, stdout, stderr } = stage.run(root, ['/bin/bash', '-c', program], { input });
  return { code, out: (stdout + stderr).trim() };
}

const called = (lines: string, input?: string): string => call('sid', lines, input).out;

// Messages of Docker Engine 28, with its old image store and with containerd's, and of apt 2.6 and 3.1; `!`: fails at once.
const REASONS: readonly (readonly [string, string])[] = [
  [
    'Error response from daemon: manifest for a/b:c not found: manifest unknown: manifest unknown',
    '!there is no such image',
  ],
  [
    "Error response from daemon: pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    '!there is no such image',
  ],
  [
    'Error response from daemon: failed to resolve reference "docker.io/library/x:y": docker.io/library/x:y: not found',
    'there is no such image',
  ],
  [
    'Error response from daemon: failed to resolve reference "docker.io/a/b:c": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    '!there is no such image',
  ],
  [
    'Error response from daemon: failed to resolve reference "docker.io/a/b:c": failed to do request: Head "https://registry-1.docker.io/v2/a/b/manifests/c": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: no such host',
    'no answer, is the network up?',
  ],
  [
    'Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'no answer, is the network up?',
  ],
  [
    'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
    'no answer, is the network up?',
  ],
  [
    'Error response from daemon: failed to resolve reference "docker.io/a/b:c": failed to do request: Head "https://registry-1.docker.io/v2/a/b/manifests/c": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    "the server's certificate is not trusted: certificate signed by unknown authority",
  ],
  [
    'Error response from daemon: failed to resolve reference "docker.io/a/b:c": unexpected status from HEAD request to https://registry-1.docker.io/v2/a/b/manifests/c: 403 Forbidden',
    'the server refuses access: ',
  ],
  [
    'Error response from daemon: failed to resolve reference "docker.io/a/b:c": unexpected status from HEAD request to https://registry-1.docker.io/v2/a/b/manifests/c: 429 Too Many Requests',
    'the registry limits downloads (429)',
  ],
  [
    "Err:1 http://10.91.0.1:8099 noble InRelease\n  Something wicked happened resolving '10.91.0.1:8099' (-9 - Address family for hostname not supported)\nE: Failed to fetch http://10.91.0.1:8099/dists/noble/InRelease  Something wicked happened resolving '10.91.0.1:8099' (-9 - Address family for hostname not supported)\nE: Some index files failed to download. They have been ignored, or old ones used instead.",
    'no answer, is the network up?',
  ],
  [
    'Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.',
    'the registry limits downloads (429)',
  ],
  [
    "Err:1 https://download.docker.com/linux/ubuntu noble InRelease\n  Temporary failure resolving 'download.docker.com'\nE: Failed to fetch https://download.docker.com/linux/ubuntu/dists/noble/InRelease  Temporary failure resolving 'download.docker.com'\nE: Some index files failed to download. They have been ignored, or old ones used instead.",
    'no answer, is the network up?',
  ],
  [
    "E: The repository 'https://download.docker.com/linux/ubuntu noble InRelease' is not signed.\nN: See apt-secure(8) manpage for repository creation and user configuration details.",
    "!the repository is not signed with the document's key",
  ],
  [
    "Err:1 https://download.docker.com/linux/ubuntu noble InRelease\n  Internal error: Cannot find gpgv\nE: The repository 'https://download.docker.com/linux/ubuntu noble InRelease' is not signed.",
    'apt: Cannot find gpgv',
  ],
  [
    "W: The repository 'https://other.example.org noble InRelease' is not signed.\nE: Unable to locate package docker-ce\nN: See apt-secure(8)",
    'E: Unable to locate package docker-ce',
  ],
  [
    'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)',
    'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)',
  ],
  ['curl: (6) Could not resolve host: backup.example.org', 'no answer, is the network up?'],
  [
    'curl: (22) The requested URL returned error: 403',
    '!the server answers 403: the URL is wrong or has expired',
  ],
  [
    'curl: (22) The requested URL returned error: 404 Not Found',
    '!the server answers 404: the URL is wrong or has expired',
  ],
  [
    'curl: (22) The requested URL returned error: 410',
    '!the server answers 410: the URL is wrong or has expired',
  ],
  [
    'curl: (22) The requested URL returned error: 401',
    '!the server answers 401: the URL is wrong or has expired',
  ],
  ['curl: (22) The requested URL returned error: 503', 'curl: (22) The requested URL returned error: 503'],
  [
    'curl: (60) SSL certificate problem: certificate has expired',
    "the server's certificate is not trusted: certificate has expired",
  ],
];

test('a failed download reports its reason, and there is no retry where it would be useless', () => {
  for (const [output, expected] of REASONS) {
    const said = called('failure_reason "$(cat)"', output);
    assert.ok(said.startsWith(expected), `${output}\n  said: ${said}\n  expected: ${expected}`);
  }
});

const ACCEPT_MOST = [
  '-P INPUT ACCEPT',
  '-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT',
  '-A INPUT -p icmp -j ACCEPT',
  '-A INPUT -i lo -j ACCEPT',
  '-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT',
];
const REJECT = '-A INPUT -j REJECT --reject-with icmp-host-prohibited';

// Output of `iptables -S INPUT` on such servers.
const FIREWALLS: readonly (readonly [string, readonly string[], string])[] = [
  ['an image without rules', ['-P INPUT ACCEPT'], ''],
  ["Oracle Cloud's image", [...ACCEPT_MOST, REJECT], `80 is closed by ${REJECT}`],
  [
    'the same with the three ports open',
    [...ACCEPT_MOST, '-A INPUT -p tcp -m multiport --dports 80,443,8448 -j ACCEPT', REJECT],
    '',
  ],
  [
    'two of them open',
    [
      ...ACCEPT_MOST,
      '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT',
      '-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT',
      REJECT,
    ],
    `8448 is closed by ${REJECT}`,
  ],
  [
    'opened too late',
    [...ACCEPT_MOST, REJECT, '-A INPUT -p tcp -m tcp --dport 80:8448 -j ACCEPT'],
    `80 is closed by ${REJECT}`,
  ],
  ['a range', [...ACCEPT_MOST, '-A INPUT -p tcp -m tcp --dport 80:8448 -j ACCEPT', REJECT], ''],
  [
    'open to one address alone',
    [...ACCEPT_MOST, '-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 80:9000 -j ACCEPT', REJECT],
    `80 is closed by ${REJECT}`,
  ],
  ['a policy', ['-P INPUT DROP', ...ACCEPT_MOST.slice(1)], '80 is closed by -P INPUT DROP'],
  [
    "ufw's chains, which this does not read",
    ['-P INPUT DROP', '-A INPUT -j ufw-before-input', '-A INPUT -j ufw-user-input'],
    '',
  ],
  [
    "fail2ban's chain before a rejection",
    [...ACCEPT_MOST, '-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd', REJECT],
    `80 is closed by ${REJECT}`,
  ],
];

test("a host's firewall that closes a port is detected", () => {
  for (const [name, rules, expected] of FIREWALLS)
    assert.is(
      called('iptables() { cat; }\niptables_blocks iptables', `${rules.join('\n')}\n`),
      expected,
      name,
    );
});

test('a server without iptables, or without IPv6 in its kernel, has no such rules and continues', () => {
  const none =
    'iptables() { return 3; }\nip6tables() { return 3; }\nnft() { return 1; }\nufw() { return 1; }';
  const { code, out } = call('sid', `${none}\nopen_firewall\nfirewall_problem\ncheck_firewall\necho goes on`);
  assert.equal([code, out], [0, 'goes on']);
});

test('the ports are opened in the file that the firewall is loaded from, once, and nothing else changes there', () => {
  const file = '/etc/iptables/rules.v4';
  const rules = [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ...ACCEPT_MOST.slice(1),
    REJECT,
    'COMMIT',
  ];
  stage.write('sid', file, `${rules.join('\n')}\n`, 0o640);
  assert.is(
    called(`persist_firewall_rule ${file}; persist_firewall_rule ${file}; stat -c %a ${file}`),
    '640',
  );
  const now = stage.must('sid', ['cat', file]).trim().split('\n');
  const ours = '-A INPUT -p tcp -m multiport --dports 80,443,8448 -j ACCEPT';
  assert.equal(now.filter((line) => line === ours).length, 1);
  assert.equal(
    now.filter((line) => line !== ours),
    rules,
  );
  assert.is(now.indexOf(ours), rules.indexOf(ACCEPT_MOST[1] ?? ''));
});

test('certificates of any lifetime: their remaining validity, and its text', () => {
  const hours = (begin: number, end: number) => `
    day() { LC_ALL=C TZ=GMT date -d "@$(($(date +%s) + $1 * 3600))" '+%b %e %T %Y GMT'; }
    get() { printf '*  start date: %s\\n*  expire date: %s\\n' "$(day ${begin})" "$(day ${end})" >&2; }
    read -r left life < <(certificate_lifetime)
    echo "$(((left + 1800) / 3600)) $((life / 3600)), $(format_duration "$left")"`;
  assert.is(called(hours(-1, 2159)), '2159 2160, 89 days');
  assert.match(called(hours(-1, 23)), /^23 24, 2[23] hours$/);
  assert.is(called('get() { :; }\ncertificate_lifetime'), '0 1');
});

test("it reports the certificate authority's error", () => {
  // certbot 5.5, ordering from Let's Encrypt's staging server and from pebble.
  const failed = `Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported these problems:
  Domain: matrix.example.org
  Type:   dns
  Detail: DNS problem: NXDOMAIN looking up A for matrix.example.org - check that a DNS record exists for this domain

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.`;
  const limited = `An unexpected error occurred:
too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s`;
  const order = (text: string) => called('timeout() { cat; }\nlast_order_error', text);
  assert.match(order(failed), /^DNS problem: NXDOMAIN looking up A for matrix\.example\.org/);
  assert.match(order(`${failed}\n${limited}`), /^too many certificates/);
  assert.is(order(`${failed}\nSuccessfully received certificate.\n`), '');
});

test("the containers' network has the MTU of the server's route", () => {
  const ip = (...words: string[]) => stage.must('sid', ['ip', ...words]);
  ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'far');
  ip('link', 'set', 'far', 'up');
  ip('link', 'set', 'uplink', 'mtu', '1450', 'up');
  ip('addr', 'add', '10.0.0.2/24', 'dev', 'uplink');
  ip('route', 'add', 'default', 'via', '10.0.0.1');
  const env = `${document.baseDir}/.env`;
  const settings = () => called(`write_compose_env; cat ${env}`);
  assert.match(settings(), /^MTU=1450\nIPV6=false$/m);
  // Docker cannot change an existing network, so the first values stay.
  ip('link', 'set', 'uplink', 'mtu', '1400');
  assert.match(settings(), /^MTU=1450$/m);
  stage.write('sid', env, 'MTU=9000\n');
  assert.is(settings(), 'MTU=9000', "the owner's own file");
  ip('link', 'del', 'uplink');
});

test("a file of Synapse's is written where only root can enter, with the coreutils of Ubuntu 26.04", () => {
  // On those systems cp, mv and rm are GNU's.
  stage.must('sid', [
    'sh',
    '-c',
    'mkdir -p /opt/uutils && ln -sf /usr/lib/cargo/bin/coreutils/* /opt/uutils && cd /opt/uutils && rm cp mv rm',
  ]);
  const lines = `PATH=/opt/uutils:$PATH
    mkdir -m 700 /root/restored; install -d -m 755 -o 991 -g 991 /root/restored/files
    mktemp --version | grep -qi uutils || echo 'not of uutils'
    TREE=/root/restored/files
    echo one | synapse_write key 600 && echo two | synapse_write key 600 && synapse_write_once secret echo three
    synapse_has key && as_synapse rm -rf nothing && synapse_read secret
    cd /root/restored/files; stat -c '%n %a %u' *; cat key; ls -A | wc -l`;
  assert.equal(called(lines).split('\n'), ['three', 'key 600 991', 'secret 600 991', 'two', '2']);
});

test('only a Docker that supports start_interval gets it', () => {
  const files = [`${document.baseDir}/docker-compose.yml`, '/root/nginx/compose.yml'];
  const before = files.map((file) => stage.must('sid', ['cat', file]));
  assert.ok(before.every((text) => text.includes('start_interval')));
  const docker = (engine: string, compose: string) => {
    const call = `docker() { case $1 in compose) echo ${compose} ;; *) echo ${engine} ;; esac; }`;
    assert.is(called(`${call}\ntimeout() { "\${@:2}"; }\ndrop_start_interval`), '');
    return files.map((file) => stage.must('sid', ['cat', file]));
  };
  assert.equal(docker('25.0.3', '2.20.0'), before);
  assert.equal(docker('29.1.0', 'v5.0.0'), before);
  const without = before.map((text) => text.replace(/.*start_interval.*\n/g, ''));
  for (const [engine, compose] of [
    ['24.0.7', '2.20.0'],
    ['25.0.3', 'v2.19.1'],
  ] as const) {
    assert.equal(docker(engine, compose), without, `${engine}, ${compose}`);
    for (const [index, file] of files.entries()) stage.write('sid', file, before[index] ?? '');
  }
});

test('a server without IPv4 gives containers IPv6, or reports that Synapse reaches no server', () => {
  const ip = (...words: string[]) => stage.must('sid', ['ip', ...words]);
  ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'far');
  ip('link', 'set', 'far', 'up');
  ip('link', 'set', 'uplink', 'up');
  ip('addr', 'add', 'fd00:1::2/64', 'dev', 'uplink', 'nodad');
  ip('-6', 'route', 'add', 'default', 'via', 'fd00:1::1');
  const env = `${document.baseDir}/.env`;
  const engine = (version: string) =>
    called(`docker() { echo ${version}; }\ntimeout() { "\${@:2}"; }\nrm -f ${env}
      write_compose_env; grep IPV6 ${env}; outbound_problem; check_outbound >/dev/null || echo bad`);
  assert.is(engine('27.0.1'), 'IPV6=true');
  assert.match(engine('26.1.5'), /^IPV6=false\nthis server has no IPv4, .* Docker Engine 27\nbad$/);
  ip('addr', 'add', '10.0.0.2/24', 'dev', 'uplink');
  ip('route', 'add', 'default', 'via', '10.0.0.1');
  assert.is(engine('26.1.5'), 'IPV6=false');
  ip('link', 'del', 'uplink');
});

const COMMANDS =
  'help up down restart status logs pull clean user password token tls doctor update backup restore continue'.split(
    ' ',
  );

/** Runs the script itself, as root would. */
function matrixctl(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return stage.run('sid', [SCRIPT, ...words], { env });
}

test('help lists every command, with usage, an example and the effect of each', () => {
  const list = matrixctl(['help']);
  assert.is(list.code, 0);
  for (const words of [[], ['--help'], ['-h']]) assert.is(matrixctl(words).stdout, list.stdout);
  for (const command of COMMANDS) {
    assert.match(list.stdout, new RegExp(`^  ${command}( .*)? \\S.*$`, 'm'));
    const { code, stdout } = matrixctl(['help', command]);
    assert.is(code, 0, command);
    assert.match(
      stdout,
      new RegExp(`^usage: matrixctl ${command}( .*)?\nexample: matrixctl ${command}( .*)?\neffect: \\S.*\n$`),
    );
    assert.is(matrixctl([command, '--help']).stdout, stdout, `${command} --help`);
    assert.is(matrixctl([command, '-h']).stdout, stdout, `${command} -h`);
    const effect = /effect: (.*)/.exec(stdout)?.[1] ?? '';
    assert.ok(list.stdout.includes(effect), 'the list has the same words');
  }
  assert.is(matrixctl(['tls', 'retry', '--help']).stdout, matrixctl(['help', 'tls']).stdout);
});

test('a command that matrixctl does not know is refused, and the error names matrixctl help', () => {
  for (const words of [['nonsense'], ['help', 'nonsense'], ['nonsense', '--help']]) {
    const { code, stdout, stderr } = matrixctl(words);
    assert.equal([code, stdout], [1, ''], words.join(' '));
    assert.match(stderr, /^gen-cloudinit: failed: .*nonsense.*matrixctl help/);
    assert.is(stderr.trim().split('\n').length, 1);
  }
  assert.is(matrixctl(['help', 'up', 'down']).code, 1);
});

/** Checks with every kind of result, instead of the doctor's own. */
const CHECKS = `check_dns() { :; }
  good() { echo 3 days; }
  wary() { printf 'no line end'; return 2; }
  bad() { echo one; echo two; return 1; }
  missing() { echo seen; no-such-command; }
  unbound() { echo "$no_such_variable"; }
  killed() { kill -9 $BASHPID; }
  leaves() { exit 0; }
  curls() { return 28; }
  checks() {
    check 'a good one' good 'never said'
    check wary wary 'look at it'
    for name in $BROKEN; do check "$name" "$name" 'mend it'; done
  }`;
const doctor = (broken: string, words: string) =>
  call('sid', `${CHECKS}\nBROKEN='${broken}'\ncmd_doctor ${words}`);

test('the doctor distinguishes failures of the server from defects of a check', () => {
  const well = doctor('', '');
  assert.equal(well, { code: 0, out: 'ok: a good one (3 days)\nwarning: wary (no line end): look at it' });
  const failed = doctor('bad', '');
  assert.equal([failed.code, failed.out.split('\n')[2]], [1, 'failed: bad (one,two): mend it']);
  for (const name of ['missing', 'unbound', 'killed', 'leaves', 'curls']) {
    const { code, out } = doctor(name, '');
    assert.is.not(code, 0, name);
    assert.match(out, new RegExp(`^error: ${name}( \\(.*\\))?: a defect of this check, report it$`, 'm'));
  }
  assert.match(doctor('missing', '').out, /^error: missing \(seen,ended 127\): /m);
  assert.equal(JSON.parse(doctor('bad missing', '--json').out), [
    { check: 'a good one', verdict: 'ok', seen: '3 days', advice: '' },
    { check: 'wary', verdict: 'warning', seen: 'no line end', advice: 'look at it' },
    { check: 'bad', verdict: 'failed', seen: 'one,two', advice: 'mend it' },
    {
      check: 'missing',
      verdict: 'error',
      seen: 'seen,ended 127',
      advice: 'a defect of this check, report it',
    },
  ]);
});

test('the doctor lists its checks and runs none, or runs one alone', () => {
  const names = matrixctl(['doctor', '--list']).stdout.trim().split('\n');
  assert.ok(names.length >= 18 && names.includes('DNS AAAA'));
  assert.is(new Set(names).size, names.length);
  assert.equal(JSON.parse(matrixctl(['doctor', '--list', '--json']).stdout), names);
  const ran = 'check_dns() { echo ran; }\nhealth() { touch /run/ran; }\n';
  assert.equal(call('sid', `${ran}cmd_doctor --list; ls /run/ran 2>/dev/null`).out.split('\n'), names);
  assert.equal(doctor('bad missing', "--only 'a good one'"), { code: 0, out: 'ok: a good one (3 days)' });
  assert.equal(JSON.parse(doctor('bad', '--json --only bad').out).length, 1);
  assert.is(doctor('bad', '--only bad').code, 1);
  const asked = 'check_dns() { echo asked >>/run/asked; }\ncheck_clock() { :; }\n';
  assert.is(call('sid', `${asked}cmd_doctor --only clock; ls /run/asked 2>/dev/null`).out, 'ok: clock');
  for (const words of ['--only nonsense', '--only nonsense --json', '--only', '--only bad --only good']) {
    const { code, out } = doctor('bad', words);
    assert.is(code, 1, words);
    assert.match(out, /^gen-cloudinit: failed: .*matrixctl doctor --list$/);
  }
  assert.match(doctor('', '--nonsense').out, /failed: unexpected argument --nonsense/);
});

test('on a server where nothing runs and nothing answers, no check is a defect', () => {
  const { code, stdout } = matrixctl(['doctor', '--json']);
  assert.is(code, 1);
  const verdicts = JSON.parse(stdout) as { check: string; verdict: string }[];
  const isValid = new Ajv({ strict: true }).compile(doctorSchema());
  assert.ok(isValid(verdicts), JSON.stringify(isValid.errors));
  assert.equal(
    verdicts.filter(({ verdict }) => verdict === 'error').map(({ check }) => check),
    [],
  );
  // curl's and docker's own exit codes, also those of a time limit and of a lost connection.
  for (const ending of [2, 7, 22, 28, 52, 124, 125, 137]) {
    const tools = `curl() { return ${ending}; }\ntimeout() { return ${ending}; }\ndocker() { return ${ending}; }`;
    const { out } = call('sid', `${tools}\ncmd_doctor`);
    assert.not.match(out, /^error: /m, `${ending}`);
    assert.match(out, /^failed: (?:client API|federation 443)/m);
    assert.match(out, /^failed: database/m);
  }
});

/** Runs a command with a docker that does nothing, and a logger that records its input. @returns the lines of the journal */
function journal(words: readonly string[], { docker = 'exit 0', root = 'sid' as Root } = {}) {
  stage.write(root, '/usr/local/bin/docker', `#!/bin/sh\n${docker}\n`, 0o755);
  stage.write(root, '/usr/local/bin/logger', `#!/bin/sh\nprintf '%s\\n' "$*" >>/run/journal\n`, 0o755);
  stage.must(root, ['rm', '-f', '/run/journal']);
  const result = stage.run(root, [SCRIPT, ...words]);
  const lines = stage.run(root, ['cat', '/run/journal']).stdout.trim();
  stage.must(root, ['rm', '/usr/local/bin/docker', '/usr/local/bin/logger']);
  return { ...result, lines };
}

test('a command that changes the server leaves a line in the journal, with its result', () => {
  for (const root of ROOTS)
    for (const command of ['down', 'restart', 'pull', 'clean', 'token'])
      assert.is(journal([command], { root }).lines, `-t matrixctl -- ${command}: done`);
  for (const command of ['down', 'clean', 'token']) {
    const { code, lines } = journal([command], { docker: 'exit 18' });
    assert.equal([code, lines], [18, `-t matrixctl -- ${command}: failed: exit code 18`]);
  }
  assert.is(journal(['continue']).lines, '-t matrixctl -- continue: done');
  const unfinished = '/var/lib/gen-cloudinit/unfinished';
  stage.write('sid', unfinished, 'nonsense\n');
  assert.is(
    journal(['continue']).lines,
    `-t matrixctl -- continue nonsense: failed: ${unfinished} names nothing that is known: nonsense`,
  );
  assert.match(journal(['down']).lines, /^-t matrixctl -- down: failed: unfinished work \(nonsense\)/);
  stage.must('sid', ['rm', unfinished, '/var/lib/gen-cloudinit/tries']);
  assert.is(journal(['update']).lines, '-t matrixctl -- update: failed: the database does not tell its size');
  assert.match(journal(['tls', 'retry']).lines, /^-t matrixctl -- tls, certificate ordered: done$/m);
  assert.match(
    journal(['tls', 'retry'], { docker: 'exit 1' }).lines,
    /^-t matrixctl -- tls, certificate ordered: failed: nginx does not run$/m,
  );
  assert.is(journal(['boot', 'files']).lines, '-t matrixctl -- boot files: done');
  const killed = journal(['clean'], { docker: 'kill -TERM $PPID; sleep 1' });
  assert.is(killed.lines, '-t matrixctl -- clean: failed: interrupted');
});

test('the journal records an added firewall rule, and the reason of a failed step of the first boot', () => {
  const rules = (known: number) => {
    for (const tool of ['iptables', 'ip6tables'])
      stage.write(
        'sid',
        `/usr/local/bin/${tool}`,
        `#!/bin/sh\ncase $* in *-C*) exit ${known} ;; esac\n`,
        0o755,
      );
    return journal(['guard']).lines;
  };
  assert.match(rules(1), /^-t matrixctl -- guard, iptables 169\.254\.0\.0\/16: done\n(?:.*\n){5}.*$/);
  assert.is(rules(0), '');
  stage.must('sid', ['rm', '/usr/local/bin/iptables', '/usr/local/bin/ip6tables']);
  const refused = 'case $* in *inspect*) exit 1 ;; esac; echo "manifest unknown" >&2; exit 1';
  assert.is(
    journal(['boot', 'pull', 'a/b:c'], { docker: refused }).lines,
    '-t matrixctl -- boot pull: failed: pulling a/b:c: there is no such image, or it is private',
  );
});

test('a command that changes nothing leaves no line in the journal', () => {
  for (const words of [['status'], ['logs'], ['help'], ['up', '--help'], ['doctor', '--list'], ['nonsense']])
    assert.is(journal(words).lines, '', words.join(' '));
});

test('the journal has names of users, and no password, no token, no secret of a URL', () => {
  const there = 'case $* in *psql*) echo 1 ;; esac';
  const user = journal(['user', 'alice', '--admin'], { docker: there });
  assert.match(user.lines, /^-t matrixctl -- user alice --admin: failed: @alice is there already/);
  assert.is(journal(['user', 'bob']).lines, '-t matrixctl -- user bob --no-admin: done');
  for (const words of [
    ['user', 'bob', 'hunter2'],
    ['password', 'hunter2!'],
    ['password', 'hunter2'],
    ['password', 'bob', 'hunter2'],
    ['restore', '/root/x', 'hunter2'],
    ['backup', 'https://bob:hunter2@example.org/x'],
    ['restore', 'ftp://bob:hunter2@example.org/x'],
    ['restore', 'https://bob:hunter2@example.org/x.tar.gz?signature=hunter2"'],
  ]) {
    const { code, lines, stderr } = journal(words);
    assert.is(code, 1, words.join(' '));
    assert.match(stderr, /failed: /);
    assert.not.match(lines, 'hunter2');
  }
  assert.is(
    journal(['restore', 'https://bob:hunter2@example.org/x.tar.gz?signature=hunter2"', '--force']).lines,
    '-t matrixctl -- restore https://example.org/x.tar.gz --force: failed: the URL has characters that no URL has',
  );
  const token = journal(['token'], { docker: 'echo 0123456789abcdef' });
  assert.match(token.stdout, '0123456789abcdef');
  assert.is(token.lines, '-t matrixctl -- token: done');
});

test('a command with its own clean-up leaves its line, and cleans up', () => {
  const failed = journal(['backup', '/root/now.tar.gz']);
  assert.match(failed.lines, /^-t matrixctl -- backup \/root\/now\.tar\.gz: failed: the database does not/);
  assert.match(
    stage.must('sid', ['cat', '/var/lib/gen-cloudinit/state.json']),
    /"backup_error":"[^"]*does not/,
  );
  const works = 'case $* in *pg_database_size*) echo 1000000 ;; esac';
  const done = journal(['backup', '/root/now.tar.gz'], { docker: works });
  assert.is(done.lines, '-t matrixctl -- backup /root/now.tar.gz: done', done.stderr);
  const cut = journal(['backup', '/root/cut.tar.gz'], {
    docker: `${works}\ncase $* in *pg_dump*) exit 1 ;; esac`,
  });
  assert.is(cut.lines, '-t matrixctl -- backup /root/cut.tar.gz: failed: dumping the database');
  assert.is(stage.run('sid', ['sh', '-c', 'ls -d /root/.matrix-backup*']).stdout, '');
});

test('without a logger, or with one that fails, a command still works', () => {
  stage.write('sid', '/usr/local/bin/docker', '#!/bin/sh\n', 0o755);
  stage.write('sid', '/usr/local/bin/logger', '#!/bin/sh\nexit 1\n', 0o755);
  const { code, stderr } = matrixctl(['clean']);
  assert.equal([code, stderr.includes('logger')], [0, false]);
  stage.must('sid', ['sh', '-c', 'rm /usr/local/bin/logger; mv /usr/bin/logger /usr/bin/logger.away']);
  const without = matrixctl(['clean']);
  assert.equal([without.code, without.stderr.includes('logger')], [0, false]);
  stage.must('sid', ['sh', '-c', 'mv /usr/bin/logger.away /usr/bin/logger; rm /usr/local/bin/docker']);
});

test.run();
