import type { Deployment } from '../deployment/deployment';
import { partsOf } from '../parts';
import type { ServerFile } from '../parts/part';
import { type CloudConfig, permissions, type WriteFile } from './config';
import { toYaml } from './yaml';

/** cloud-init's words for a deployment. */
export function cloudConfig(deployment: Deployment): CloudConfig {
  const parts = partsOf(deployment);
  const repositories = parts.flatMap((part) => part.aptRepository ?? []);
  return {
    ...(deployment.timezone ? { timezone: deployment.timezone } : {}),
    ...(deployment.sshKeys.length > 0 ? { ssh_authorized_keys: deployment.sshKeys } : {}),
    bootcmd: parts.flatMap((part) => part.early ?? []),
    apt: {
      // Else cloud-init writes the distribution's own sources anew as soon as there is an `apt` section.
      preserve_sources_list: true,
      sources: Object.fromEntries(
        repositories.map(({ name, ...entry }) => [name, { ...entry, append: false }]),
      ),
    },
    write_files: parts.flatMap((part) => part.files).map(writeFile),
    runcmd: parts.flatMap((part) => part.commands),
  };
}

/** Everything is written as root's: cloud-init knows owners by name only, so `matrixctl boot prepare` sets the others. */
function writeFile({ path, mode, content, packed }: ServerFile): WriteFile {
  const entry = { path, owner: 'root:root', permissions: permissions(mode) };
  return packed ? { ...entry, encoding: 'gz+b64', content: `${packed}\n` } : { ...entry, content };
}

/**
 * The document: cloud-config text in ASCII, the same bytes for the same deployment everywhere.
 * The first line is what cloud-init knows it by.
 */
export function document(deployment: Deployment): string {
  const { domain, serverName } = deployment;
  const users = serverName === domain ? '' : `, users are @name:${serverName}`;
  const header = [
    '#cloud-config',
    `# gen-cloudinit ${__VERSION__}: Matrix server ${domain}${users}`,
    `# User data for a new ${deployment.distro === 'ubuntu' ? 'Ubuntu' : 'Debian'} server; watch: cloud-init status --wait --long`,
  ];
  return `${header.join('\n')}\n${toYaml(cloudConfig(deployment))}`;
}
