import type { ProviderName } from '../providers';
import type { OPTIONS } from './options';

export type Tls = (typeof OPTIONS.tls.choices)[number];
export type Distro = (typeof OPTIONS.distro.choices)[number];

/** What is to be deployed, with every default resolved. Plain data; the same values give the same document. */
export interface Deployment {
  readonly domain: string;
  readonly serverName: string;
  readonly email: string;
  readonly tls: Tls;
  readonly acmeUrl: string | undefined;
  readonly adminUser: string | undefined;
  readonly dbPassword: string | undefined;
  readonly images: {
    readonly postgres: string;
    readonly synapse: string;
    readonly element: string;
    readonly nginx: string;
  };
  readonly registryMirror: string | undefined;
  readonly dockerAptUrl: string;
  readonly dockerAptKey: string;
  readonly distro: Distro;
  readonly baseDir: string;
  readonly synapseBind: string;
  readonly timezone: string | undefined;
  readonly sshKeys: readonly string[];
  /** Seconds. */
  readonly healthTimeout: number;
  /** Where the server fetches matrixctl, for a document without room for it. */
  readonly scriptUrl: string | undefined;
  /** Whether the server makes a backup every night, and how many of them it keeps. */
  readonly backup: boolean;
  readonly backupKeep: number;
  /** Path on the server or URL of the backup that a server without data restores first. */
  readonly restoreFrom: string | undefined;
  /** The operator's own cloud-config, to be merged in. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;
}

/** The form in which the document is passed on. */
export interface OutputRequest {
  /** Path of the file to write; standard output when absent. */
  readonly path: string | undefined;
  readonly provider: ProviderName | undefined;
  readonly format: Format | undefined;
}

/** Values of --format: a form, or the first rung, which has the form of the second. */
export type Format = (typeof OPTIONS.format.choices)[number];
