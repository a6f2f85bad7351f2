// Turns a root directory into a bootable disk, as a cloud image is: a boot loader, the kernel with an initial RAM disk
// that only finds the root, and the root. This needs no loop device and no mount on this host.
import { execFileSync } from 'node:child_process';
import { copyFile, open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache';
import { type CpioEntry, cpio } from './cpio';
import type { Root } from './roots';
import { run } from './run';
import { inTools, runTool, toolRoot } from './tools';

/** A bootable image; the disk is raw and is never written, machines have their layers over it. */
export interface Image {
  readonly disk: string;
  /** Also on the disk; kept beside it to probe whether an accelerator works. */
  readonly kernel: string;
  readonly initrd: string;
}

/** The console message of the initial RAM disk when the kernel's command line requests only a proof that the kernel runs. */
export const probeMarker = 'gci-probe: the kernel runs programs';

const MiB = 1024 ** 2;
// Sparse: unused space costs nothing. The boot loader's partition comes first, then the root up to the end.
const diskSize = 12 * 1024 * MiB;
const bootStart = MiB;
const bootSize = 64 * MiB;
const rootStart = bootStart + bootSize;
const sectors = (bytes: number) => bytes / 512;
const partitions = `label: dos
start=${sectors(bootStart)}, size=${sectors(bootSize)}, type=c, bootable
start=${sectors(rootStart)}, type=83
`;

// On a busy machine with emulation, a service may need more than systemd's 90 s to start.
const bootLoader = `DEFAULT linux
PROMPT 0
LABEL linux
KERNEL vmlinuz
INITRD initrd
APPEND root=/dev/vda2 rw console=ttyS0 mitigations=off tsc=reliable systemd.default_timeout_start_sec=900
`;

// Part of the cached image's name: increase it when the code that makes an image from a root changes.
const recipe = 3;

// Runs in the virtual machine. Debian's own initial RAM disk takes 12 s of an emulated boot; this one takes one.
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
if grep -q gci.probe /proc/cmdline; then
  # Some work first: a broken processor may come as far as here and fail at the next program.
  for i in 1 2 3 4 5 6 7 8; do head -c 4000000 /dev/zero | sha256sum >/dev/null || exit 1; done
  echo '${probeMarker}' >/dev/console
  poweroff -f
fi
for module in /modules/*; do insmod $module; done
root=$(sed 's/.*root=\\([^ ]*\\).*/\\1/' /proc/cmdline)
i=0
while [ ! -b "$root" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
mount -t ext4 -o rw "$root" /root || exec sh
mount --move /dev /root/dev
umount /sys /proc
exec switch_root /root /sbin/init
`;

/** The image of a root of the qemu flavour, from the cache or made now (some 5 s). */
export async function ensureImage(root: Root): Promise<Image> {
  const dir = await cached('images', `${root.key}-${recipe}`, async (folder) => {
    const [kernel] = (await readdir(join(root.dir, 'boot'))).filter((name) => name.startsWith('vmlinuz-'));
    if (!kernel) throw new Error(`root ${root.key} has no kernel: make it with the flavour qemu`);
    await copyFile(join(root.dir, 'boot', kernel), join(folder, 'vmlinuz'));
    await writeFile(join(folder, 'initrd'), await initialRamDisk(root.dir, kernel.replace('vmlinuz-', '')));
    await writeFile(join(folder, 'syslinux.cfg'), bootLoader);
    await makeDisk(folder, root);
  });
  return { disk: join(dir, 'disk.raw'), kernel: join(dir, 'vmlinuz'), initrd: join(dir, 'initrd') };
}

/** The folder has the kernel, the initial RAM disk and the boot loader's settings already. */
async function makeDisk(folder: string, root: Root): Promise<void> {
  const disk = join(folder, 'disk.raw');
  await writeFile(disk, '');
  await truncate(disk, diskSize);
  const tool = (...argv: string[]) => runTool(folder, argv);
  await runTool(folder, ['sfdisk', '--quiet', 'disk.raw'], partitions);
  const options = `root_owner=0:0,lazy_itable_init=0,nodiscard,offset=${rootStart}`;
  const mke2fs = ['mke2fs', '-q', '-t', 'ext4', '-L', 'cloudimg-rootfs', '-E', options];
  await tool(...mke2fs, '-d', inTools(root.dir), 'disk.raw', `${(diskSize - rootStart) / 1024}k`);
  const boot = ['-i', `disk.raw@@${bootStart}`];
  await tool('mformat', ...boot, '-T', String(sectors(bootSize)), '-v', 'BOOT', '::');
  await tool('mcopy', ...boot, 'vmlinuz', 'initrd', 'syslinux.cfg', '::');
  await tool('syslinux', '--offset', String(bootStart), '--install', 'disk.raw');
  // The code that looks for the bootable partition; the table behind it stays.
  const code = await readFile(join(await toolRoot(), 'usr/lib/syslinux/mbr/mbr.bin'));
  const file = await open(disk, 'r+');
  await file.write(code, 0, code.length, 0);
  await file.close();
}

async function initialRamDisk(root: string, version: string): Promise<Buffer> {
  const entries: CpioEntry[] = ['bin', 'dev', 'modules', 'proc', 'root', 'sys'].map((path) => ({
    path,
    kind: 'directory',
  }));
  entries.push({
    path: 'bin/busybox',
    kind: 'file',
    bytes: await readFile(join(await toolRoot(), 'bin/busybox')),
  });
  entries.push({ path: 'init', kind: 'file', bytes: Buffer.from(init) });
  // modprobe knows the order; what is built into the kernel has no file. The names keep that order in the archive.
  const shown = await run(['chroot', root, 'modprobe', '-S', version, '--show-depends', 'virtio_blk']);
  const modules = [...shown.matchAll(/^insmod (\S+)/gm)].map((match) => match[1] ?? '');
  for (const [index, path] of modules.entries()) {
    const name = `${String(index).padStart(2, '0')}-${path.replace(/.*\//, '').replace(/\.[xz]z$|\.zst$/, '')}`;
    entries.push({ path: `modules/${name}`, kind: 'file', bytes: await unpacked(join(root, path)) });
  }
  return cpio(entries);
}

async function unpacked(path: string): Promise<Buffer> {
  const program = path.endsWith('.xz') ? 'xz' : path.endsWith('.zst') ? 'zstd' : undefined;
  if (!program) return readFile(path);
  const argv = [await toolRoot(), program, '--decompress', '--stdout'];
  return execFileSync('chroot', argv, { input: await readFile(path), maxBuffer: 64 * 1024 ** 2 });
}
