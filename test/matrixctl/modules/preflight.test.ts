import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB, type Sandbox } from '../support/sandbox';

/** Problems that would break the first boot are found and named before it. */
const test = suiteOf('preflight');

/** Answer of Docker's server to HEAD, dated the given seconds from now. */
const dated = (seconds: number) =>
  `printf 'HTTP/2 200\\r\\nDate: %s\\r\\nserver: x\\r\\n' ${`'${new Date(Date.now() + seconds * 1000).toUTCString()}'`}`;

/** A server without any problem. */
function fresh(server: Sandbox): void {
  server.answer('ss', { '-Hltnp sport = :*': ':' });
  server.answer('curl', { '-skIm 9 https://docker.example.org/': dated(0) });
}

test('runs without root', (server) => {
  const { stdout } = server.call('id -u; cat /proc/self/status | grep ^CapEff');
  assert.match(stdout, /^[1-9]\d*\nCapEff:\t0{16}\n$/);
});

test('a server without a problem passes without a message', (server) => {
  fresh(server);
  const { code, stdout, stderr, calls } = server.call('preflight');
  assert.equal([code, stdout, stderr], [0, '', '']);
  assert.equal(calls, [
    'ss -Hltnp sport = :80',
    'ss -Hltnp sport = :443',
    'ss -Hltnp sport = :8448',
    'curl -skIm 9 https://docker.example.org/',
  ]);
});

test('a running server is not checked', (server) => {
  server.put(`${LIB}/server`, 'example.org\n');
  server.answer('docker', { 'inspect nginx-nginx-1': 'echo []' });
  const { code, calls } = server.call('preflight');
  assert.equal([code, calls], [0, ['docker inspect nginx-nginx-1']]);
});

test('a repeated first boot without nginx checks again, except the disk, which it has filled itself', (server) => {
  fresh(server);
  server.put(`${LIB}/server`, 'example.org\n');
  server.answer('docker', { 'inspect nginx-nginx-1': 'exit 1' });
  server.free(10);
  const { code, calls } = server.call('preflight');
  assert.is(code, 0);
  assert.is(calls.filter((call) => call.startsWith('ss ')).length, 3);
});

test('a disk too small for the images', (server) => {
  server.free(2499);
  const { code, stderr } = server.call('preflight_disk');
  assert.is.not(code, 0);
  assert.is(stderr, 'gen-cloudinit: failed: 2499 MB are free below /var/lib, 2500 are needed\n');
  server.free(2500);
  assert.is(server.call('preflight_disk').code, 0);
});

test('a port that another program holds is named with the program', (server) => {
  server.answer('ss', {
    '-Hltnp sport = :443': `echo 'LISTEN 0 511 *:443 *:* users:(("apache2",pid=812,fd=4),("apache2",pid=811,fd=4))'`,
    '-Hltnp sport = :80': ':',
  });
  const { code, stderr } = server.call('preflight_ports');
  assert.is.not(code, 0);
  assert.is(stderr, 'gen-cloudinit: failed: port 443 is taken by apache2\n');
});

test('a port with more listeners than a pipe holds is named too', (server) => {
  server.answer('ss', {
    '-Hltnp sport = :80': `seq 5000 | sed 's/.*/LISTEN 0 511 *:80 *:* users:(("nginx",pid=&,fd=4))/'`,
  });
  const { code, stderr } = server.call('preflight_ports');
  assert.is.not(code, 0);
  assert.is(stderr, 'gen-cloudinit: failed: port 80 is taken by nginx\n');
});

for (const seconds of [3600, -3600])
  test(`a clock that is off by ${seconds} s stops the first boot and asks for NTP`, (server) => {
    server.answer('curl', { '-skIm 9 *': dated(seconds) });
    server.answer('timedatectl', { 'set-ntp true': 'exit 1' });
    const { code, stderr, calls } = server.call('preflight_clock');
    assert.is.not(code, 0);
    assert.match(stderr, new RegExp(`failed: the clock is off by ${seconds > 0 ? '-' : ''}3[56]\\d\\d s\n$`));
    assert.is(calls.at(-1), 'timedatectl set-ntp true');
  });

for (const [what, answer] of [
  ['no answer', 'exit 28'],
  ['an answer without a date', "printf 'HTTP/2 200\\r\\n\\r\\n'"],
  ['a date that cannot be read', "printf 'date: yesterday or so\\r\\n'"],
  ['a clock that is off by some minutes', dated(400)],
] as const)
  test(`${what} does not stop the boot`, (server) => {
    server.answer('curl', { '-skIm 9 *': answer });
    const { code, stderr } = server.call('preflight_clock');
    assert.equal([code, stderr], [0, '']);
  });

test.run();
