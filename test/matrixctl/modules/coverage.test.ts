import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandsOf } from '../support/commands';
import { Coverage, PS4, shown } from '../support/coverage';
import { MODULES } from '../support/sandbox';

/** Tests the coverage measurement: it finds exactly the commands that never ran. */
const coverage = suite('coverage');

/** Each `MISSED` is in a command that `f 1` never reaches. */
const MODULE = `# shellcheck shell=bash
CONSTANT='of
two lines'
f() { # NUMBER
  local number=$1 list=() text
  [ "$number" = 1 ] || die "MISSED in a condition: $number"
  if [ -e /nowhere/at/all ]; then
    echo 'MISSED in a branch'
  else
    # A comment with a quote: isn't
    list+=("of $number" 'and; more')
  fi
  case $number in
    1) echo one ;;
    2 | 3) echo MISSED "$(echo MISSED in a substitution)" ;;
    *'('*) MISSED=assigned ;;
  esac
  text=$(printf '%s' "$((number + $(echo 1)))" |
    tr 2 3) || : MISSED
  for word in a b; do [ "$word" != c ] || return MISSED; done
  while read -r word; do
    echo "$word" && [[ $word = x* ]] && echo MISSED
  done < <(cat <<'END' | sort
a ' quote
END
  )
  awk '
    /a/ { print "not shell" }' </dev/null
  (cd / && {
    echo "{$text}" >/dev/null 2>&1
    false || true || echo MISSED
  }) 2>/dev/null
  if ! false &&
    ! (false || echo second >/dev/null) ||
    [ "$CONSTANT" ]; then
    IFS=, echo end
  fi
}
`;

coverage('commands that never ran are found, each on its line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coverage-'));
  try {
    const path = join(folder, 'module.sh');
    writeFileSync(path, MODULE);
    const program = `exec 19>"$0.trace"; PS4=$1 BASH_XTRACEFD=19; set -x; . "$0"; f 1`;
    const { status, stderr } = spawnSync('/bin/bash', ['-c', program, path, PS4], { encoding: 'utf8' });
    assert.equal([status, stderr], [0, '']);
    const found = new Coverage();
    assert.is(found.missed(path).length, commandsOf(MODULE).length, 'at first nothing has run');
    found.add(spawnSync('cat', [`${path}.trace`], { encoding: 'utf8' }).stdout);
    const rows = MODULE.split('\n');
    const expected = commandsOf(MODULE)
      .filter(({ words }) => words.includes('MISSED'))
      .map(shown);
    assert.equal(found.missed(path).map(shown), expected);
    assert.is(expected.length, MODULE.split('MISSED').length - 1);
    for (const text of expected) assert.match(rows[Number.parseInt(text, 10) - 1] ?? '', 'MISSED');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

coverage('every module has tests, which run every command of it', () => {
  const folder = 'test/matrixctl/modules';
  const tested = readdirSync(folder).flatMap(
    (name) => /suiteOf\('([\w-]+)'\)/.exec(readFileSync(join(folder, name), 'utf8'))?.[1] ?? [],
  );
  const modules = readdirSync(MODULES).flatMap((name) => /^(.*)\.sh$/.exec(name)?.[1] ?? []);
  assert.equal(tested.sort(), modules.sort());
});

coverage.run();
