import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB } from '../support/sandbox';

/** The substitute for operations.sh in a small document: no work is unfinished there, and its commands say why they are absent. */
const test = suiteOf('core');
const CORE = '. "$MODULES/core.sh"\n';

test('a command of operations.sh is refused with the reason', (server) => {
  for (const lines of ['operations backup', 'begin']) {
    const { code, stderr, calls, journal } = server.call(CORE + lines);
    assert.equal([code, calls, journal], [1, [], []]);
    assert.match(
      stderr,
      /^gen-cloudinit: failed: unknown command (?:backup|begin), or its document had no room for it: see the README of gen-cloudinit, Operating\n$/,
    );
  }
});

test('help shows no command that is absent', (server) => {
  const { code, stdout } = server.call(`${CORE}help`);
  assert.is(code, 0);
  assert.match(stdout, 'user NAME [--admin]');
  assert.not.match(stdout, /backup|restore|doctor|update/);
  assert.is(server.call(`${CORE}help backup`).code, 1);
});

test('every other command and the tick go on', (server) => {
  server.put(`${LIB}/unfinished`, 'undo\n');
  const { code, calls } = server.call(`${CORE}settled && operations_tick before && operations_tick after`);
  assert.equal([code, calls], [0, []]);
});

test.run();
