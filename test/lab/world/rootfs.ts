// Root filesystems of the lab's images: Debian packages unpacked by mmdebstrap, without a container engine.
import { lstat, mkdir, readdir, readFile, readlink, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { installLimit } from '../machines/debian';
import { contained } from '../machines/run';
import { cached } from './cache';
import { aptSettings, debianSource } from './debian';
import { type RootName, roots } from './image-specs';
import { run } from './process';

/** A container needs none of these, and they would be half the image. */
const unread = ['doc', 'man', 'locale', 'info', 'lintian'].map((name) => `/usr/share/${name}/*`);

/** Installs the packages of a root filesystem, and of those below it, into an empty folder. */
async function install(name: RootName, folder: string): Promise<void> {
  const spec = roots[name];
  const below = spec.below === undefined ? [] : roots[spec.below].packages;
  const user = spec.user && [
    `printf '%s\\n' '${spec.user.passwd}' >>"$1/etc/passwd"`,
    `printf '%s\\n' '${spec.user.group}' >>"$1/etc/group"`,
  ];
  const mmdebstrap = [
    'mmdebstrap',
    '--quiet',
    '--mode=root',
    '--variant=essential',
    '--format=directory',
    '--dpkgopt=force-unsafe-io', // after a power cut the lab builds it again
    ...Object.entries(aptSettings).map(([key, value]) => `--aptopt=${key} "${value}"`),
    ...[...unread, ...(spec.exclude ?? [])].map((path) => `--dpkgopt=path-exclude=${path}`),
    ...(user ?? []).map((hook) => `--essential-hook=${hook}`),
    ...(spec.remove ?? []).map((path) => `--customize-hook=rm -rf "$1${path}"`),
    `--include=${[...below, ...spec.packages].join(',')}`,
    spec.suite,
    folder,
    await debianSource(spec.suite),
  ];
  // It mounts /proc, /sys and /dev in the folder. In a mount namespace of its own these end with it, so that a folder
  // left by a killed run can be removed without reaching the machine's own.
  await run(contained(mmdebstrap), { timeout: installLimit });
}

/** Whether two entries are the same for the image's processes; times do not count. */
async function same(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([lstat(a), lstat(b).catch(() => undefined)]);
  if (!second || first.mode !== second.mode || first.uid !== second.uid || first.gid !== second.gid)
    return false;
  if (first.isSymbolicLink()) return (await readlink(a)) === (await readlink(b));
  if (!first.isFile() || first.size !== second.size) return false;
  return (await readFile(a)).equals(await readFile(b));
}

/**
 * Leaves in `folder` what differs from `below`: the files of an upper layer. Files that are only below stay in the
 * image, which is harmless: packages are only added, never removed.
 */
async function subtract(folder: string, below: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const [path, other] = [join(folder, entry.name), join(below, entry.name)];
    if (entry.isDirectory()) {
      await subtract(path, other);
      const mode = await lstat(path);
      const there = await lstat(other).catch(() => undefined);
      const alike = there?.isDirectory() && there.mode === mode.mode && there.uid === mode.uid;
      if (alike && (await readdir(path)).length === 0) await rmdir(path);
    } else if (await same(path, other)) {
      await rm(path);
    }
  }
}

/** A layer's files: `tree` is a folder as the layer has it, and `versions` those of its packages by name. */
export interface Root {
  /** Identifies this content, independent of the place of the cache. */
  readonly key: string;
  readonly tree: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The root filesystem's own layer (without those below), from the cache or made now in 10 to 60 seconds. */
export async function rootLayer(name: RootName): Promise<Root> {
  const spec = roots[name];
  const below = spec.below === undefined ? undefined : await rootLayer(spec.below);
  const folder = await cached(`root-${name}`, [spec, unread, below?.key], async (partial) => {
    const tree = join(partial, 'tree');
    await mkdir(tree);
    await install(name, tree);
    const list = await run([
      'dpkg-query',
      `--admindir=${tree}/var/lib/dpkg`,
      '-Wf',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own fields
      '${Package} ${Version}\n',
    ]);
    const versions = Object.fromEntries(
      list
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    );
    await writeFile(join(partial, 'versions.json'), JSON.stringify(versions));
    for (const path of ['var/cache/apt', 'var/lib/apt/lists', 'var/cache/debconf']) {
      await rm(join(tree, path), { recursive: true, force: true });
    }
    for (const node of await readdir(join(tree, 'dev')))
      await rm(join(tree, 'dev', node), { recursive: true });
    if (below) await subtract(tree, below.tree);
  });
  const versions = JSON.parse(await readFile(join(folder, 'versions.json'), 'utf8')) as Record<
    string,
    string
  >;
  return { key: basename(folder), tree: join(folder, 'tree'), versions };
}
