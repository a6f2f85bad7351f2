import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB, type Sandbox } from '../support/sandbox';

/** When the script orders a certificate, and its messages about the current one. */
const test = suiteOf('certificates');

const HERE = '192.0.2.1';
const WORD = 'word of this test';

/** Output of curl -v for a certificate whose start and end are the given hours from now. */
function certificate(server: Sandbox, begin: number, end: number): void {
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toUTCString();
  server.answer('curl', {
    '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org/ -v -o /dev/null': `echo '*  start date: ${at(begin)}' >&2; echo '*  expire date: ${at(end)}' >&2`,
  });
}
const withoutCertificate = (server: Sandbox) =>
  server.answer('curl', { '-skim 9 --connect-to * -v -o /dev/null': 'exit 7' });

/** Addresses of the domain, and what answers there: this server's nginx (here), nothing (silent), or another server's text. */
function records(
  server: Sandbox,
  answers: Readonly<Record<string, 'here' | 'silent' | string>>,
  log = '',
): void {
  server.put('/log', log);
  server.answer('docker', {
    'exec nginx-nginx-1 sh -c *': 'shift 7; echo "$1" >"$ROOT/word"',
    'exec matrix-synapse-1 python3 -c *': `printf '%s\\n' ${Object.keys(answers).join(' ')} 'no address'`,
    'logs --tail 300 nginx-nginx-1': 'cat "$ROOT/log"',
    'kill -s HUP nginx-nginx-1': ':',
  });
  for (const [address, answer] of Object.entries(answers)) {
    const at = address.includes(':') ? `[${address}]` : address;
    const what = { here: 'cat "$ROOT/word"', silent: 'exit 28' }[answer] ?? `echo '${answer}'`;
    server.answer('curl', {
      [`-sm 9 --connect-to ::${at}:80 http://matrix.example.org/.well-known/acme-challenge/here`]: what,
    });
  }
}
const ordered = (calls: readonly string[]) => calls.includes('docker kill -s HUP nginx-nginx-1');
const fact = (server: Sandbox) => server.read(`${LIB}/facts/certificate`)?.trim();
/** Creates an empty file, dated the given number of minutes back. */
function touched(server: Sandbox, files: Readonly<Record<string, number>>): void {
  for (const [name, minutes] of Object.entries(files)) {
    server.put(`${LIB}/${name}`, '');
    server.age(`${LIB}/${name}`, minutes);
  }
}

for (const [seconds, span] of [
  [0, '0 hours'],
  [172_799, '47 hours'],
  [172_800, '2 days'],
] as const)
  test(`${seconds} seconds are ${span}`, (server) => {
    assert.is(server.call(`format_duration ${seconds}`).stdout, `${span}\n`);
  });

for (const [what, begin, end, expected] of [
  ['a certificate for 90 days', -1, 2159, /^77[67]\d{4} 7776000$/],
  ['one that is over', -48, -24, /^-8640\d 86400$/],
  ['one that ends before it begins', 24, 12, /^431\d\d 1$|^43200 1$/],
] as const)
  test(`how long ${what} is still good`, (server) => {
    certificate(server, begin, end);
    assert.match(server.call('certificate_lifetime').stdout.trim(), expected);
  });

for (const [what, lines] of [
  ['no server', 'exit 7'],
  ['no end', "echo '*  start date: Jan  1 00:00:00 2026 GMT' >&2"],
  ['dates that cannot be read', "echo '*  start date: soon' >&2; echo '*  expire date: later' >&2"],
] as const)
  test(`${what}: no certificate`, (server) => {
    server.answer('curl', { '-skim 9 *': lines });
    assert.is(server.call('certificate_lifetime').stdout, '0 1\n');
  });

test("the last order's error is one line without control characters, and none after a success", (server) => {
  const order = (log: string) => {
    server.put('/log', log);
    server.answer('docker', { 'logs --tail 300 nginx-nginx-1': 'cat "$ROOT/log" >&2' });
    return server.call('last_order_error').stdout;
  };
  assert.is(order('  Detail: DNS \x1b[2Jproblem\n'), 'DNS [2Jproblem');
  assert.is(order('An unexpected error occurred:\ntoo many certificates\n'), 'too many certificates');
  assert.is(order('An unexpected error occurred:'), '');
  assert.is(order('Detail: x\nSuccessfully received certificate.\n'), '');
  assert.is(order(`Detail: ${'x'.repeat(999)}\n`), 'x'.repeat(300));
});

test('records that lead here, to a silent address and to another server', (server) => {
  records(server, {
    [HERE]: 'here',
    '192.0.2.2': 'silent',
    '192.0.2.3': WORD,
    '2001:db8::1': 'here',
    '2001:db8::2': 'silent',
  });
  assert.is(
    server.call('check_dns').stdout,
    'A 192.0.2.2 does not answer from here\nA 192.0.2.3 is another server\nAAAA [2001:db8::2] does not answer from here\n',
  );
});

test('a domain without addresses, or a Synapse that does not answer', (server) => {
  records(server, {});
  server.answer('docker', { 'exec matrix-synapse-1 python3 -c *': 'exit 1' });
  assert.is(server.call('check_dns').stdout, 'A of matrix.example.org or Synapse is missing\n');
});

test('without nginx no record can be judged', (server) => {
  records(server, { [HERE]: 'here' });
  server.answer('docker', { 'exec nginx-nginx-1 sh -c *': 'exit 1' });
  const { code, stdout } = server.call('check_dns');
  assert.equal([code, stdout], [0, 'the test word cannot be given to nginx\n']);
});

