import type { ProviderName } from '../providers';
import type { FlagValues } from './flags';
import type { OPTIONS } from './options';

export type Tls = (typeof OPTIONS.tls.choices)[number];
export type Distro = (typeof OPTIONS.distro.choices)[number];

type Values = FlagValues<typeof OPTIONS>;

/** Options whose value in the deployment is another than the one given: resolved, read or under another name. */
type Shaped =
  | 'domain'
  | 'serverName'
  | 'email'
  | 'postgresImage'
  | 'synapseImage'
  | 'elementImage'
  | 'nginxImage'
  | 'dockerAptUrl'
  | 'dockerAptKey'
  | 'sshKey'
  | 'backup'
  | 'extra';

/**
 * What is to be deployed, with every default resolved. Plain data; the same values give the same document. Every other
 * option of the table is a field under its own name in camel case.
 */
export interface Deployment extends Omit<Values, Shaped | 'output' | 'provider' | 'format'> {
  readonly domain: string;
  readonly serverName: string;
  readonly email: string;
  readonly images: {
    readonly postgres: string;
    readonly synapse: string;
    readonly element: string;
    readonly nginx: string;
  };
  readonly dockerAptUrl: string;
  readonly dockerAptKey: string;
  readonly sshKeys: readonly string[];
  /** Whether the server makes a backup every night. */
  readonly backup: boolean;
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
