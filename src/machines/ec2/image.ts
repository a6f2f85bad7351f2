import type { Image } from '@aws-sdk/client-ec2';
import type { Ec2 } from './client';
import { DEBIAN_RELEASES, type Ec2Options, isDebian, RELEASES, type Release } from './ec2-flags';

/**
 * Accounts of the publishers, by partition of AWS. Without them, anyone's image of the right name would match.
 * Sources: documentation.ubuntu.com/aws (Canonical's account IDs), wiki.debian.org/Cloud/AmazonEC2Image.
 */
const CANONICAL = { aws: '099720109477', 'aws-us-gov': '513442679011', 'aws-cn': '837727238323' } as const;
const DEBIAN = '136693071363';

type Partition = keyof typeof CANONICAL;
function partitionOf(region: string): Partition {
  return region.startsWith('us-gov-') ? 'aws-us-gov' : region.startsWith('cn-') ? 'aws-cn' : 'aws';
}

export type Architecture = 'x86_64' | 'arm64';

export interface ChosenImage {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  /** Name of the device that the root disk has to be mapped to. */
  readonly rootDevice: string;
  /** GiB */
  readonly rootSize: number;
}

/**
 * The image to boot: the requested one, or the newest of the distribution's for release and architecture.
 * @throws Error when there is none, or when it does not run on this architecture
 */
export async function chooseImage(
  ec2: Ec2,
  options: Pick<Ec2Options, 'image' | 'release'>,
  architecture: Architecture,
  signal: AbortSignal,
): Promise<ChosenImage> {
  if (!options.image) return newest(ec2, options.release, architecture, signal);
  const { Images = [] } = await ec2.call('DescribeImages', { ImageIds: [options.image] }, signal);
  const image = Images[0] && chosen(Images[0]);
  if (!image) throw new Error(`${ec2.region} has no image ${options.image}: check --image and --region`);
  if (image.architecture !== architecture) {
    throw new Error(
      `the image ${image.id} is for ${image.architecture}, the instance type for ${architecture}: ` +
        'choose another --instance-type or --image',
    );
  }
  return image;
}

/**
 * Names are as Canonical publishes them: `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260801`;
 * the directory is hvm-ssd up to jammy and hvm-ssd-gp3 since. EC2 omits deprecated images automatically.
 */
async function newest(
  ec2: Ec2,
  release: Release,
  architecture: Architecture,
  signal: AbortSignal,
): Promise<ChosenImage> {
  const word = architecture === 'arm64' ? 'arm64' : 'amd64';
  const { owner, publisher, name } = published(ec2.region, release, word);
  const { Images = [] } = await ec2.call(
    'DescribeImages',
    {
      Owners: [owner],
      Filters: [
        { Name: 'name', Values: [name] },
        { Name: 'architecture', Values: [architecture] },
        { Name: 'root-device-type', Values: ['ebs'] },
        { Name: 'virtualization-type', Values: ['hvm'] },
        { Name: 'state', Values: ['available'] },
      ],
    },
    signal,
  );
  // ISO 8601 sorts as text.
  const image = Images.toSorted((a, b) => (b.CreationDate ?? '').localeCompare(a.CreationDate ?? ''))[0];
  const found = image && chosen(image);
  if (!found) {
    throw new Error(
      `${ec2.region} has no image of ${publisher} for ${release} on ${word}: choose another --release or --region`,
    );
  }
  return found;
}

/** Who publishes the image, and how its names start. */
function published(region: string, release: Release, word: string) {
  const partition = partitionOf(region);
  if (isDebian(release)) {
    if (partition !== 'aws')
      throw new Error(`Debian's images in ${region} are of an account that is not known here: give --image`);
    return { owner: DEBIAN, publisher: "Debian's", name: `debian-${DEBIAN_RELEASES[release]}-${word}-*` };
  }
  const name = `ubuntu/images/hvm-ssd*/ubuntu-${release}-${RELEASES[release]}-${word}-server-*`;
  return { owner: CANONICAL[partition], publisher: "Canonical's", name };
}

function chosen(image: Image): ChosenImage | undefined {
  if (!image.ImageId || !image.RootDeviceName) return undefined;
  const root = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  return {
    id: image.ImageId,
    name: image.Name ?? '',
    architecture: image.Architecture ?? '',
    rootDevice: image.RootDeviceName,
    rootSize: root?.Ebs?.VolumeSize ?? 0,
  };
}
