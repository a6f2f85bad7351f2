/** The programs that a machine of QEMU needs here, and how to get a missing one. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

interface Packages {
  readonly debian: string;
  readonly fedora: string;
  readonly homebrew: string;
}

const PACKAGES = {
  'qemu-system-x86_64': { debian: 'qemu-system-x86', fedora: 'qemu-system-x86-core', homebrew: 'qemu' },
  'qemu-img': { debian: 'qemu-utils', fedora: 'qemu-img', homebrew: 'qemu' },
  ssh: { debian: 'openssh-client', fedora: 'openssh-clients', homebrew: 'openssh' },
  'ssh-keygen': { debian: 'openssh-client', fedora: 'openssh', homebrew: 'openssh' },
} as const satisfies Record<string, Packages>;

export type Tool = keyof typeof PACKAGES;

/**
 * Looks for programs on PATH.
 * @throws Error that names each missing one with its package
 */
export async function requireTools(tools: readonly Tool[]): Promise<void> {
  const found = await Promise.all(tools.map(onPath));
  const missing = tools.filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  const get = (system: keyof Packages) =>
    [...new Set(missing.map((tool) => PACKAGES[tool][system]))].join(' ');
  throw new Error(
    `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not on this computer. Debian and Ubuntu: apt-get install ${get('debian')}; Fedora: dnf install ${get('fedora')}; macOS: brew install ${get('homebrew')}`,
  );
}

async function onPath(program: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const there = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return true;
  }
  return false;
}
