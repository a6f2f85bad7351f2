/** Whether a kernel really runs with the hardware's help: /dev/kvm may open where it does not. */
import { until } from '../waiting';
import type { QemuProcess } from './process';

/** Milliseconds. A cloud image under KVM says the first of these lines within seconds. */
const LIMIT = 90_000;
/** A console that stands still for so long is of a kernel that is gone. */
const SILENCE = 30_000;

/** Lines of programs: cloud-init's are Python's, so that a good part of the processor was used before. */
const PROGRAMS = /cloud-init\[\d+\]|^ci-info: |login: /m;
/** Lines of a kernel that meets instructions which do not work. */
const BROKEN = /^.*(?:Kernel panic|invalid opcode|general protection fault|Oops: |BUG: |segfault at).*$/m;

/**
 * Watches a machine until its programs run.
 * @param console what the machine has printed since it was started
 * @returns undefined when they do, else why not
 * @throws Stopped when the signal is aborted
 */
export async function comesUp(
  process: Pick<QemuProcess, 'gone' | 'state'>,
  console: () => Promise<string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  let length = -1;
  let grown = performance.now();
  const look = async (): Promise<{ failure: string | undefined } | undefined> => {
    const gone = await process.gone();
    if (gone) return { failure: gone };
    const text = await console();
    if (PROGRAMS.test(text)) return { failure: undefined };
    const [broken] = BROKEN.exec(text) ?? [];
    if (broken) return { failure: `the kernel broke: ${broken.trim()}` };
    if ((text.match(/Linux version/g) ?? []).length > 1)
      return { failure: 'the machine started over and over' };
    const state = await process.state().catch(() => 'running');
    if (state !== 'running') return { failure: `QEMU gave up: ${state}` };
    if (text.length !== length) grown = performance.now();
    length = text.length;
    if (performance.now() - grown < SILENCE) return undefined;
    const last = text.trim().split('\n').at(-1)?.trim();
    return { failure: `nothing came for ${SILENCE / 1000} s; last line: ${last || '(nothing)'}` };
  };
  const seen = await until(look, { every: 500, within: LIMIT, signal });
  return seen ? seen.failure : `no program ran within ${LIMIT / 1000} s`;
}
