// The NoCloud seed of a machine of the lab. Network: cloud-init documentation, network-config version 2.
import type { Seed } from '../../../src/machines/qemu/seed';

/** A machine's place in the network; `netns` and `bridge` name the world's bridge that it is attached to. */
export interface Attachment {
  readonly netns: string;
  readonly bridge: string;
  /** With `ipv6Only` the machine does not get this address; it only derives the other addresses. */
  readonly address: string;
  readonly ipv6Only?: boolean;
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

/** The content of the seed. `userData` is passed byte for byte. */
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

/** The seed of a machine of the lab: as any other, and with the addresses that it has in the world. */
export function labSeed({ attachment, match, userData, ...rest }: SeedSpec): Seed {
  const { ipv6Only = false, address6, gateway6 } = attachment;
  const gateway = gatewayOf(attachment);
  const resolver = ipv6Only && gateway6 ? gateway6 : gateway;
  const link = {
    ...('mac' in match ? { match: { macaddress: match.mac } } : {}),
    addresses: [
      ...(ipv6Only ? [] : [`${attachment.address}/${attachment.prefix ?? 24}`]),
      ...(address6 ? [address6] : []),
    ],
    routes: [
      ...(ipv6Only ? [] : [{ to: '0.0.0.0/0', via: gateway }]),
      ...(gateway6 ? [{ to: '::/0', via: gateway6 }] : []),
    ],
    nameservers: { addresses: attachment.dns ?? [resolver] },
  };
  const network = { version: 2, ethernets: { ['name' in match ? match.name : 'lan']: link } };
  return { ...rest, userData: Buffer.from(userData), network };
}
