/** QEMU as a kind of machine. */
import { type Backend, numberFlag, textFlag } from '../backend';
import { launchQemu } from './launch';
import { type QemuOptions, qemuOptions } from './options';

export const backend: Backend = {
  plug(flags, _document, { minutes, announce }) {
    const { options, diagnostics } = optionsOf(flags, Math.min(minutes + JUDGING, 1440));
    if (diagnostics.some(({ severity }) => severity === 'error')) return { launch: undefined, diagnostics };
    return { launch: launchQemu(options, { announce }), diagnostics };
  },
};

/** Minutes that judging may take after the time limit; only then the machine ends by itself. */
const JUDGING = 30;

/**
 * The options of QEMU as they stand on the command line, judged.
 * @param timeLimit after which the machine ends by itself
 */
export function optionsOf(
  flags: Readonly<Record<string, unknown>>,
  timeLimit: number | undefined,
): ReturnType<typeof qemuOptions> {
  return qemuOptions({
    image: textFlag(flags, 'image'),
    release: textFlag(flags, 'release'),
    imageServer: textFlag(flags, 'image-server'),
    memory: numberFlag(flags, 'memory'),
    cpus: numberFlag(flags, 'cpus'),
    disk: numberFlag(flags, 'disk'),
    // The rule of the option judges whether it is one.
    accelerator: textFlag(flags, 'accelerator') as QemuOptions['accelerator'] | undefined,
    timeLimit,
  });
}
