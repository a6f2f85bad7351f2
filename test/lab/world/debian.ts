// Debian's packages of any suite, through the mirror that this machine itself uses, without touching its apt state.
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianMirror, installLimit } from '../machines/debian';
import { run } from './process';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** One line of a sources.list for a suite, signed by Debian's own keyring. */
export const debianSource = async (suite: string): Promise<string> =>
  `deb [signed-by=${keyring}] ${await debianMirror()} ${suite} main`;

/** sid's Release file on a frozen mirror expires, and the lab does not need that check. */
export const aptSettings = {
  'Acquire::Check-Valid-Until': 'false',
  'Acquire::Languages': 'none',
  'APT::Install-Recommends': 'false',
};

/**
 * Downloads packages with everything that they depend on, as if nothing were installed.
 * @param suite Debian's suite, as sid.
 * @param names the packages' names.
 * @param folder where the .deb files go, named NAME_VERSION_ARCH.deb without the version's epoch.
 * @param closure whether their dependencies come along.
 * @returns the paths of all files.
 */
export async function downloadDebs(
  suite: string,
  names: readonly string[],
  folder: string,
  closure: boolean,
): Promise<string[]> {
  const state = join(folder, 'apt');
  for (const part of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(state, part), { recursive: true });
  await writeFile(join(state, 'status'), '');
  await writeFile(join(state, 'sources.list'), `${await debianSource(suite)}\n`);
  const settings = {
    ...aptSettings,
    'Dir::State::lists': join(state, 'lists'),
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': join(state, 'cache'),
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const limit = { timeout: installLimit };
  await run(['apt-get', '-qq', ...options, 'update'], limit);
  const archives = join(state, 'cache/archives');
  if (closure) await run(['apt-get', '-qq', '-y', ...options, '--download-only', 'install', ...names], limit);
  else await run(['apt-get', '-qq', ...options, 'download', ...names], { ...limit, cwd: archives });
  const files = (await readdir(archives)).filter((file) => file.endsWith('.deb')).sort();
  const moved = files.map(async (file) => {
    const to = join(folder, file.replace(/_\d+%3a/, '_'));
    await rename(join(archives, file), to);
    return to;
  });
  const paths = await Promise.all(moved);
  await run(['rm', '-rf', state]);
  return paths;
}

/** The value of one field of a .deb file's control data. */
export const debField = async (file: string, field: string): Promise<string> =>
  (await run(['dpkg-deb', '--field', file, field])).trim();
