// Builds images from the specifications into the registry's storage: shared package layers, and a small layer of our files.
import { chmod, chown, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cached, hashTree, sha256 } from './cache';
import { type ImageSpec, images, type RootName, roots } from './image-specs';
import { addToStorage, type Blob, type Layer, packLayer, putImage } from './oci';
import { rootLayer } from './rootfs';

/** Layers of a root filesystem, lowest first, each with the folder that holds its blob. */
async function packageLayers(name: RootName): Promise<{ layer: Layer; blobs: string }[]> {
  const below = roots[name].below;
  const lower = below === undefined ? [] : await packageLayers(below);
  const { key, tree } = await rootLayer(name);
  const blobs = await cached(`layer-${name}`, [key], async (partial) => {
    await writeFile(join(partial, 'layer.json'), JSON.stringify(await packLayer(tree, partial, 'keep')));
  });
  const layer = JSON.parse(await readFile(join(blobs, 'layer.json'), 'utf8')) as Layer;
  return [...lower, { layer, blobs }];
}

/** Lays our files and folders over the root filesystem, owned by root unless the specification says otherwise. */
async function ownFiles(spec: ImageSpec, files: string, labCa: string, tree: string): Promise<void> {
  await cp(files, tree, { recursive: true });
  if (spec.trustsLab) {
    await mkdir(join(tree, 'lab'), { recursive: true });
    await copyFile(labCa, join(tree, 'lab/ca.pem'));
  }
  for (const { path, owner, mode } of spec.folders) {
    await mkdir(join(tree, path), { recursive: true });
    await chown(join(tree, path), owner, owner);
    await chmod(join(tree, path), mode);
  }
  for (const [path, target] of Object.entries(spec.links ?? {})) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await symlink(target, join(tree, path));
  }
}

/** An image whose blobs are in the cache. */
export interface Built {
  readonly spec: ImageSpec;
  readonly manifest: Blob;
  /** Folders that hold its blobs. */
  readonly blobs: readonly string[];
  /** Version of the image's program. */
  readonly version: string;
}

async function buildImage(spec: ImageSpec, labCa: string): Promise<Built> {
  const layers = await packageLayers(spec.root);
  const { versions } = await rootLayer(spec.root);
  const files = resolve('test/lab/world/images', spec.files);
  const depends = [layers.map((l) => l.layer), spec, await hashTree(files), sha256(await readFile(labCa))];
  const blobs = await cached(`image-${spec.files}`, depends, async (partial) => {
    const tree = join(dirname(partial), `image-${spec.files}.tree-${process.pid}`);
    await mkdir(tree);
    try {
      await ownFiles(spec, files, labCa, tree);
      const own = await packLayer(tree, partial, 'zero');
      const manifest = await putImage(spec.config, [...layers.map((l) => l.layer), own], partial);
      await writeFile(join(partial, 'manifest.json'), JSON.stringify(manifest));
    } finally {
      await rm(tree, { recursive: true, force: true });
    }
  });
  const manifest = JSON.parse(await readFile(join(blobs, 'manifest.json'), 'utf8')) as Blob;
  const version = versions[spec.program] ?? 'unknown';
  return { spec, manifest, blobs: [blobs, ...layers.map((l) => l.blobs)], version };
}

/**
 * The four images, from the cache or made now, which takes some minutes.
 * @param lab URLs and the file of the authority's certificate that are baked into them.
 */
export const buildImages = (lab: { acmeUrl: string; rootsUrl: string; caFile: string }): Promise<Built[]> =>
  Promise.all(images(lab).map((spec) => buildImage(spec, lab.caFile)));

/**
 * Puts images into a registry's storage.
 * @returns their names with tags, and the version of the program in each.
 */
export async function fillRegistry(
  storage: string,
  built: readonly Built[],
): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const { spec, manifest, blobs, version } of built) {
    await addToStorage(storage, { ...spec, digest: manifest.digest }, blobs);
    versions[`${spec.repository.replace(/^library\//, '')}:${spec.tag}`] = `${spec.program} ${version}`;
  }
  return versions;
}
