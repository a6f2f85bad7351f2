import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { ELEMENT, STARTS } from '../support/programs';
import { BACKUPS, BASE, type Called, LIB, type Sandbox } from '../support/sandbox';

/** Interrupted work continues, with five tries at most; after that a person decides. */
const test = suiteOf('unfinished');

const PSQL = 'exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1';
const RUNNING = 'ps -q --filter label=com.docker.compose.project=matrix --filter name=^matrix-synapse-1$';
const HAS_TABLES = `${PSQL} -c SELECT to_regclass('users') IS NULL`;
const RESTORED = `${BASE}/restored`;

/** A server on which everything starts. The sequence `up` has the exit codes of Synapse's start. */
function starts(server: Sandbox, ...up: readonly string[]): void {
  server.sequence('up', ...(up.length ? up : ['0']));
  server.answer('docker', {
    ...STARTS,
    [`${PSQL} -d postgres -c DROP DATABASE IF EXISTS restored`]: 'echo dropped >>"$ROOT/dropped"',
    [RUNNING]: ':',
    'tag *': 'echo "$2 $3" >>"$ROOT/tags"',
  });
  server.answer('curl', {
    [ELEMENT]: ':',
    '-skim 9 --connect-to ::127.0.0.1: https://matrix.example.org/': 'echo HTTP/2 200',
  });
  for (const name of ['iptables', 'ip6tables']) server.answer(name, { '*': ':' });
  server.answer('ip', { '*': 'exit 1' });
}
const unfinished = (server: Sandbox) => server.read(`${LIB}/unfinished`)?.trim();
function fails({ code, stderr }: Called, message: RegExp | string): void {
  assert.is(code, 1);
  assert.match(stderr, message);
}

test('the record of unfinished work is readable for root alone, and is cleared with the number of tries', (server) => {
  server.put(`${LIB}/tries`, '3\n');
  const { stdout } = server.call('mark_unfinished undo; stat -c %a $LIB/unfinished; cat $LIB/unfinished');
  assert.is(stdout, '600\nundo\n');
  server.call('clear_unfinished');
  assert.not(server.has(`${LIB}/unfinished`) || server.has(`${LIB}/tries`));
});

test('other commands are refused meanwhile', (server) => {
  assert.is(server.call('refuse_unfinished').code, 0);
  server.put(`${LIB}/unfinished`, 'undo\n');
  fails(
    server.call('refuse_unfinished'),
    /failed: unfinished work \(undo\) goes on within three minutes; wait for it, and see matrixctl status\n$/,
  );
});

test('when nothing is unfinished, nothing runs', (server) => {
  const { code, calls, journal } = server.command('continue');
  assert.equal([code, calls, journal], [0, [], ['continue: done']]);
});

test('everything starts as before, and incomplete results are removed', (server) => {
  starts(server);
  server.put(`${LIB}/unfinished`, 'resume\n');
  server.put(`${RESTORED}/files/one`, '');
  server.put(`${BACKUPS}/before-update.dump.part`, '');
  server.put(`${BACKUPS}/.matrix-backup.AbCdEf/database`, '');
  const { code, stdout, journal } = server.command('continue');
  assert.equal([code, stdout], [0, 'gen-cloudinit: started again after what failed or was cut short\n']);
  assert.equal([server.list(BACKUPS), server.has(RESTORED)], [[], false]);
  assert.is(server.read('/dropped'), 'dropped\n');
  assert.equal(journal, ['continue resume: done']);
  assert.not(server.has(`${LIB}/unfinished`) || server.has(`${LIB}/tries`));
});

test('an interrupted update restores the previous images first', (server) => {
  starts(server);
  server.put(`${LIB}/unfinished`, 'undo\n');
  server.put(`${LIB}/images`, 'sha256:db postgres:16\nsha256:old synapse:1\n');
  assert.is(server.command('continue').code, 0);
  assert.is(server.read('/tags'), 'sha256:db postgres:16\nsha256:old synapse:1\n');
  assert.is(unfinished(server), undefined);
});

test('an incomplete start counts while Synapse runs; a database that does not answer does not fail it', (server) => {
  starts(server, '1');
  server.put(`${LIB}/unfinished`, 'resume\n');
  server.answer('docker', {
    [RUNNING]: 'echo c1',
    [`${PSQL} -d postgres -c DROP DATABASE IF EXISTS restored`]: 'exit 1',
  });
  assert.is(server.command('continue').code, 0);
  assert.is(unfinished(server), undefined);
});

test('after five tries a person has to decide, and every command works again', (server) => {
  starts(server, '1');
  server.put(`${LIB}/unfinished`, 'resume\n');
  for (const tries of [1, 2, 3, 4, 5]) {
    assert.is(server.command('continue').code, 1);
    assert.is(server.read(`${LIB}/tries`), `${tries}\n`);
    assert.is(unfinished(server), 'resume');
  }
  const result = server.command('continue');
  fails(result, /failed: gave up after five tries \(resume\): matrixctl logs synapse; matrixctl continue /);
  assert.is(unfinished(server), undefined);
  assert.is(server.read(`${LIB}/given-up`), 'resume\n');
  assert.is(server.call('refuse_unfinished').code, 0);
  // A person has repaired it.
  server.sequence('up', '0');
  assert.is(server.command('continue').code, 0);
  assert.not(server.has(`${LIB}/given-up`) || server.has(`${LIB}/tries`));
});

test('a record with an unknown word runs nothing', (server) => {
  server.put(`${LIB}/unfinished`, 'cmd_clean\n');
  const result = server.command('continue');
  fails(result, 'unfinished names nothing that is known: cmd_clean\n');
  assert.equal(result.calls, []);
});

/** A first boot that restores a backup, after the database has started. */
function firstBoot(server: Sandbox, tables: string): void {
  starts(server);
  server.set({ RESTORE_FROM: '/nowhere/backup.tar.gz', ADMIN_USER: 'admin' });
  server.answer('docker', {
    [`${PSQL} -c SELECT pg_encoding_to_char*`]: 'echo UTF8CC',
    [HAS_TABLES]: tables,
    [`${PSQL} -v admin=@admin:example.org`]: 'echo t',
  });
}

test('a first boot restores the backup onto an empty database', (server) => {
  firstBoot(server, 'echo t');
  const { code, stdout } = server.command('boot begin');
  assert.is(code, 1);
  assert.match(stdout, 'failed: there is no /nowhere/backup.tar.gz; put it there');
});

test('a repeated first boot keeps what has been restored', (server) => {
  firstBoot(server, 'echo f');
  const { code, calls } = server.command('boot begin');
  assert.is(code, 0);
  assert.not.match(calls.join('\n'), 'pg_restore');
});

test('a first boot whose database does not answer does not restore', (server) => {
  firstBoot(server, 'exit 1');
  const { code, stdout } = server.command('boot begin');
  assert.is(code, 1);
  assert.match(stdout, 'failed: the database does not answer');
});

test('an interrupted restore of the first boot continues', (server) => {
  firstBoot(server, 'exit 1');
  server.put(`${LIB}/unfinished`, 'resume\n');
  const { code, stdout } = server.command('boot begin');
  assert.is(code, 0);
  assert.match(stdout, 'started again after what failed or was cut short');
});

test.run();
