export type PartName = 'host' | 'tools' | 'docker' | 'stack' | 'postgres' | 'synapse' | 'element' | 'nginx';

/** One file on the server. Owner and mode are those that the server has in the end. */
export interface ServerFile {
  readonly path: string;
  readonly owner: string;
  readonly mode: string;
  readonly content: string;
  /** The content in gzip and base64, where it travels so. */
  readonly packed?: string;
}

export interface AptRepository {
  readonly name: string;
  /** In /etc/apt/sources.list.d. */
  readonly filename: string;
  /** A line of sources.list, with cloud-init's `$KEY_FILE` and `$RELEASE`. */
  readonly source: string;
  readonly key: string;
}

/** What one part of the deployment puts on the server. */
export interface Part {
  readonly files: readonly ServerFile[];
  /** Lines of the first boot's script (`runcmd`), in order. */
  readonly commands: readonly string[];
  readonly aptRepository?: AptRepository;
  /** Lines of the script that runs early at every boot, before cloud-init writes files (`bootcmd`), in order. */
  readonly early?: readonly string[];
}
