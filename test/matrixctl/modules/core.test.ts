import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { LIB } from '../support/sandbox';

/** The substitute for operations.sh in a small document: it has no unfinished work, and absent commands name the reason. */
const test = suiteOf('core');
/** Uses the substitute instead of operations.sh, whose commands are absent. */
const CORE = 'unset -f cmd_doctor cmd_update cmd_backup cmd_restore cmd_continue\n. "$MODULES/core.sh"\n';

test('a command of operations.sh is refused with the reason', (server) => {
  for (const lines of ['dispatch backup', 'boot_begin']) {
    const { code, stderr, calls, journal } = server.call(CORE + lines);
    assert.equal([code, calls, journal], [1, [], []]);
    assert.match(
      stderr,
      /^gen-cloudinit: failed: unknown command (?:backup|begin), or its document had no room for it: see templates\/matrixctl\/README.md of gen-cloudinit\n$/,
    );
  }
});

test('help shows no command that is absent', (server) => {
  const { code, stdout } = server.call(`${CORE}cmd_help`);
  assert.is(code, 0);
  assert.match(stdout, 'user NAME [--admin]');
  assert.not.match(stdout, /backup|restore|doctor|update/);
  assert.is(server.call(`${CORE}cmd_help backup`).code, 1);
});

test('every other command and the tick work', (server) => {
  server.put(`${LIB}/unfinished`, 'undo\n');
  const { code, calls } = server.call(`${CORE}refuse_unfinished && continue_or_clean_up && start_due_backup`);
  assert.equal([code, calls], [0, []]);
});

test.run();
