// Two signed apt repositories: one in the layout of Docker's, dists/CODENAME/stable for amd64 with files under pool/; and in
// the folder archive/ the distribution's, dists/CODENAME/main, with what Docker's packages depend on.
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cached, sha256 } from './cache';
import { buildDockerPackages, dockerPackagesInputs } from './docker-packages';
import { gateway } from './netns';
import { run } from './process';

/** Where machines find the repositories. */
export const aptUrl = `http://${gateway}:8099`;
export const archiveUrl = `${aptUrl}/archive`;

/** The lab's signing key, made once: `home` is gpg's folder, `armoured` the public key's file. */
export async function signingKey(): Promise<{ home: string; armoured: string }> {
  const folder = await cached('apt-key', ['rsa3072', 'lab'], async (partial) => {
    const gpg = [
      'gpg',
      '--homedir',
      partial,
      '--batch',
      '--quiet',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
    ];
    await run(['chmod', '700', partial]);
    try {
      await run([
        ...gpg,
        '--quick-generate-key',
        'Lab apt repository <lab@example.org>',
        'rsa3072',
        'sign',
        'never',
      ]);
      await run([...gpg, '--armor', '--output', join(partial, 'key.asc'), '--export']);
    } finally {
      await run(['gpgconf', '--homedir', partial, '--kill', 'all']);
    }
  });
  return { home: folder, armoured: join(folder, 'key.asc') };
}

/** One package's paragraph in the index: its control data, and where and what its file is (man deb-src-control). */
async function paragraph(file: string, path: string): Promise<string> {
  const control = (await run(['dpkg-deb', '--field', file])).trimEnd();
  const hash = sha256(await readFile(file));
  return `${control}\nFilename: ${path}\nSize: ${(await stat(file)).size}\nSHA256: ${hash}\n`;
}

/** The description of an index. */
interface Index {
  readonly codename: string;
  readonly component: string;
  readonly origin: string;
  readonly label: string;
}

/** Writes the index and the signed Release of the packages in `root`/pool/CODENAME. */
async function writeIndex(root: string, { codename, component, origin, label }: Index): Promise<void> {
  const pool = `pool/${codename}`;
  const paragraphs: string[] = [];
  for (const file of (await readdir(join(root, pool))).sort()) {
    paragraphs.push(await paragraph(join(root, pool, file), `${pool}/${file}`));
  }
  const dist = join(root, 'dists', codename);
  const index = Buffer.from(paragraphs.join('\n'));
  const files = new Map([
    [`${component}/binary-amd64/Packages`, index],
    [`${component}/binary-amd64/Packages.gz`, gzipSync(index)],
  ]);
  await mkdir(join(dist, component, 'binary-amd64'), { recursive: true });
  for (const [path, data] of files) await writeFile(join(dist, path), data);
  const sums = [...files].map(([path, data]) => ` ${sha256(data)} ${data.length} ${path}`);
  const release = [
    `Origin: ${origin}`,
    `Label: ${label}`,
    `Suite: ${codename}`,
    `Codename: ${codename}`,
    `Date: ${new Date().toUTCString()}`,
    'Architectures: amd64',
    `Components: ${component}`,
    'SHA256:',
    ...sums,
  ];
  await writeFile(join(dist, 'Release'), `${release.join('\n')}\n`);
  const { home } = await signingKey();
  const gpg = ['gpg', '--homedir', home, '--batch', '--quiet', '--yes', '--digest-algo', 'SHA512'];
  try {
    await run([...gpg, '--output', join(dist, 'InRelease'), '--clearsign', join(dist, 'Release')]);
    await run([
      ...gpg,
      '--output',
      join(dist, 'Release.gpg'),
      '--armor',
      '--detach-sign',
      join(dist, 'Release'),
    ]);
  } finally {
    await run(['gpgconf', '--homedir', home, '--kill', 'all']);
  }
}

/** The guests of a repository: the codename that they request, and the Debian suite of their libraries. */
export interface AptGuest {
  readonly codename: string;
  readonly suite: 'bookworm' | 'trixie' | 'sid';
}

/** The repository of one kind of guests on disk. */
export interface AptRepository {
  /** Folder that holds dists/, pool/ and archive/ of the codename. */
  readonly root: string;
  /** File of the armoured public key that signs it. */
  readonly keyFile: string;
  /** Versions of Docker's packages in it, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * The repository for one kind of guests, from the cache or made now (about 100 MB are downloaded).
 * @param extra names of further Debian packages that the distribution's shall offer.
 */
export async function aptRepository(
  { codename, suite }: AptGuest,
  extra: readonly string[] = [],
): Promise<AptRepository> {
  const { armoured } = await signingKey();
  const inputs = await dockerPackagesInputs(suite);
  const depends = [codename, suite, extra, inputs, sha256(await readFile(armoured))];
  const root = await cached(`apt-${codename}`, depends, async (partial) => {
    const pool = join(partial, 'pool', codename);
    const archive = join(partial, 'archive');
    await mkdir(pool, { recursive: true });
    await mkdir(join(archive, 'pool', codename), { recursive: true });
    await buildDockerPackages(suite, extra, pool, join(archive, 'pool', codename));
    const docker = { codename, component: 'stable', origin: 'Docker', label: 'Docker CE' };
    await writeIndex(partial, docker);
    await writeIndex(archive, { codename, component: 'main', origin: 'Lab', label: 'Lab' });
    const index = await readFile(join(partial, 'dists', codename, 'stable/binary-amd64/Packages'), 'utf8');
    const found = [...index.matchAll(/^Package: (\S+)\n(?:[^\n]+\n)*?Version: (\S+)$/gm)];
    const versions = Object.fromEntries(found.map((match) => [match[1]!, match[2]!]));
    await writeFile(join(partial, 'versions.json'), JSON.stringify(versions));
    await copyFile(armoured, join(partial, 'gpg'));
  });
  const versions = JSON.parse(await readFile(join(root, 'versions.json'), 'utf8')) as Record<string, string>;
  return { root, keyFile: armoured, versions };
}
