// The lab's own small internet: a network namespace with a bridge. The machine's own namespace never changes:
// each veth pair is made inside the world's namespace, with its far end given to the namespace that joins.
import { run } from './process';

/** The bridge's name in the world's namespace; virtual machines put their tap there. */
export const bridge = 'br0';
/** The world's own addresses; everything it offers listens there. */
export const gateway = '10.91.0.1';
export const gateway6 = 'fd91::1';

/** The world's name in its DNS, with both addresses, for machines that have only one kind. */
export const worldName = 'pebble.test';

/** A URL of the world by its name instead of its IPv4 address. */
export const named = (url: string): string => url.replace(gateway, worldName);

/** The address of providers' metadata services. The lab has one too, to test that containers do not reach it. */
export const metadata = '169.254.169.254';

/** An unused address, to which packets vanish without an answer (of TEST-NET-2). */
export const dropped = '198.51.100.7';

/** An address on which nothing listens. Not the gateway: apt counts an address that once refused as bad on every port. */
export const refusing = '198.51.100.6';

// Without a hardware address of its own, a bridge uses the lowest one of its ports. A machine that starts or ends would
// then change it, and packets of others would be lost until they resolve the gateway's address again.
const bridgeMac = '52:54:00:ff:ff:01';

/** Creates the namespace with its bridge and addresses. It refuses packets to all other addresses at once, except for one. */
export async function createWorldNetns(netns: string): Promise<void> {
  await run(['ip', 'netns', 'add', netns]);
  await run(['ip', '-n', netns, '-batch', '-'], {
    input: `link set lo up
link add ${bridge} address ${bridgeMac} type bridge forward_delay 0
addr add ${gateway}/24 dev ${bridge}
addr add ${gateway6}/64 dev ${bridge} nodad
addr add ${metadata}/32 dev lo
addr add ${refusing}/32 dev lo
link set ${bridge} up
route add unreachable default
route add blackhole ${dropped}/32
route add unreachable ::/0
`,
  });
  // With forwarding on, the kernel answers "unreachable" for addresses that the world does not have. Otherwise packets to
  // the real internet would vanish, and each attempt would last until its client's time limit.
  await run([
    'ip',
    'netns',
    'exec',
    netns,
    'sysctl',
    '-qw',
    'net.ipv4.ip_forward=1',
    'net.ipv6.conf.all.forwarding=1',
  ]);
}

/** Removes the namespace; its links go with it once no process is left in it. */
export async function deleteNetns(netns: string): Promise<void> {
  await run(['ip', 'netns', 'delete', netns]);
}

/** How a namespace is joined to the world. */
export interface AttachOptions {
  /** IPv4 address in 10.91.0.0/24, without a prefix length. Without one, the guest configures itself. */
  readonly address?: string;
  /** IPv6 address in fd91::/64, without a prefix length. */
  readonly address6?: string;
  /** The interface's name in the namespace that joins; host0 (systemd-nspawn's name) if absent. */
  readonly device?: string;
  /** Its Ethernet address; the kernel chooses if absent. */
  readonly mac?: string;
}

/** The connection of a namespace to the world. */
export interface Attachment {
  readonly device: string;
  readonly mac: string;
  /** Removes the link, as if the cable were pulled. */
  detach(): Promise<void>;
}

/**
 * Joins an existing network namespace to the world's bridge by a veth pair.
 * @param port the name of the world's end; unique in the world, at most 15 characters.
 */
export async function attachNetns(
  world: string,
  peer: string,
  port: string,
  options: AttachOptions = {},
): Promise<Attachment> {
  const device = options.device ?? 'host0';
  const mac = options.mac === undefined ? [] : ['address', options.mac];
  const ip = (netns: string, ...args: string[]) => run(['ip', '-n', netns, ...args]);
  await ip(world, 'link', 'add', port, 'type', 'veth', 'peer', 'name', device, ...mac, 'netns', peer);
  await ip(world, 'link', 'set', port, 'master', bridge, 'up');
  if (options.address !== undefined || options.address6 !== undefined) {
    await ip(peer, 'link', 'set', 'lo', 'up');
    await ip(peer, 'link', 'set', device, 'up');
  }
  if (options.address !== undefined) {
    await ip(peer, 'addr', 'add', `${options.address}/24`, 'dev', device);
    await ip(peer, 'route', 'add', 'default', 'via', gateway);
  }
  if (options.address6 !== undefined) {
    await ip(peer, 'addr', 'add', `${options.address6}/64`, 'dev', device, 'nodad');
    await ip(peer, '-6', 'route', 'add', 'default', 'via', gateway6);
  }
  const links = JSON.parse(await ip(peer, '-json', 'link', 'show', device)) as { address: string }[];
  return {
    device,
    mac: links[0]!.address,
    async detach() {
      await ip(world, 'link', 'delete', port);
    },
  };
}
