/** The operator's own cloud-config, merged when the document is compiled. */
import type { Deployment } from '../../config/deployment';
import type { Diagnostic } from '../../diagnostics/diagnostic';
import { absolutePath } from '../../server/absolute-path';
import type { CloudConfig } from './cloud-config';

type Mapping = Readonly<Record<string, unknown>>;

/**
 * Our steps run under `set -eu`, with a trap that reports a failed first boot, and they hold matrixctl's lock. The
 * operator's commands come after the server is ready, and run as they would in a runcmd of their own.
 */
const AFTER_OURS = ['trap - EXIT', 'set +eu', 'exec 9>&-'];

/**
 * Merges cloud-config into the document's: mappings key by key, lists one after the other, ours first. The document's
 * values always win; `contradictions` reports where the two differ.
 */
export function withExtra(ours: CloudConfig, extra: Deployment['extra']): CloudConfig {
  if (!extra) return ours;
  const { runcmd, ...rest } = extra;
  const merged = merge(ours as unknown as Mapping, rest) as unknown as CloudConfig;
  const commands = Array.isArray(runcmd) ? (runcmd as string[]) : [];
  return commands.length > 0 ? { ...merged, runcmd: [...merged.runcmd, ...AFTER_OURS, ...commands] } : merged;
}

function merge(ours: unknown, extra: unknown): unknown {
  if (Array.isArray(ours) && Array.isArray(extra)) return [...ours, ...extra];
  if (!isMapping(ours) || !isMapping(extra)) return ours ?? extra;
  const merged: Record<string, unknown> = { ...ours };
  for (const [key, value] of Object.entries(extra)) merged[key] = merge(ours[key], value);
  return merged;
}

/**
 * Where the operator's cloud-config contradicts the document: a value, or a file that both write.
 * @returns an error per contradiction
 */
export function contradictions(
  ours: CloudConfig,
  { extra, baseDir }: Pick<Deployment, 'extra' | 'baseDir'>,
): Diagnostic[] {
  if (!extra) return [];
  const found = differing(ours as unknown as Mapping, extra, '');
  const paths = new Set(ours.write_files.map(({ path }) => path));
  const synapses = `${baseDir}/files`;
  const files = Array.isArray(extra.write_files) ? extra.write_files : [];
  for (const file of files) {
    if (!isMapping(file) || typeof file.path !== 'string') continue;
    const path = absolutePath(file.path);
    if (paths.has(path))
      found.push(contradiction(`write_files writes ${path}, which the document writes as well`));
    else if (path === synapses || path.startsWith(`${synapses}/`))
      found.push(contradiction(`write_files writes ${path}, and everything below ${synapses} is Synapse's`));
  }
  return found;
}

function differing(ours: Mapping, extra: Mapping, at: string): Diagnostic[] {
  return Object.entries(extra).flatMap(([key, value]) => {
    const mine = ours[key];
    if (mine === undefined || mine === value) return [];
    if (Array.isArray(mine) && Array.isArray(value)) return [];
    if (isMapping(mine) && isMapping(value)) return differing(mine, value, `${at}${key}.`);
    return [contradiction(`${at}${key} contradicts the document`)];
  });
}

function contradiction(message: string): Diagnostic {
  return {
    severity: 'error',
    code: 'contradiction',
    path: 'extra',
    message,
    hint: 'leave it out of the extra file; gen-cloudinit --help lists the options that change the document',
  };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
