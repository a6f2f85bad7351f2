/** An image made by a machine of QEMU: a compressed qcow2, with its checksum and a description next to it. */
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lastLines, waitForBootOutcome } from '../machines/boot-outcome';
import { launchQemu, type QemuSurroundings } from '../machines/qemu/launch';
import type { QemuMachine } from '../machines/qemu/machine';
import type { QemuOptions } from '../machines/qemu/qemu-flags';
import { quoted } from '../server/escape';
import { fileSha256 } from '../system/hash';
import type { Progress } from '../system/run';
import { run } from '../system/run';
import { summarize } from './audit';
import { auditDisk } from './disk-audit';
import { bakeDocument, type ImageSettings } from './image-document';
import { outputProblem, unfinished } from './qemu-output';

export interface BakedDisk {
  /** File of the image. Next to it are `FILE.sha256`, as sha256sum writes it, and `FILE.json`, which is this. */
  readonly file: string;
  readonly sha256: string;
  /** Bytes of the file, and of the disk that a machine sees. */
  readonly bytes: number;
  readonly disk: number;
  /** What it was made from. */
  readonly base: { readonly file: string; readonly sha256: string };
  /** Versions and digests as the machine reports them (templates/bake/gen-cloudinit-bake). */
  readonly holds: {
    readonly generator: string;
    readonly docker: string;
    readonly images: Readonly<Record<string, string>>;
  };
  /** From the start of the machine to its last message. */
  readonly seconds: number;
}

/**
 * Boots the bake's document until it reports `ready`, powers the machine off, writes its disk as an image, and audits the
 * image from outside. The image gets its name when all of that is done.
 * @param output file of the image, which must not be there yet
 * @param announce takes the command that removes what may be left, whenever there is more to remove
 * @param domain of the deployment that the options came with, if any: it must not occur in the image
 * @throws Error when the machine reports `failed` or nothing for `timeLimit`, or when the audit has found something; then
 *   nothing is left. Stopped when the signal is aborted
 */
export async function bakeQemu(
  recipe: ImageSettings,
  options: QemuOptions,
  output: string,
  events: Progress,
  signal: AbortSignal,
  more: {
    readonly domain?: string | undefined;
    readonly surroundings?: QemuSurroundings;
    readonly announce?: (remove: string) => void;
  } = {},
): Promise<BakedDisk> {
  const problem = await outputProblem(output);
  if (problem) throw new Error(`${output} ${problem.message}`);
  const begun = performance.now();
  const launch = launchQemu(options, {
    ...more.surroundings,
    ...(more.announce ? { announce: more.announce } : {}),
  });
  const machine = await launch(Buffer.from(bakeDocument(recipe)), events, signal);
  const { part, raw } = unfinished(output);
  more.announce?.(`${machine.howTo.remove}; rm -f ${quoted(part)} ${quoted(raw)}`);
  try {
    const console = await ready(machine, options.timeLimit, events, signal);
    const seconds = (performance.now() - begun) / 1000;
    events.progress('powering the machine off');
    await machine.powerOff();
    const base = await baseOf(machine, signal);
    events.progress('compressing the disk');
    const convert = ['qemu-img', 'convert', '-c', '-O', 'qcow2', machine.disk, part];
    await run(convert, { timeoutMs: 3_600_000, signal });
    events.progress('auditing the image from outside');
    const found = await auditDisk(part, await forbidden(machine, more.domain), signal);
    if (found.length > 0) throw new Error(`the image would hold ${summarize(found)}`);
    const baked = {
      file: output,
      sha256: await fileSha256(part, signal),
      ...(await sizes(part, signal)),
      base,
      holds: JSON.parse(/gen-cloudinit: image: (\{.*\})/.exec(console)?.[1] ?? '{}'),
      seconds,
    };
    await writeFile(`${output}.sha256`, `${baked.sha256}  ${output.replace(/.*\//, '')}\n`);
    await writeFile(`${output}.json`, `${JSON.stringify(baked, null, 2)}\n`);
    await rename(part, output);
    return baked;
  } finally {
    await machine.destroy().finally(() => rm(part, { force: true }));
  }
}

/** @returns the console, whose last message is `ready` */
async function ready(
  machine: QemuMachine,
  minutes: number,
  { progress }: Progress,
  signal: AbortSignal,
): Promise<string> {
  const outcome = await waitForBootOutcome(machine, {
    within: minutes * 60_000,
    every: 1000,
    signal,
    progress,
  });
  const text = await machine.console();
  if (!outcome.ready) throw new Error(`the bake failed: ${outcome.why}\n${lastLines(text)}`);
  return text;
}

/** Texts that identify this machine or its deployment. A machine's name stays in directories after its files are removed. */
async function forbidden(machine: QemuMachine, domain: string | undefined) {
  const key = await readFile(join(dirname(machine.disk), 'key.pub'), 'utf8');
  return [
    { what: 'the name of the machine that made it', text: machine.name },
    { what: 'the key that could log in to it', text: key.split(' ')[1] ?? key, everywhere: true },
    ...(domain === undefined ? [] : [{ what: 'the domain', text: domain, everywhere: true }]),
  ];
}

interface ImageInfo {
  readonly 'virtual-size': number;
  readonly 'full-backing-filename'?: string;
}

async function info(file: string, signal: AbortSignal): Promise<ImageInfo> {
  const text = await run(['qemu-img', 'info', '--output=json', file], { timeoutMs: 60_000, signal });
  return JSON.parse(text) as ImageInfo;
}

async function baseOf(machine: QemuMachine, signal: AbortSignal) {
  const file = (await info(machine.disk, signal))['full-backing-filename'] ?? '';
  return { file, sha256: await fileSha256(file, signal) };
}

async function sizes(file: string, signal: AbortSignal) {
  return { bytes: (await stat(file)).size, disk: (await info(file, signal))['virtual-size'] };
}
