import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { BACKUPS, BASE, LIB, type Sandbox } from '../support/sandbox';

/** A tick's handling of unfinished work, of leftovers of killed commands, and of the nightly backup. */
const test = suiteOf('care');

const RESTORED = `${BASE}/restored`;
const DROP = 'exec -i matrix-db-1 psql * -d postgres -c DROP DATABASE IF EXISTS restored';

/** A stand-in for the script that a tick calls; it prints its arguments, and whether it can take the lock. */
function script(server: Sandbox): void {
  server.answer('matrixctl', { '*': 'exec flock -n "$ROOT/run/matrix.lock" echo "matrixctl $*"' });
}
/** Calls a function as the tick does, with the lock held. */
const ticks = (server: Sandbox, words: string) =>
  server.call(`BASH_ARGV0=$ROOT/bin/matrixctl\nopen_lock\nflock -n 9\n${words}\necho goes on`);

test('unfinished work continues in a process of its own, which gets the lock', (server) => {
  script(server);
  server.put(`${LIB}/unfinished`, 'undo\n');
  server.put(`${RESTORED}/files/one`, 'of the restore');
  const { code, stdout } = ticks(server, 'continue_or_clean_up');
  assert.equal([code, stdout], [0, 'matrixctl continue\n']);
  assert.ok(server.has(`${RESTORED}/files/one`), 'nothing is removed');
});

test('when nothing is unfinished, leftovers of killed commands are removed', (server) => {
  server.answer('docker', { [DROP]: ':' });
  server.put(`${BACKUPS}/.matrix-backup.AbCdEf/database`, '');
  for (const name of ['fetched-0123456789abcdef', 'fetched-0123456789abcdef.part', 'before-update.dump.part'])
    server.put(`${BACKUPS}/${name}`, '');
  for (const name of ['before-update.dump', 'fetched-mine', 'matrix-20200101-030000.tar.gz'])
    server.put(`${BACKUPS}/${name}`, '');
  server.put(`${RESTORED}/files/one`, '');
  const { code, stdout, calls, journal } = ticks(server, 'continue_or_clean_up');
  assert.equal([code, stdout], [0, 'goes on\n']);
  assert.equal(server.list(BACKUPS), ['before-update.dump', 'fetched-mine', 'matrix-20200101-030000.tar.gz']);
  assert.not(server.has(RESTORED));
  assert.match(calls.join('\n'), 'DROP DATABASE IF EXISTS restored');
  assert.equal(journal, ['tick, removed what a restore left: done']);
});

test('a database that does not answer does not stop the tick', (server) => {
  server.answer('docker', { [DROP]: 'exit 1' });
  server.directory(RESTORED);
  const { code, stdout } = ticks(server, 'continue_or_clean_up');
  assert.equal([code, stdout], [0, 'goes on\n']);
});

test('a server without leftovers and without backups: nothing is called', (server) => {
  const { code, stdout, calls, journal } = ticks(server, 'continue_or_clean_up && start_due_backup');
  assert.equal([code, stdout, calls, journal], [0, 'goes on\n', [], []]);
});

/** The hour of the server's clock. */
const hour = (server: Sandbox, now: string) =>
  server.answer('date', { '+%H': `echo ${now}`, '*': 'exec /usr/bin/date "$@"' });

for (const [what, clock, minutes, due] of [
  ['at night, three hours after the last one', '03', 181, true],
  ['at night, when the last one is younger', '03', 179, false],
  ['by day, a day and an hour after the last one', '04', 1501, true],
  ['by day, when the last one is younger', '12', 1499, false],
  ['by day, when the last one is of the future', '12', -60 * 24, true],
] as const)
  test(`a nightly backup is${due ? '' : ' not'} due ${what}`, (server) => {
    script(server);
    hour(server, clock);
    server.set({ BACKUP_KEEP: '2' });
    const last = `${BACKUPS}/matrix-20200101-030000.tar.gz`;
    server.put(last, '');
    server.age(last, minutes);
    const { code, stdout } = ticks(server, 'start_due_backup');
    assert.equal([code, stdout], [0, due ? 'matrixctl backup\n' : 'goes on\n']);
    assert.is(server.has(`${LIB}/tried`), due);
  });

test('without nightly backups no backup is due', (server) => {
  assert.is(server.call('backup_due').code, 1);
});

test('only backups of the timer count', (server) => {
  hour(server, '12');
  server.set({ BACKUP_KEEP: '2' });
  server.put(`${BACKUPS}/matrix-mine.tar.gz`, '');
  server.put(`${BACKUPS}/before-restore-20200101-030000.tar.gz`, '');
  assert.is(server.call('backup_due').code, 0);
});

test('a backup that failed is tried again after an hour', (server) => {
  hour(server, '12');
  server.set({ BACKUP_KEEP: '2' });
  assert.is(server.call('backup_due').code, 0);
  assert.is(server.call('backup_due').code, 1);
  server.age(`${LIB}/tried`, 61);
  assert.is(server.call('backup_due').code, 0);
});

test.run();