test('a certificate with a long validity: no request and no order', (server) => {
  certificate(server, -12, 2148);
  touched(server, { orders: 9 });
  const { code, stdout, calls } = server.call("renew_certificate ''");
  assert.is(code, 0);
  assert.match(stdout, /certificate for 89 days\n/);
  assert.is(calls.length, 1);
  assert.not(server.has(`${LIB}/orders`), 'the count of failures begins at zero');
  assert.match(fact(server) ?? '', /^certificate for 89 days$/);
  assert.is(server.call("renew_certificate ''").stdout, '', 'and it is reported once');
});

test('no certificate and records that lead here: it is ordered, and the order counted', (server) => {
  withoutCertificate(server);
  records(server, { [HERE]: 'here' });
  const { code, calls } = server.call("renew_certificate ''");
  assert.is(code, 0);
  assert.ok(ordered(calls));
  assert.is(server.read(`${LIB}/orders`), '1\n');
  assert.is(fact(server), 'no valid certificate');
  assert.not(ordered(server.call("renew_certificate ''").calls), 'not again in the next minutes');
});

test('the last third of the time counts as no certificate', (server) => {
  certificate(server, -2000, 160);
  records(server, { [HERE]: 'here' });
  assert.ok(ordered(server.call("renew_certificate ''").calls));
  assert.match(fact(server) ?? '', /^certificate for 6 days$/);
});

test('records of another server: no order, the reason is a fact', (server) => {
  withoutCertificate(server);
  records(server, { '192.0.2.3': WORD }, 'Detail: unauthorized\n');
  const { calls } = server.call("renew_certificate ''");
  assert.not(ordered(calls));
  assert.ok(server.has(`${LIB}/wrong`));
  assert.is(
    fact(server),
    'no valid certificate: A 192.0.2.3 is another server; the last order failed: unauthorized',
  );
});

test('an address that does not answer from here stops no order', (server) => {
  withoutCertificate(server);
  records(server, { [HERE]: 'silent' });
  assert.ok(ordered(server.call("renew_certificate ''").calls));
  assert.ok(server.has(`${LIB}/wrong`));
});

test('a person can order at any time, also with a certificate and with wrong records', (server) => {
  certificate(server, -12, 2148);
  records(server, { '192.0.2.3': WORD });
  touched(server, { order: 1 });
  const { calls } = server.call('cmd_tls retry');
  assert.ok(ordered(calls));
});

test('matrixctl tls without retry is refused', (server) => {
  for (const words of ['', 'renew', 'retry now']) {
    const { code, stderr, calls } = server.call(`cmd_tls ${words}`);
    assert.equal([code, calls], [1, []]);
    assert.is(stderr, 'gen-cloudinit: failed: the command is: matrixctl tls retry\n');
  }
});

test('an nginx that takes no signal, and unreadable logs, do not fail the command', (server) => {
  withoutCertificate(server);
  records(server, { [HERE]: 'here' });
  server.answer('docker', {
    'kill -s HUP nginx-nginx-1': 'exit 1',
    'logs --tail 300 nginx-nginx-1': 'exit 1',
  });
  assert.is(server.call("renew_certificate ''").code, 0);
  assert.is(fact(server), 'no valid certificate');
});

test('records that cannot be checked count as right', (server) => {
  withoutCertificate(server);
  records(server, { [HERE]: 'here' });
  assert.ok(ordered(server.call("check_dns() { return 1; }\nrenew_certificate ''").calls));
  assert.is(fact(server), 'no valid certificate');
});

// Pauses in minutes by the number of failed orders.
for (const [orders, pause] of [
  ['0', 20],
  ['1', 40],
  ['5', 640],
  ['6', 720],
  // Content that is not a number counts as many failed orders.
  ['many', 720],
] as const)
  test(`after ${orders} failed orders the next comes ${pause} minutes later`, (server) => {
    withoutCertificate(server);
    records(server, { [HERE]: 'here' });
    server.put(`${LIB}/orders`, `${orders}\n`);
    touched(server, { order: pause - 4 });
    assert.not(ordered(server.call("renew_certificate ''").calls));
    assert.is(server.read(`${LIB}/orders`), `${orders}\n`);
    touched(server, { order: pause + 1 });
    assert.ok(ordered(server.call("renew_certificate ''").calls));
    assert.is(server.read(`${LIB}/orders`), `${Math.min(6, Number(orders) + 1 || 6)}\n`);
  });

test('when the last wrong record has become right, the order comes at once and the count begins again', (server) => {
  withoutCertificate(server);
  records(server, { [HERE]: 'here' });
  server.put(`${LIB}/orders`, '5\n');
  touched(server, { order: 30, wrong: 3 });
  assert.ok(ordered(server.call("renew_certificate ''").calls));
  assert.is(server.read(`${LIB}/orders`), '1\n');
  assert.ok(server.has(`${LIB}/right`));
});

for (const [what, files] of [
  ['within an hour of the last time', { order: 30, wrong: 3, right: 50 }],
  ['right after an order', { order: 1, wrong: 0 }],
  ['when nothing was wrong since the order', { order: 30, wrong: 40 }],
] as const)
  test(`${what} that does not happen`, (server) => {
    withoutCertificate(server);
    records(server, { [HERE]: 'here' });
    server.put(`${LIB}/orders`, '5\n');
    touched(server, files);
    assert.not(ordered(server.call("renew_certificate ''").calls));
    assert.is(server.read(`${LIB}/orders`), '5\n');
  });

test.run();
