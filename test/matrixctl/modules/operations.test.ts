import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB } from '../support/sandbox';

/** Which words call which command, and what the script refuses before it takes the lock. */
const test = suiteOf('operations');

/** Stand-ins for the functions that do the work: each prints its name, its arguments and the holder of the lock. */
const STUBS = `show() { echo "$* $([ -s $LOCK ] && cut -d, -f1 $LOCK)"; }
  write_backup() { show backup "$@"; }
  restore_backup() { show restore "$@"; }
  update_images() { show update "$@"; }
  continue_unfinished() { show continue; }
  cmd_doctor() { show doctor "$@"; }
  WORD=now
  : >$LOCK`;

for (const [words, shown] of [
  ['doctor --json', 'doctor --json '],
  ['backup', 'backup now'],
  ['backup /root/x', 'backup /root/x now'],
  ['restore /root/x --force', 'restore /root/x --force now'],
  ['update', 'update now'],
  ['continue', 'continue now'],
] as const)
  test(`matrixctl ${words}`, (server) => {
    const { code, stdout, journal } = server.call(`${STUBS}\ndispatch ${words}\nDONE=0`);
    assert.equal([code, stdout], [0, `${shown}\n`]);
    assert.equal(journal, words.startsWith('doctor') ? [] : ['now: done']);
  });

for (const [words, message] of [
  ['backup a b', 'unexpected argument b; matrixctl help'],
  ['backup --now', 'unexpected argument --now; matrixctl help'],
  ['backup https://example.org/x', 'unexpected argument https://example.org/x; matrixctl help'],
  ['restore a --force b', 'unexpected argument b; matrixctl help'],
  ['update now', 'unexpected argument now; matrixctl help'],
  ['upgrade', 'unknown command upgrade; matrixctl help'],
] as const)
  test(`matrixctl ${words} is refused without the lock and without a line in the journal`, (server) => {
    const { code, stderr, journal } = server.call(`${STUBS}\ndispatch ${words}`);
    assert.equal([code, stderr, journal], [1, `gen-cloudinit: failed: ${message}\n`, []]);
    assert.is(server.read('/run/matrix.lock'), '');
  });

for (const [before, after] of [
  [{ 'given-up': 'undo\n' }, { unfinished: 'undo\n' }],
  // Work that is unfinished since then comes first.
  [
    { 'given-up': 'undo\n', unfinished: 'resume\n' },
    { 'given-up': 'undo\n', unfinished: 'resume\n' },
  ],
] as const)
  test(`continue with ${Object.keys(before).join(' and ')}`, (server) => {
    for (const [name, text] of Object.entries(before)) server.put(`${LIB}/${name}`, text);
    assert.is(server.call(`${STUBS}\ndispatch continue`).code, 0);
    for (const name of ['given-up', 'unfinished'])
      assert.is(server.read(`${LIB}/${name}`), (after as Record<string, string>)[name]);
  });

test.run();
