import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Root, Stage } from './stage';

const SEED = '/var/lib/cloud/seed/nocloud';

/**
 * The image's side: a NoCloud seed and, of cloud-init's modules, those that the documents use and that need neither
 * a disk nor systemd. It omits `scripts_user`: the tests run runcmd's steps themselves.
 */
const IMAGE_CONFIG = `datasource_list: [NoCloud]
network: {config: disabled}
cloud_init_modules: [bootcmd, write_files, users_groups, ssh]
cloud_config_modules: [apt_configure, timezone, runcmd]
cloud_final_modules: []
ssh_deletekeys: false
`;

export interface Landing {
  /** What `cloud-init status --format json` reports, as far as both versions have it. */
  readonly status: { status: string; errors: string[]; recoverable_errors?: Record<string, string[]> };
  readonly warnings: readonly string[];
}

/** The path of the script that cloud-init creates from runcmd. */
export const RUNCMD = '/var/lib/cloud/instances/i-stage/scripts/runcmd';
/** The instance of the previous boot. */
export const INSTANCE = '/var/lib/cloud/data/instance-id';

/**
 * Boots a root as far as cloud-init is concerned: the real command takes the document as user data through its
 * local, network and config stages.
 * @param userData the document in any form that NoCloud accepts
 * @param instance another name than before makes it the first boot of another instance
 */
export function land(stage: Stage, root: Root, userData: string | Uint8Array, instance = 'i-stage'): void {
  stage.write(root, '/etc/cloud/cloud.cfg.d/99_stage.cfg', IMAGE_CONFIG);
  // The host keys exist, so none has to be generated. No archive can be reached, so apt need not retry.
  for (const type of ['rsa', 'dsa', 'ecdsa', 'ed25519']) {
    stage.write(root, `/etc/ssh/ssh_host_${type}_key`, '', 0o600);
  }
  stage.write(root, '/etc/apt/apt.conf.d/99stage', 'Acquire::Retries "0";\n');
  stage.write(root, '/etc/apt/sources.list', '');
  stage.write(root, `${SEED}/meta-data`, `instance-id: ${instance}\n`);
  stage.write(root, `${SEED}/user-data`, userData);
  // /run is empty after a start; with its content, cloud-init would take the instance for the previous one.
  rmSync(stage.path(root, '/run/cloud-init'), { recursive: true, force: true });
  for (const step of [['init', '--local'], ['init'], ['modules', '--mode=config']]) {
    stage.must(root, ['cloud-init', ...step]);
  }
}

/** Runs cloud-init's last stage, which completes the boot that `land` began. @returns cloud-init's status and warnings */
export function landing(stage: Stage, root: Root): Landing {
  stage.must(root, ['cloud-init', 'modules', '--mode=final']);
  const status = JSON.parse(stage.run(root, ['cloud-init', 'status', '--format', 'json']).stdout);
  const log = readFileSync(stage.path(root, '/var/log/cloud-init.log'), 'utf8');
  return { status, warnings: log.split('\n').filter((line) => /\[(?:WARNING|ERROR|CRITICAL)\]/.test(line)) };
}

export interface Entry {
  readonly owner: string;
  readonly mode: string;
  readonly kind: 'file' | 'directory' | 'link';
}

/** Owner and mode of one path in a root, numeric; undefined where there is nothing. */
export function entryAt(stage: Stage, root: Root, path: string): Entry | undefined {
  const stat = lstatSync(stage.path(root, path), { throwIfNoEntry: false });
  if (!stat) return undefined;
  return {
    owner: `${stat.uid}:${stat.gid}`,
    mode: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
    kind: stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'file',
  };
}

/** Everything below a directory, by path, with the content of files: for comparing before and after. */
export function tree(stage: Stage, root: Root, top: string): Map<string, string> {
  const found = new Map<string, string>();
  if (!existsSync(stage.path(root, top))) return found;
  for (const name of ['', ...readdirSync(stage.path(root, top), { recursive: true }).map(String).sort()]) {
    const path = name === '' ? top : `${top}/${name}`;
    const entry = entryAt(stage, root, path);
    if (!entry) continue;
    const content = entry.kind === 'file' ? readFileSync(stage.path(root, path), 'latin1') : '';
    found.set(path, `${entry.kind} ${entry.owner} ${entry.mode} ${content}`);
  }
  return found;
}
