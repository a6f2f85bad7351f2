// Root directories from the packages of the Debian mirror that this host's own apt uses.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contained, run } from './run';

/**
 * The options of mmdebstrap. `variant`: essential packages alone, or also those of priority important.
 * It does not install recommended packages.
 */
export interface Bootstrap {
  readonly suite: 'bookworm' | 'trixie' | 'sid';
  readonly variant: 'essential' | 'important';
  readonly packages: readonly string[];
}

/** The URL of the Debian mirror in this host's deb822 sources; throws if there is none. */
export async function debianMirror(folder = '/etc/apt/sources.list.d'): Promise<string> {
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sources')).sort()) {
    for (const stanza of (await readFile(join(folder, name), 'utf8')).split(/\n\s*\n/)) {
      const field = (key: string) =>
        new RegExp(`^${key}:\\s*(.+)$`, 'm').exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
      // Only the archive proper has a suite for a release's updates; security and third-party sources have none.
      const isArchive =
        field('Components').includes('main') && field('Suites').some((s) => s.endsWith('-updates'));
      const [uri] = field('URIs');
      if (isArchive && uri) return uri;
    }
  }
  throw new Error(`no Debian mirror in ${folder}/*.sources`);
}

/** Milliseconds for a root directory. It takes a minute if mirror and processors are idle, and much more if they are busy. */
export const installLimit = 40 * 60_000;

/** Installs a Debian into a folder. Root rights and mmdebstrap are needed; the mirror's keys are Debian's own. */
export async function bootstrap(folder: string, wanted: Bootstrap): Promise<void> {
  const mmdebstrap = [
    'mmdebstrap',
    '--quiet',
    '--mode=root',
    `--variant=${wanted.variant}`,
    // A frozen mirror's Release file may be past its Valid-Until; the packages are valid all the same.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Acquire::Languages "none"',
    '--dpkgopt=force-unsafe-io', // after a power cut the lab builds it again
    `--include=${wanted.packages.join(',')}`,
    wanted.suite,
    folder,
    `deb ${await debianMirror()} ${wanted.suite} main`,
  ];
  await run(contained(mmdebstrap), { timeoutMs: installLimit });
}
