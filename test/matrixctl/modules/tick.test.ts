import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { BASE, LIB, type Sandbox } from '../support/sandbox';

/** What the timer does every three minutes. */
const test = suiteOf('tick');

const RUNCMD = '/var/lib/cloud/instance/scripts/runcmd';

/** A server after its first boot, with a certificate, an open firewall and room on the disk. */
function ready(server: Sandbox): void {
  server.put(`${LIB}/ready`, '');
  for (const name of ['iptables', 'ip6tables']) server.answer(name, { '*': ':' });
  server.answer('ip', { '-6 route get *': 'exit 2' });
  const at = (days: number) => new Date(Date.now() + days * 86_400_000).toUTCString();
  server.answer('curl', {
    '-skim 9 *': `echo '*  start date: ${at(-1)}' >&2; echo '*  expire date: ${at(89.5)}' >&2`,
  });
}

test('a server that is well: the certificate is noted, and unchanged facts are not reported again', (server) => {
  ready(server);
  const first = server.command('tick');
  assert.equal([first.code, first.stdout], [0, 'gen-cloudinit: certificate for 89 days\n']);
  assert.equal(first.journal, []);
  assert.match(server.read('/run/matrix.lock') ?? '', /^tick, process \d+, since /);
  assert.is(server.command('tick').stdout, '');
});

test('half-written files of killed commands are removed, and no others', (server) => {
  ready(server);
  for (const directory of [BASE, LIB, `${LIB}/facts`])
    for (const name of ['.matrixctl-.env.123', '.matrixctl-mine', 'other.123'])
      server.put(`${directory}/${name}`, '');
  server.command('tick');
  for (const directory of [BASE, LIB, `${LIB}/facts`]) {
    assert.not(server.has(`${directory}/.matrixctl-.env.123`), directory);
    assert.ok(server.has(`${directory}/.matrixctl-mine`) && server.has(`${directory}/other.123`), directory);
  }
});

test('while another command has the lock, a tick does nothing and waits for nothing', (server) => {
  ready(server);
  server.put('/run/matrix.lock', 'backup, process 7\n');
  server.answer('flock', { '-n 9': 'exit 1' });
  const { code, stdout, calls } = server.command('tick');
  assert.equal([code, stdout, calls], [0, '', ['flock -n 9']]);
  assert.is(server.read('/run/matrix.lock'), 'backup, process 7\n');
  server.age('/run/matrix.lock', 61);
  assert.match(server.command('tick').stdout, 'waiting for another matrixctl: backup, process 7');
});

test('an interrupted first boot continues, and takes the lock itself', (server) => {
  server.put(RUNCMD, `flock -n ${server.at('/run/matrix.lock')} echo first boot\n`);
  const { code, stdout, calls } = server.command('tick');
  assert.equal([code, stdout, calls], [0, 'first boot\n', []]);
});

test('a server whose first boot is done does not repeat it', (server) => {
  ready(server);
  server.put(RUNCMD, 'echo first boot\n');
  assert.not.match(server.command('tick').stdout, 'first boot');
});

test('little room on the disk is a fact while it lasts', (server) => {
  const fact = () => server.read(`${LIB}/facts/disk`);
  server.free(999);
  const { stdout } = server.call('update_disk_fact');
  assert.is(stdout, 'gen-cloudinit: 999 MB are free below /var/lib: matrixctl clean, or a larger disk\n');
  assert.is(fact(), 'less than 1000 MB are free\n');
  server.free(500);
  assert.is(server.call('update_disk_fact').stdout, '', 'it is reported once');
  server.free(1000);
  assert.is(server.call('update_disk_fact').stdout, '');
  assert.is(fact(), '\n');
});

test('a certificate without a readable lifetime does not stop the tick', (server) => {
  ready(server);
  server.set({ BACKUP_KEEP: '2' });
  server.answer('matrixctl', { backup: 'echo backup >>"$ROOT/begun"' });
  // A console that accepts no more output.
  const { code } = server.call('BASH_ARGV0=$ROOT/bin/matrixctl\ncmd_tick >/dev/full 2>/dev/null');
  assert.is(code, 0);
  assert.is(server.read('/begun'), 'backup\n');
});

test.run();
