/** The flags of a machine on EC2. Loads nothing of the AWS SDK. */
import type { MachineFlags } from '../backend';
import { DEBIAN_RELEASES, EC2_DEFAULTS, RELEASES } from './options';

export const EC2_FLAGS: MachineFlags = {
  region: { type: 'string', help: 'AWS region', default: 'that of the aws command' },
  profile: { type: 'string', help: 'profile in ~/.aws', default: 'that of the aws command' },
  'instance-type': {
    type: 'string',
    help: 'type of the instance; t4g, m7g and c8g are arm64',
    default: EC2_DEFAULTS.instanceType,
  },
  release: {
    type: 'string',
    help: `release: ${Object.values(RELEASES).join(', ')}, or of Debian ${Object.values(DEBIAN_RELEASES).join(', ')}`,
    default: '24.04',
  },
  image: { type: 'string', help: 'id of an image (ami-...)', default: 'the newest of the distribution' },
  disk: { type: 'string', help: 'GiB of the root disk', default: String(EC2_DEFAULTS.disk) },
  subnet: { type: 'string', help: 'id of a subnet', default: 'one of the default VPC' },
  'no-public-address': { type: 'boolean', help: 'no public IPv4 address; needs a NAT gateway or the like' },
  tag: { type: 'string', help: 'KEY=VALUE on everything that is made; repeatable' },
  'key-pair': { type: 'string', help: 'name of a key pair; opens TCP 22', default: 'none' },
  spot: { type: 'boolean', help: 'try a spot instance first' },
  open: { type: 'boolean', help: 'open TCP 80, 443 and 8448, so that it can be judged from outside' },
  'no-dead-man': { type: 'boolean', help: 'the machine does not power itself off after the time limit' },
  yes: { type: 'boolean', help: 'start without asking; it costs money' },
};
