// A signed apt repository in the layout of Docker's: dists/SUITE/stable for amd64, files under pool/.
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cached, sha256 } from './cache';
import { buildDockerPackages, dockerPackagesInputs } from './docker-packages';
import { run } from './process';

/** The lab's signing key, made once: `home` is gpg's folder, `armoured` the public key's file. */
async function signingKey(): Promise<{ home: string; armoured: string }> {
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

/** Writes the index and the signed Release of a suite whose packages are in `root`/pool/`suite`. */
async function writeIndex(root: string, suite: string): Promise<void> {
  const pool = `pool/${suite}`;
  const paragraphs: string[] = [];
  for (const file of (await readdir(join(root, pool))).sort()) {
    paragraphs.push(await paragraph(join(root, pool, file), `${pool}/${file}`));
  }
  const dist = join(root, 'dists', suite);
  const index = Buffer.from(paragraphs.join('\n'));
  const files = new Map([
    ['stable/binary-amd64/Packages', index],
    ['stable/binary-amd64/Packages.gz', gzipSync(index)],
  ]);
  await mkdir(join(dist, 'stable/binary-amd64'), { recursive: true });
  for (const [path, data] of files) await writeFile(join(dist, path), data);
  const sums = [...files].map(([path, data]) => ` ${sha256(data)} ${data.length} ${path}`);
  const release = [
    'Origin: Docker',
    'Label: Docker CE',
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date().toUTCString()}`,
    'Architectures: amd64',
    'Components: stable',
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

/** What the repository of one suite is, on disk. */
export interface AptRepository {
  /** Folder that holds dists/ and pool/ of the suite. */
  readonly root: string;
  /** File of the armoured public key that signs it. */
  readonly keyFile: string;
  /** Versions of Docker's packages in it, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * The repository for guests of one Debian suite, from the cache or made now (about 100 MB are downloaded).
 * @param extra names of Debian packages that it shall offer beside Docker's.
 */
export async function aptRepository(suite: string, extra: readonly string[] = []): Promise<AptRepository> {
  const { armoured } = await signingKey();
  const depends = [suite, extra, await dockerPackagesInputs(suite), sha256(await readFile(armoured))];
  const root = await cached(`apt-${suite}`, depends, async (partial) => {
    const pool = join(partial, 'pool');
    await mkdir(join(pool, suite), { recursive: true });
    await buildDockerPackages(suite, extra, join(pool, suite));
    await writeIndex(partial, suite);
    const index = await readFile(join(partial, 'dists', suite, 'stable/binary-amd64/Packages'), 'utf8');
    const found = [...index.matchAll(/^Package: (\S+)\n(?:[^\n]+\n)*?Version: (\S+)$/gm)];
    const docker = found.filter((match) => /^(docker-|containerd\.io)/.test(match[1]!));
    const versions = Object.fromEntries(docker.map((match) => [match[1]!, match[2]!]));
    await writeFile(join(partial, 'versions.json'), JSON.stringify(versions));
    await copyFile(armoured, join(partial, 'gpg'));
  });
  const versions = JSON.parse(await readFile(join(root, 'versions.json'), 'utf8')) as Record<string, string>;
  return { root, keyFile: armoured, versions };
}
