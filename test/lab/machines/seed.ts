// The NoCloud seed of a machine: the user-data as it was given, and beside it what a provider would say.
// Format: cloud-init documentation, datasource NoCloud; network-config version 2.

/** How a machine stands in the network; `netns` and `bridge` name the world's bridge that it is plugged into. */
export interface Attachment {
  readonly netns: string;
  readonly bridge: string;
  readonly address: string;
  /** IPv4 prefix length; default 24. */
  readonly prefix?: number;
  /** Default route; default: host 1 of the address's /24. */
  readonly gateway?: string;
  /** With prefix length, such as fd91::11/64. */
  readonly address6?: string;
  readonly gateway6?: string;
  /** Name servers; default: the gateway. */
  readonly dns?: readonly string[];
}

/** What is seeded. `userData` is handed over byte for byte; without it the machine boots with none. */
export interface SeedSpec {
  readonly instanceId: string;
  readonly hostname: string;
  readonly userData: Uint8Array | string;
  readonly attachment: Attachment;
  /** How netplan finds the interface: by name, or by its hardware address where the kernel gives the name. */
  readonly match: { readonly name: string } | { readonly mac: string };
}

/** The default gateway of an attachment. */
export const gatewayOf = (attachment: Attachment): string =>
  attachment.gateway ?? attachment.address.replace(/\d+$/, '1');

/** The files of the seed by name. JSON is YAML too, so meta-data and network-config are written as JSON. */
export function seedFiles(spec: SeedSpec): ReadonlyMap<string, Uint8Array> {
  const { attachment, match } = spec;
  const gateway = gatewayOf(attachment);
  const link = {
    ...('mac' in match ? { match: { macaddress: match.mac } } : {}),
    addresses: [
      `${attachment.address}/${attachment.prefix ?? 24}`,
      ...(attachment.address6 ? [attachment.address6] : []),
    ],
    routes: [
      { to: '0.0.0.0/0', via: gateway },
      ...(attachment.gateway6 ? [{ to: '::/0', via: attachment.gateway6 }] : []),
    ],
    nameservers: { addresses: attachment.dns ?? [gateway] },
  };
  const network = { version: 2, ethernets: { ['name' in match ? match.name : 'lan']: link } };
  const text = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  return new Map([
    ['user-data', Buffer.from(spec.userData)],
    ['meta-data', text({ 'instance-id': spec.instanceId, 'local-hostname': spec.hostname })],
    ['network-config', text(network)],
  ]);
}
