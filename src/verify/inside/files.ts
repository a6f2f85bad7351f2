/** Every file of the document on the machine: owner, mode and content. */

import { quoted } from '../../server/escape';
import { type Check, judging } from '../check';
import type { Expectations, ExpectedFile } from '../expectations';
import { type Enterable, printed } from '../shell';

const { holds } = judging('files');

/** Two lines per file, in the order of the files: names and numbers of the owner with the mode; the checksum. */
function script(files: readonly ExpectedFile[]): string {
  const look = `look() {
stat -c '%U %G %u %g %a %F' "$1" 2>/dev/null || echo
sha256sum <"$1" 2>/dev/null || echo
}`;
  return [look, ...files.map(({ path }) => `look ${quoted(path)}`)].join('\n');
}

export async function judgeFiles(machine: Enterable, { files }: Expectations): Promise<Check[]> {
  const lines = (await printed(machine, script(files))).split('\n');
  return files.map((file, index) => {
    const [user, group, uid, gid, mode = '', ...kind] = (lines[2 * index] ?? '').split(' ');
    const checksum = lines[2 * index + 1]?.split(' ')[0] ?? '';
    const expected = `${file.owner} ${file.mode} ${short(file.sha256)}`;
    if (mode === '') return holds(file.path, false, 'no such file', expected);
    const [wantedUser, wantedGroup] = file.owner.split(':');
    // A number stands for itself: 991 has no name on the server, or a different one.
    const isOwner = [user, uid].includes(wantedUser) && [group, gid].includes(wantedGroup);
    const isMode = mode.padStart(4, '0') === file.mode;
    const isRegular = kind[0] === 'regular';
    const named = (name = '', id = '') => (name === 'UNKNOWN' ? id : name);
    const seenOwner = isOwner ? file.owner : `${named(user, uid)}:${named(group, gid)}`;
    const notes = isRegular ? '' : `, a ${kind.join(' ')}`;
    const seen = `${seenOwner} ${mode.padStart(4, '0')} ${short(checksum)}${notes}`;
    return holds(file.path, isOwner && isMode && isRegular && checksum === file.sha256, seen, expected);
  });
}

/** Enough of a checksum to see that two differ. */
function short(checksum: string): string {
  return checksum === '' ? 'unreadable' : `sha256 ${checksum.slice(0, 12)}`;
}
