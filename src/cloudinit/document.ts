import type { Deployment } from '../deployment/deployment';
import { partsOf } from '../parts';
import { APT_KEY } from '../parts/boot';
import type { ServerFile } from '../parts/part';
import { type CloudConfig, permissions, type WriteFile } from './config';
import { encode } from './encode';
import { withExtra } from './extra';
import type { Form } from './limits';
import { toYaml } from './yaml';

/** How a document carries what is large in it. */
export interface Content {
  /** Scripts packed, which is shorter in plain text; or plain, which is shorter inside gzip, and readable. */
  readonly scripts: 'packed' | 'plain';
  /** Whether the key of Docker's repository is in the document, or its SHA-256 alone: the server then fetches the key. */
  readonly dockerKey: 'included' | 'fetched';
}

/** What a document is when nothing is known about who takes it. */
const PACKED: Content = { scripts: 'packed', dockerKey: 'included' };

/** cloud-init's words for a deployment. */
export function cloudConfig(deployment: Deployment, content: Content = PACKED): CloudConfig {
  const parts = partsOf(deployment);
  return {
    ...(deployment.timezone ? { timezone: deployment.timezone } : {}),
    ...(deployment.sshKeys.length > 0 ? { ssh_authorized_keys: deployment.sshKeys } : {}),
    bootcmd: parts.flatMap((part) => part.early ?? []),
    write_files: parts
      .flatMap((part) => part.files)
      .filter(({ path }) => path !== APT_KEY || content.dockerKey === 'included')
      .map((file) => writeFile(file, content.scripts)),
    runcmd: parts.flatMap((part) => part.commands),
  };
}

/** Everything is written as root's: cloud-init knows owners by name only, so `matrixctl boot prepare` sets the others. */
function writeFile({ path, mode, content, packed }: ServerFile, scripts: Content['scripts']): WriteFile {
  const entry = { path, owner: 'root:root', permissions: permissions(mode) };
  return packed && scripts === 'packed'
    ? { ...entry, encoding: 'gz+b64', content: `${packed}\n` }
    : { ...entry, content };
}

/**
 * The document: cloud-config text in ASCII, the same bytes for the same deployment everywhere.
 * The first line is what cloud-init knows it by.
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

/**
 * The document in the form that is handed over. Inside gzip scripts are plain text, which gets smaller than what was
 * packed before.
 */
export function inForm(
  deployment: Deployment,
  form: Form,
  dockerKey: Content['dockerKey'] = 'included',
): Promise<Uint8Array> {
  const scripts = form === 'yaml' ? 'packed' : 'plain';
  return encode(document(deployment, { scripts, dockerKey }), form);
}
