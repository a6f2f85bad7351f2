// A server of the lab: a machine with a document of its own, and what one knows who made it.
import type { CloudInitStatus, Machine } from './machines/machine';

/** What a server is made from. */
export interface ServerSpec {
  /** Names the machine: 1 to 10 of a-z and 0-9. */
  readonly name: string;
  /** Last number of its addresses, IPv4 and IPv6. */
  readonly host: number;
  readonly domain: string;
  /** Whether the machine has an IPv6 address alone. */
  readonly ipv6Only?: boolean;
  /** What stands after the colon in its users' names; the domain if absent. */
  readonly serverName?: string;
  /** Further options of the command, or others than the lab's. */
  readonly options?: Readonly<Record<string, string>>;
  /** Changes the document on its way. */
  readonly edit?: (document: string) => string;
  /** Additional settings of the machine; the first is for systemd-nspawn, the others are for QEMU. */
  readonly hardware?: {
    readonly diskBytes?: number;
    readonly kernelOptions?: string;
    readonly clock?: string;
  };
}

export interface Server extends Required<Pick<ServerSpec, 'name' | 'domain' | 'serverName'>> {
  readonly machine: Machine;
  /** Its user data. */
  readonly document: string;
  /** What the command told the user. */
  readonly report: string;
  /** How cloud-init's first boot ended, and in how many seconds since power on. */
  readonly status: CloudInitStatus;
  readonly seconds: number;
}

/**
 * What Docker says when an exec was lost before its program started, which happens on a busy machine: "read init-p:
 * connection reset by peer". It says so on standard output, where it would pass for the program's answer.
 */
const LOST_EXEC = /OCI runtime exec failed: .*: waiting for init /;

/** Everything of the deployment that is the overview's, for the default base directory. */
export const baseDir = '/data/matrix';
/** Containers by service, as Compose names them. */
export const containers = {
  db: 'matrix-db-1',
  synapse: 'matrix-synapse-1',
  element: 'matrix-element-1',
  nginx: 'nginx-nginx-1',
} as const;

/**
 * Runs a shell script inside; once more from its beginning where Docker lost an exec.
 * @returns its standard output.
 * @throws unless it ends with 0.
 */
export async function sh(
  server: Pick<Server, 'machine'>,
  script: string,
  timeoutMs = 180_000,
): Promise<string> {
  let outcome = await server.machine.exec(script, { timeoutMs });
  for (let again = 0; again < 4 && LOST_EXEC.test(outcome.stdout + outcome.stderr); again++)
    outcome = await server.machine.exec(script, { timeoutMs });
  const { code, stdout, stderr } = outcome;
  if (code !== 0)
    throw new Error(`${server.machine.name}: ${script}: exit code ${code}: ${stderr || stdout}`);
  return stdout;
}
