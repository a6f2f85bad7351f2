// Makes OCI images from folders, and stores them as Debian's docker-registry does on disk: without engine or push.
// Formats: github.com/opencontainers/image-spec; the storage layout is that of distribution 2.8's filesystem driver.
import { link, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './cache';
import type { ImageConfig } from './image-specs';
import { run } from './process';

/** A blob in a folder of blobs, whose name there is its digest's hex part. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** A layer: the compressed blob, and the digest of the tar archive in it. */
export interface Layer extends Blob {
  readonly diffId: string;
}

/**
 * Packs a folder as a zstd layer (Docker reads these since 23).
 * @param blobs the folder that receives the blob.
 * @param times whether the files' times are kept (Python's compiled files are valid for one time of their source) or
 * set to zero, which gives the same bytes for the same files.
 */
export async function packLayer(tree: string, blobs: string, times: 'keep' | 'zero'): Promise<Layer> {
  const tar = join(blobs, 'layer.tar');
  const options = [
    '--sort=name',
    '--numeric-owner',
    '--format=gnu',
    ...(times === 'zero' ? ['--mtime=@0'] : []),
  ];
  await run(['tar', '-C', tree, ...options, '-cf', tar, '.']);
  const diffId = (await run(['sha256sum', tar])).slice(0, 64);
  await run(['zstd', '-q', '--rm', '-3', '-T2', tar, '-o', `${tar}.zst`]);
  const hex = (await run(['sha256sum', `${tar}.zst`])).slice(0, 64);
  const size = (await stat(`${tar}.zst`)).size;
  await rename(`${tar}.zst`, join(blobs, hex));
  return { digest: `sha256:${hex}`, size, diffId: `sha256:${diffId}` };
}

async function putJson(value: unknown, blobs: string): Promise<Blob> {
  const text = JSON.stringify(value);
  const hex = sha256(text);
  await writeFile(join(blobs, hex), text);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

/** Writes an image's configuration and manifest. @returns the manifest's blob, whose digest is the image's. */
export async function putImage(config: ImageConfig, layers: readonly Layer[], blobs: string): Promise<Blob> {
  const configuration = await putJson(
    {
      created: '1970-01-01T00:00:00Z',
      architecture: 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map(() => ({ created: '1970-01-01T00:00:00Z' })),
    },
    blobs,
  );
  const media = 'application/vnd.oci.image';
  return putJson(
    {
      schemaVersion: 2,
      mediaType: `${media}.manifest.v1+json`,
      config: { mediaType: `${media}.config.v1+json`, ...configuration },
      layers: layers.map(({ digest, size }) => ({ mediaType: `${media}.layer.v1.tar+zstd`, digest, size })),
    },
    blobs,
  );
}

/**
 * Adds an image to a registry's storage by hard links.
 * @param storage the registry's root directory, on the same filesystem as the blobs.
 * @param blobFolders folders that together contain the image's blobs.
 */
export async function addToStorage(
  storage: string,
  image: { repository: string; tag: string; digest: string },
  blobFolders: readonly string[],
): Promise<void> {
  const root = join(storage, 'docker/registry/v2');
  const repository = join(root, 'repositories', image.repository);
  const linkTo = async (digest: string, ...folder: string[]) => {
    await mkdir(join(repository, ...folder), { recursive: true });
    await writeFile(join(repository, ...folder, 'link'), digest);
  };
  const put = async (digest: string): Promise<string> => {
    const hex = digest.slice('sha256:'.length);
    const folder = join(root, 'blobs/sha256', hex.slice(0, 2), hex);
    await mkdir(folder, { recursive: true });
    for (const from of blobFolders) {
      const code = await link(join(from, hex), join(folder, 'data')).then(
        () => 'EEXIST',
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (code === 'EEXIST') return hex;
      if (code !== 'ENOENT') throw new Error(`blob ${hex} cannot be linked: ${code}`);
    }
    throw new Error(`blob ${hex} of ${image.repository} is in no folder`);
  };
  const manifest = await put(image.digest);
  await linkTo(image.digest, '_manifests/revisions/sha256', manifest);
  await linkTo(image.digest, '_manifests/tags', image.tag, 'current');
  await linkTo(image.digest, '_manifests/tags', image.tag, 'index/sha256', manifest);
  const text = await readFile(join(root, 'blobs/sha256', manifest.slice(0, 2), manifest, 'data'), 'utf8');
  const { config, layers } = JSON.parse(text) as { config: Blob; layers: Blob[] };
  for (const { digest } of [config, ...layers]) await linkTo(digest, '_layers/sha256', await put(digest));
}
