export type PartName = 'host' | 'tools' | 'docker' | 'stack' | 'postgres' | 'synapse' | 'element' | 'nginx';

/** One file that the document writes. */
export interface ServerFile {
  readonly path: string;
  readonly owner: string;
  readonly mode: string;
  readonly content: string;
  /** The content in gzip and base64, where it travels so. */
  readonly packed?: string;
}

/** What one part of the deployment puts on the server. */
export interface Part {
  readonly files: readonly ServerFile[];
  /** Lines of the first boot's script (`runcmd`), in order. */
  readonly commands: readonly string[];
  /** Lines of the script that runs early at every boot, before cloud-init writes files (`bootcmd`), in order. */
  readonly early?: readonly string[];
}
