export type PartName = 'host' | 'docker' | 'stack' | 'postgres' | 'synapse' | 'element' | 'nginx';

/** One file that the document writes. */
export interface ServerFile {
  readonly path: string;
  readonly owner: string;
  readonly mode: string;
  readonly content: string;
  /** The content in gzip and base64, where it travels so. */
  readonly packed?: string;
  /** What stands for the content in a document with no room for it. */
  readonly core?: string;
}

/** How a document carries what is large in it. */
export interface Content {
  /** Scripts packed, which is shorter in plain text; or plain, which is shorter inside gzip, and readable. */
  readonly scripts: 'packed' | 'plain';
  /** Whether the key of Docker's repository is in the document, or its SHA-256 alone: the server then fetches the key. */
  readonly dockerKey: 'included' | 'fetched';
  /**
   * Whether matrixctl is in the document; or its SHA-256 and address, where the server fetches it; or matrixctl without
   * doctor, backup, restore and update.
   */
  readonly matrixctl: 'included' | 'fetched' | 'core';
}

/** What one part of the deployment puts on the server. */
export interface Part {
  readonly files: readonly ServerFile[];
  /** Lines of the first boot's script (`runcmd`), in order. */
  readonly commands: readonly string[];
  /** Lines of the script that runs early at every boot, before cloud-init writes files (`bootcmd`), in order. */
  readonly early?: readonly string[];
}
