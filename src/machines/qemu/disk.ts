/** Disk images: what a file is, and the layer over it that a machine writes into. */
import { open, realpath } from 'node:fs/promises';
import { run } from '../../system/run';

/** An image that machines only read. */
export interface BaseImage {
  /** Absolute path. */
  readonly file: string;
  readonly format: string;
  /** Bytes of the disk that a machine sees. */
  readonly size: number;
}

interface ImageInfo {
  readonly format: string;
  readonly 'virtual-size': number;
}

/**
 * Inspects an image.
 * @throws Error when the file cannot be read or is not a bootable disk, such as a compressed image or an error page
 */
export async function inspectImage(file: string, signal?: AbortSignal): Promise<BaseImage> {
  const path = await realpath(file).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`the image ${file} cannot be read: ${cause.message}`, { cause });
  });
  const argv = ['qemu-img', 'info', '--output=json', path];
  const { format, 'virtual-size': size } = JSON.parse(
    await run(argv, { timeoutMs: 60_000, ...(signal ? { signal } : {}) }),
  ) as ImageInfo;
  // qemu-img treats any unknown file as a raw disk.
  if (format === 'raw' && !(await isBootable(path))) {
    throw new Error(
      `${file} is not a bootable disk image: neither qcow2 nor a raw disk with a boot sector. A compressed image (.xz, .gz) has to be unpacked first`,
    );
  }
  return { file: path, format, size };
}

/** Whether a raw disk has a boot sector, which one with a GPT has too (UEFI specification, protective MBR). */
async function isBootable(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    return bytesRead === 512 && buffer[510] === 0x55 && buffer[511] === 0xaa;
  } finally {
    await handle.close();
  }
}

/**
 * Creates an empty qcow2 layer over an image; the image itself is not changed.
 * @param gibibytes size of the disk; never less than the image's, which would cut off its end
 */
export async function makeLayer(
  { file, format, size }: BaseImage,
  layer: string,
  gibibytes: number,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = Math.max(size, gibibytes * 1024 ** 3);
  const argv = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', file, '-F', format, layer, String(bytes)];
  await run(argv, { timeoutMs: 60_000, ...(signal ? { signal } : {}) });
}
