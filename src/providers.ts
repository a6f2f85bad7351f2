/**
 * How much user data each provider accepts, and in which form. Sizes are bytes.
 * `measured` is what the provider counts: the text as sent (`raw`) or its base64 form (`base64`).
 * `forms` are the encodings that arrive on the server as a cloud-config: not every provider or datasource
 * decodes gzip or base64.
 */
export type Form = 'yaml' | 'gzip' | 'base64';

export interface ProviderLimit {
  readonly name: string;
  readonly bytes: number;
  readonly measured: 'raw' | 'base64';
  readonly forms: readonly Form[];
  readonly source: string;
  /** The provider's own command that creates a server with a document; FILE and IMAGE are placeholders. */
  readonly command: string;
  /** What IMAGE is; absent where its name differs by region or owner. */
  readonly images?: { readonly ubuntu: string; readonly debian: string };
  /** Where its web console takes the document, step by step. */
  readonly console: readonly string[];
  /** What goes wrong most often, by form. */
  readonly notes?: Partial<Record<Form, string>>;
}

const TEXT: readonly Form[] = ['yaml'];
const TEXT_OR_BASE64: readonly Form[] = ['yaml', 'base64'];
const ANY: readonly Form[] = ['yaml', 'gzip', 'base64'];
const BINARY: readonly Form[] = ['yaml', 'gzip'];

/** Sources as of 2026; the list omits a provider without a documented limit. */
const TABLE = {
  ec2: {
    name: 'AWS EC2',
    bytes: 16_384,
    measured: 'raw',
    forms: ANY,
    source: 'EC2 user guide: user data is limited to 16 KB, in raw form, before it is base64-encoded',
    console: ['Launch instance', 'Advanced details', 'User data'],
    command:
      'aws ec2 run-instances --instance-type t3.small --image-id IMAGE --security-group-ids GROUP --key-name KEY --user-data FILE',
    notes: {
      gzip: 'the CLI needs fileb:// before the name (file:// damages it); Terraform: user_data_base64 = filebase64(FILE)',
      base64:
        "in the console mark 'User data has already been base64 encoded'; Terraform: user_data_base64 = file(FILE)",
    },
  },
  hetzner: {
    name: 'Hetzner Cloud',
    bytes: 32_768,
    measured: 'raw',
    forms: TEXT_OR_BASE64,
    source:
      'Hetzner Cloud API, create a server: user_data is limited to 32KiB; DataSourceHetzner decodes base64',
    console: ['Create server', 'Cloud config'],
    command: 'hcloud server create --name matrix --type cx23 --image IMAGE --user-data-from-file FILE',
    images: { ubuntu: 'ubuntu-24.04', debian: 'debian-13' },
  },
  digitalocean: {
    name: 'DigitalOcean',
    bytes: 65_536,
    measured: 'raw',
    forms: TEXT,
    source: 'DigitalOcean API, create a droplet: user_data must be plain text of up to 64 KiB',
    console: ['Create Droplet', 'Advanced Options', 'Add Initialization scripts'],
    command: 'doctl compute droplet create matrix --size s-1vcpu-2gb --image IMAGE --user-data-file FILE',
    images: { ubuntu: 'ubuntu-24-04-x64', debian: 'debian-13-x64' },
  },
  gcp: {
    name: 'Google Compute Engine',
    bytes: 262_144,
    measured: 'raw',
    forms: ['yaml'],
    source: 'Compute Engine v1, metadata items: 256 KB a value (gzip only with user-data-encoding=base64)',
    console: ['Create instance', 'Advanced', 'Management', 'Metadata: key user-data'],
    command:
      'gcloud compute instances create matrix --machine-type e2-small IMAGE --metadata-from-file user-data=FILE',
    images: {
      ubuntu: '--image-project ubuntu-os-cloud --image-family ubuntu-2404-lts-amd64',
      debian: '--image-project debian-cloud --image-family debian-13',
    },
    notes: {
      yaml: 'the metadata key is user-data; what is given as startup-script is run by a shell',
    },
  },
  azure: {
    name: 'Microsoft Azure',
    bytes: 65_536,
    measured: 'base64',
    forms: BINARY,
    source: 'Azure custom data: 64 KB (whether before or after base64 is not said; the stricter is taken)',
    console: ['Create virtual machine', 'Advanced', 'Custom data'],
    command: 'az vm create --name matrix --resource-group GROUP --image IMAGE --custom-data FILE',
    images: { ubuntu: 'Ubuntu2404', debian: 'Debian:debian-13:13-gen2:latest' },
  },
  linode: {
    name: 'Akamai (Linode)',
    bytes: 16_384,
    measured: 'base64',
    forms: BINARY,
    source:
      'Linode API metadata.user_data: its text names 65,535 bytes unencoded and about 16 KB encoded; the stricter is taken',
    console: ['Create Linode', 'Add User Data'],
    command:
      'linode-cli linodes create --label matrix --type g6-standard-1 --region REGION --root_pass PASSWORD --image IMAGE --metadata.user_data "$(base64 -w0 FILE)"',
    images: { ubuntu: 'linode/ubuntu24.04', debian: 'linode/debian13' },
  },
  oracle: {
    name: 'Oracle Cloud',
    bytes: 32_000,
    measured: 'base64',
    forms: BINARY,
    source: 'OCI instance metadata: 32,000 bytes for metadata and extended metadata together',
    console: ['Create instance', 'Show advanced options', 'Management', 'Paste cloud-init script'],
    command:
      'oci compute instance launch --compartment-id COMPARTMENT --availability-domain DOMAIN --subnet-id SUBNET --shape VM.Standard.E4.Flex --shape-config \'{"ocpus":1,"memoryInGBs":4}\' --image-id IMAGE --user-data-file FILE',
  },
  openstack: {
    name: 'OpenStack (OVH and others)',
    bytes: 65_535,
    measured: 'base64',
    forms: BINARY,
    source: 'OpenStack Nova user data: 65,535 bytes of base64',
    console: ['Launch Instance', 'Configuration', 'Customization Script'],
    command: 'openstack server create --image IMAGE --flavor FLAVOR --user-data FILE matrix',
  },
  exoscale: {
    name: 'Exoscale',
    bytes: 32_768,
    measured: 'base64',
    forms: BINARY,
    source: 'exoscale/cli issue 168: 32 KiB of base64',
    console: ['Compute, Instances, Add', 'User Data'],
    command: 'exo compute instance create matrix --template IMAGE --cloud-init FILE',
    images: { ubuntu: "'Linux Ubuntu 24.04 LTS 64-bit'", debian: "'Linux Debian 13 (Trixie) 64-bit'" },
  },
  alibaba: {
    name: 'Alibaba Cloud ECS',
    bytes: 32_768,
    measured: 'raw',
    forms: BINARY,
    source: 'ECS instance user data: 32 KB before base64',
    console: ['Create Instance', 'Advanced Settings', 'User Data'],
    command:
      'aliyun ecs RunInstances --ImageId IMAGE --InstanceType ecs.t6-c1m2.large --UserData "$(base64 -w0 FILE)"',
  },
} as const satisfies Readonly<Record<string, ProviderLimit>>;

