import type { Deployment } from '../../config/deployment';
import { APT_KEY, type Content, SCRIPT, type ServerFile, serverFiles } from '../../server/files';
import { everyBoot, firstBoot } from '../../server/first-boot';
import { type CloudConfig, permissions, type WriteFile } from './cloud-config';
import { withExtra } from './merge-extra';
import { toYaml } from './yaml';

/** The document's default rung, when no provider is known. */
export const PACKED: Content = { scripts: 'packed', dockerKey: 'included', matrixctl: 'included' };

/** The part of cloud-init's cloud-config that a deployment uses. */
export function cloudConfig(deployment: Deployment, content: Content = PACKED): CloudConfig {
  return {
    ...(deployment.timezone ? { timezone: deployment.timezone } : {}),
    ...(deployment.sshKeys.length > 0 ? { ssh_authorized_keys: deployment.sshKeys } : {}),
    bootcmd: everyBoot(deployment),
    write_files: serverFiles(deployment)
      .filter(({ path }) => path !== APT_KEY || content.dockerKey === 'included')
      .filter(({ path }) => path !== SCRIPT || content.matrixctl !== 'fetched')
      .map((file) => writeFile(file, content)),
    runcmd: firstBoot(deployment, content),
  };
}

function writeFile(file: ServerFile, { scripts, matrixctl }: Content): WriteFile {
  const { path, mode, packed } = file;
  const entry = { path, owner: 'root:root', permissions: permissions(mode) };
  const content = matrixctl === 'core' ? (file.core ?? file.content) : file.content;
  return packed && scripts === 'packed' && content === file.content
    ? { ...entry, encoding: 'gz+b64', content: `${packed}\n` }
    : { ...entry, content };
}

/**
 * The document: cloud-config text in ASCII, the same bytes for the same deployment everywhere.
 * cloud-init recognises it by the first line.
 */
export function document(deployment: Deployment, content: Content = PACKED): string {
  const { domain, serverName } = deployment;
  const users = serverName === domain ? '' : `, users are @name:${serverName}`;
  const header = [
    '#cloud-config',
    `# gen-cloudinit ${__VERSION__}: Matrix server ${domain}${users}`,
    `# User data for a new ${deployment.distro === 'ubuntu' ? 'Ubuntu' : 'Debian'} server; watch: cloud-init status --wait --long`,
  ];
  return `${header.join('\n')}\n${toYaml(withExtra(cloudConfig(deployment, content), deployment.extra))}`;
}
