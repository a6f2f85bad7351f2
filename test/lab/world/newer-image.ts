// A newer image under a name that servers pull: the existing image with another configuration. The lab writes it into the
// registry's storage, because its registry is read-only.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './cache';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

const folderOf = (storage: string, repository: string) =>
  join(storage, 'docker/registry/v2/repositories', repository);

/** Gives an image another tag besides its own, for a server that must not share it with others. */
export async function tagBeside(
  storage: string,
  repository: string,
  tag: string,
  beside: string,
): Promise<void> {
  const tags = join(folderOf(storage, repository), '_manifests/tags');
  await cp(join(tags, tag), join(tags, beside), { recursive: true });
}

/**
 * Gives the tag a new image, in the layout of distribution 2.8's filesystem driver (as oci.ts does).
 * @param storage the registry's root directory.
 * @param changes of the image's configuration (OCI image specification, config.md), such as its entry point
 * @returns gives the tag its former image back.
 */
export async function newerImage(
  storage: string,
  repository: string,
  tag: string,
  changes: object,
): Promise<() => Promise<void>> {
  const root = join(storage, 'docker/registry/v2');
  const folder = folderOf(storage, repository);
  const current = join(folder, '_manifests/tags', tag, 'current/link');
  const hex = (digest: string) => digest.slice('sha256:'.length);
  const blob = (digest: string) => join(root, 'blobs/sha256', hex(digest).slice(0, 2), hex(digest));
  const read = async (digest: string) => JSON.parse(await readFile(join(blob(digest), 'data'), 'utf8'));
  const put = async (value: object, ...links: string[]): Promise<Descriptor> => {
    const text = JSON.stringify(value);
    const digest = `sha256:${sha256(text)}`;
    await mkdir(blob(digest), { recursive: true });
    await writeFile(join(blob(digest), 'data'), text);
    for (const link of links) {
      await mkdir(join(folder, link, hex(digest)), { recursive: true });
      await writeFile(join(folder, link, hex(digest), 'link'), digest);
    }
    return { digest, size: Buffer.byteLength(text) };
  };

  const former = await readFile(current, 'utf8');
  const manifest = (await read(former)) as { config: Descriptor };
  const image = (await read(manifest.config.digest)) as { config: object };
  const newer = { ...image, config: { ...image.config, ...changes } };
  const config = { ...manifest.config, ...(await put(newer, '_layers/sha256')) };
  const links = ['_manifests/revisions/sha256', `_manifests/tags/${tag}/index/sha256`];
  const { digest } = await put({ ...manifest, config }, ...links);
  await writeFile(current, digest);
  return () => writeFile(current, former);
}
