/**
 * How much user data each provider takes, and in which form. Sizes are bytes.
 * `measured` tells on what the provider counts: the text as sent (`raw`) or its base64 form (`base64`).
 * `forms` are the encodings that arrive on the server as a cloud-config: not every provider or datasource
 * undoes gzip or base64.
 */
export type Form = 'yaml' | 'gzip' | 'base64';

export interface ProviderLimit {
  readonly name: string;
  readonly bytes: number;
  readonly measured: 'raw' | 'base64';
  readonly forms: readonly Form[];
  readonly source: string;
}

const TEXT: readonly Form[] = ['yaml'];
const TEXT_OR_BASE64: readonly Form[] = ['yaml', 'base64'];
const ANY: readonly Form[] = ['yaml', 'gzip', 'base64'];
const BINARY: readonly Form[] = ['yaml', 'gzip'];

/** Sources were read in 2026; a provider whose limit could not be found in writing is not in the list. */
export const PROVIDERS: Readonly<Record<string, ProviderLimit>> = {
  ec2: {
    name: 'AWS EC2',
    bytes: 16_384,
    measured: 'raw',
    forms: ANY,
    source: 'EC2 user guide: user data is limited to 16 KB, in raw form, before it is base64-encoded',
  },
  hetzner: {
    name: 'Hetzner Cloud',
    bytes: 32_768,
    measured: 'raw',
    forms: TEXT_OR_BASE64,
    source:
      'Hetzner Cloud API, create a server: user_data is limited to 32KiB; DataSourceHetzner decodes base64',
  },
  digitalocean: {
    name: 'DigitalOcean',
    bytes: 65_536,
    measured: 'raw',
    forms: TEXT,
    source: 'DigitalOcean API, create a droplet: user_data must be plain text of up to 64 KiB',
  },
  gcp: {
    name: 'Google Compute Engine',
    bytes: 262_144,
    measured: 'raw',
    forms: ['yaml'],
    source: 'Compute Engine v1, metadata items: 256 KB a value (gzip only with user-data-encoding=base64)',
  },
  azure: {
    name: 'Microsoft Azure',
    bytes: 65_536,
    measured: 'base64',
    forms: BINARY,
    source: 'Azure custom data: 64 KB (whether before or after base64 is not said; the stricter is taken)',
  },
  linode: {
    name: 'Akamai (Linode)',
    bytes: 16_384,
    measured: 'base64',
    forms: BINARY,
    source:
      'Linode API metadata.user_data: its text names 65,535 bytes unencoded and about 16 KB encoded; the stricter is taken',
  },
  oracle: {
    name: 'Oracle Cloud',
    bytes: 32_000,
    measured: 'base64',
    forms: BINARY,
    source: 'OCI instance metadata: 32,000 bytes for metadata and extended metadata together',
  },
  openstack: {
    name: 'OpenStack (OVH and others)',
    bytes: 65_535,
    measured: 'base64',
    forms: BINARY,
    source: 'OpenStack Nova user data: 65,535 bytes of base64',
  },
  exoscale: {
    name: 'Exoscale',
    bytes: 32_768,
    measured: 'base64',
    forms: BINARY,
    source: 'exoscale/cli issue 168: 32 KiB of base64',
  },
  alibaba: {
    name: 'Alibaba Cloud ECS',
    bytes: 32_768,
    measured: 'raw',
    forms: BINARY,
    source: 'ECS instance user data: 32 KB before base64',
  },
};

/**
 * Size of a document as the provider counts it.
 * @param bytes length of what is handed over, in bytes
 * @returns bytes; base64 counts four for every started three
 */
export function countedSize(limit: ProviderLimit, bytes: number): number {
  return limit.measured === 'base64' ? Math.ceil(bytes / 3) * 4 : bytes;
}
