// A newer image under a name that servers pull: the one that is there, with a command that ends at once.
import type { World } from './world';

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string; readonly size: number };
}

/**
 * Puts it into the registry by the registry's own API (distribution/distribution, docs/content/spec/api.md).
 * @returns puts the former image back under the name
 */
export async function brokenImage(
  world: World,
  repository: string,
  tag: string,
): Promise<() => Promise<void>> {
  const url = `${world.registryUrl}/v2/${repository}`;
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const ask = async (path: string, method = 'GET', body?: string, type = 'application/octet-stream') => {
    const headers = { accept, 'content-type': type, 'content-length': `${Buffer.byteLength(body ?? '')}` };
    const request = { url: path.startsWith('http') ? path : `${url}${path}`, method, headers };
    const answer = await world.fetch(body === undefined ? request : { ...request, body });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer;
  };
  const put = (manifest: string) => ask(`/manifests/${tag}`, 'PUT', manifest, accept);

  const former = (await ask(`/manifests/${tag}`)).body;
  const manifest = JSON.parse(former) as Manifest;
  const config = JSON.parse((await ask(`/blobs/${manifest.config.digest}`)).body) as { config: object };
  const text = JSON.stringify({ ...config, config: { ...config.config, Entrypoint: ['/bin/false'] } });
  const bytes = new TextEncoder().encode(text);
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
  const place = (await ask('/blobs/uploads/', 'POST')).headers.location ?? '';
  await ask(`${place}${place.includes('?') ? '&' : '?'}digest=sha256:${hash}`, 'PUT', text);
  await put(
    JSON.stringify({
      ...manifest,
      config: { ...manifest.config, digest: `sha256:${hash}`, size: bytes.length },
    }),
  );
  return async () => {
    await put(former);
  };
}
