/** The NoCloud seed: the document as user data, and what a provider would say of the machine. */
import { isoImage } from './iso';

/** What is seeded (cloud-init documentation, datasource NoCloud). */
export interface Seed {
  readonly instanceId: string;
  readonly hostname: string;
  /** Byte for byte what cloud-init gets. */
  readonly userData: Uint8Array;
  /** SSH public keys of the image's default user, as a provider gives them: not by the user data. */
  readonly publicKeys?: readonly string[];
  /** Version 2 of the network configuration; DHCP on the first interface without one. */
  readonly network?: unknown;
}

/** The files of the seed by name. JSON is YAML too, so what is ours in them is JSON. */
export function seedFiles({
  instanceId,
  hostname,
  userData,
  publicKeys,
  network,
}: Seed): Map<string, Uint8Array> {
  const text = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  const about = { 'instance-id': instanceId, 'local-hostname': hostname };
  return new Map<string, Uint8Array>([
    ['user-data', userData],
    ['meta-data', text(publicKeys ? { ...about, 'public-keys': publicKeys } : about)],
    ...(network === undefined ? [] : [['network-config', text(network)] as const]),
  ]);
}

/** The seed as a disk; cloud-init finds it by the label. */
export const seedDisk = (seed: Seed): Buffer => isoImage('cidata', seedFiles(seed));