export type ProviderName = keyof typeof TABLE;
export const PROVIDERS: Readonly<Record<ProviderName, ProviderLimit>> = TABLE;
export const PROVIDER_NAMES = Object.keys(TABLE) as ProviderName[];

/** Other common names of the providers. */
export const PROVIDER_SYNONYMS: Readonly<Record<string, ProviderName>> = {
  akamai: 'linode',
  aliyun: 'alibaba',
  amazon: 'ec2',
  aws: 'ec2',
  do: 'digitalocean',
  gce: 'gcp',
  google: 'gcp',
  hcloud: 'hetzner',
  microsoft: 'azure',
  oci: 'oracle',
  ovh: 'openstack',
};

/** The provider of a name that may be any text. */
export function providerNamed(name: string): ProviderLimit | undefined {
  return Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name as ProviderName] : undefined;
}

/**
 * Size of a document as the provider counts it.
 * @param bytes length of what is handed over, in bytes
 * @returns bytes; base64 counts four for every started three
 */
export function countedSize(limit: ProviderLimit, bytes: number): number {
  return limit.measured === 'base64' ? Math.ceil(bytes / 3) * 4 : bytes;
}

/** How a document fits into what one provider accepts. */
export interface Fit {
  /** Key in PROVIDERS. */
  readonly provider: string;
  readonly name: string;
  /** Bytes as the provider counts them, and its limit. */
  readonly counted: number;
  readonly limit: number;
  /** False when the document would not reach cloud-init in this form: gzip or base64 that is not decoded. */
  readonly formTaken: boolean;
  readonly fits: boolean;
}

/** @param bytes length of what is passed on */
export function fitOf(provider: string, limit: ProviderLimit, form: Form, bytes: number): Fit {
  const counted = countedSize(limit, bytes);
  const formTaken = limit.forms.includes(form);
  const fits = formTaken && counted <= limit.bytes;
  return { provider, name: limit.name, counted, limit: limit.bytes, formTaken, fits };
}

/** The same for each provider in the list. */
export function allFits(form: Form, bytes: number): Fit[] {
  return Object.entries(PROVIDERS).map(([provider, limit]) => fitOf(provider, limit, form, bytes));
}
