// A server of the lab: a machine with a document of its own, and the data that its creator knows.
import type { CloudInitStatus, Machine } from './machines/machine';

/** The settings of a server. */
export interface ServerSpec {
  /** Names the machine: 1 to 10 of a-z and 0-9. */
  readonly name: string;
  /** Last number of its addresses, IPv4 and IPv6. */
  readonly host: number;
  readonly domain: string;
  /** Whether the machine has an IPv6 address alone. */
  readonly ipv6Only?: boolean;
  /** The domain part of its user IDs; the domain of the server if absent. */
  readonly serverName?: string;
  /** Further options of the command; they override the lab's. */
  readonly options?: Readonly<Record<string, string>>;
  /** Changes the document before the machine gets it. */
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
  /** The command's report for the user. */
  readonly report: string;
  /** The result of cloud-init's first boot, and its end in seconds since power on. */
  readonly status: CloudInitStatus;
  readonly seconds: number;
}

/**
 * Docker's message when an exec is lost before its program starts, which happens on a busy machine: "read init-p:
 * connection reset by peer". It appears on standard output, where it could pass for the program's output.
 */
const LOST_EXEC = /OCI runtime exec failed: .*: waiting for init /;

/** The paths and names that the overview defines, for the default base directory. */
export const baseDir = '/data/matrix';
/** Containers by service, as Compose names them. */
export const containers = {
  db: 'matrix-db-1',
  synapse: 'matrix-synapse-1',
  element: 'matrix-element-1',
  nginx: 'nginx-nginx-1',
} as const;

/**
 * Runs a shell script inside; again from its start if Docker lost an exec.
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
