import { outputProblem } from '../bake/output';
import { type BakedDisk, bakeQemu } from '../bake/qemu';
import { BAKED_FILE } from '../flags/bake';
import { numberFlag, textFlag } from '../machines/backend';
import type { LaunchEvents } from '../machines/machine';
import { optionsOf } from '../machines/qemu/backend';
import { wrongImage } from './distro';
import { type Answer, readRecipe } from './recipe';

/** What the command line brings along. */
interface Around extends LaunchEvents {
  readonly signal: AbortSignal;
  /** Takes the command that removes whatever may be left. */
  readonly announce: (remove: string) => void;
}

/**
 * Makes an image with QEMU.
 * @param flags those of `bake qemu`
 * @throws what `bakeQemu` throws
 */
export async function bakeOnQemu(
  flags: Readonly<Record<string, unknown>>,
  { signal, announce, ...events }: Around,
): Promise<Answer<BakedDisk>> {
  const { deployment, diagnostics: wrong, fromConfig, domain } = readRecipe(flags);
  const { options, diagnostics: unfit } = optionsOf(flags, numberFlag(flags, 'time-limit'));
  const output = textFlag(flags, 'output') ?? BAKED_FILE;
  const more = [wrongImage('qemu', deployment?.distro, flags), await outputProblem(output)];
  const diagnostics = [...wrong, ...unfit, ...more.flatMap((one) => one ?? [])];
  if (!deployment || diagnostics.some(({ severity }) => severity === 'error'))
    return { diagnostics, fromConfig };
  const data = await bakeQemu(deployment, options, output, events, signal, { domain, announce });
  return { data, diagnostics, fromConfig };
}

/** What to do with a new image, for a person. */
export function bakedDiskReport({ file, bytes, disk, sha256, seconds }: BakedDisk): string {
  const mebibytes = Math.round(bytes / 2 ** 20);
  return [
    `image ${file}: ${mebibytes} MiB, for a disk of ${disk / 2 ** 30} GiB or more, made in ${Math.round(seconds)} s`,
    `SHA-256 ${sha256}, also in ${file}.sha256; what is in it: ${file}.json`,
    `boot a server from it, with the ordinary document: gen-cloudinit verify qemu --image ${file} --domain …`,
  ].join('\n');
}
