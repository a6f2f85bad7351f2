import { type BakedDisk, bakeQemu } from '../bake/qemu';
import { outputProblem } from '../bake/qemu-output';
import { grouped } from '../config/flags';
import { IMAGE_OPTIONS, readImageOptions } from '../config/image-options';
import { hasErrors } from '../diagnostics/diagnostic';
import { timeLimit, wrongImage } from '../machines/machine';
import { QEMU_FLAGS, qemuWarnings } from '../machines/qemu/qemu-flags';
import { readText } from '../system/input';
import { defineCommand, refusal } from './command';
import { REPORT_FLAGS } from './common-flags';

export const bakeQemuCommand = defineCommand({
  flags: {
    ...grouped('Image', {
      output: { type: 'string', help: 'file of the image', default: 'gen-cloudinit.qcow2' },
      ...REPORT_FLAGS,
    }),
    ...grouped('On QEMU', { ...QEMU_FLAGS, 'time-limit': timeLimit(5, 1440, 120) }),
  },
  options: IMAGE_OPTIONS,
  lists: 'all',
  interruptible: true,
  examples: [
    ['$0 bake qemu --output matrix.qcow2', ''],
    ['$0 bake qemu --config deploy/matrix.yaml', ''],
  ],
  async run({ flags, options, diagnostics: wrong }, { signal, announce, progress }) {
    const { deployment, diagnostics: found, domain } = readImageOptions(options, readText);
    const more = [wrongImage('qemu', deployment?.distro, flags.image), await outputProblem(flags.output)];
    const diagnostics = [
      ...wrong,
      ...found,
      ...(hasErrors(wrong) ? [] : qemuWarnings(flags)),
      ...more.flatMap((one) => one ?? []),
    ];
    if (!deployment || hasErrors(diagnostics)) return refusal(diagnostics);
    const data = await bakeQemu(deployment, flags, flags.output, { progress }, signal, { domain, announce });
    return { status: 'ok', diagnostics, product: { data, text: data.file }, report: bakedDiskReport(data) };
  },
});

/** What to do with a new image, for a person. */
export function bakedDiskReport({ file, bytes, disk, sha256, seconds }: BakedDisk): string {
  const mebibytes = Math.round(bytes / 2 ** 20);
  return [
    `image ${file}: ${mebibytes} MiB, for a disk of ${disk / 2 ** 30} GiB or more, made in ${Math.round(seconds)} s`,
    `SHA-256 ${sha256}, also in ${file}.sha256; what is in it: ${file}.json`,
    `boot a server from it, with the ordinary document: gen-cloudinit verify qemu --image ${file} --domain …`,
  ].join('\n');
}
