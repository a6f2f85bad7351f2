// The images that moto offers: two dates of Canonical's noble, the other releases and architecture, and look-alikes.
const CANONICAL = '099720109477';

function image(number: number, name: string, date: string, more: object = {}) {
  return {
    ami_id: `ami-0aaaaaaaaaaaaa${String(number).padStart(3, '0')}`,
    name,
    creation_date: `${date}T07:00:00.000Z`,
    owner_id: CANONICAL,
    image_location: `amazon/${name}`,
    architecture: name.includes('arm64') ? 'arm64' : 'x86_64',
    state: 'available',
    public: true,
    description: name,
    image_type: 'machine',
    platform: null,
    hypervisor: 'xen',
    virtualization_type: 'hvm',
    root_device_type: 'ebs',
    root_device_name: '/dev/sda1',
    sriov: 'simple',
    ...more,
  };
}

const server = (directory: string, release: string, word: string, date: string) =>
  `ubuntu/images/${directory}/ubuntu-${release}-${word}-server-${date}`;

export const NEWEST_NOBLE = 'ami-0aaaaaaaaaaaaa002';
export const NEWEST_NOBLE_ARM = 'ami-0aaaaaaaaaaaaa003';
export const NEWEST_JAMMY = 'ami-0aaaaaaaaaaaaa004';
export const NEWEST_RESOLUTE = 'ami-0aaaaaaaaaaaaa005';

export const NEWEST_TRIXIE = 'ami-0aaaaaaaaaaaaa011';
export const NEWEST_BOOKWORM = 'ami-0aaaaaaaaaaaaa012';
const DEBIAN = { owner_id: '136693071363', root_device_name: '/dev/xvda' };

export const IMAGES = [
  image(1, server('hvm-ssd-gp3', 'noble-24.04', 'amd64', '20260101'), '2026-01-01'),
  image(2, server('hvm-ssd-gp3', 'noble-24.04', 'amd64', '20260801'), '2026-08-01'),
  image(3, server('hvm-ssd-gp3', 'noble-24.04', 'arm64', '20260801'), '2026-08-01'),
  image(4, server('hvm-ssd', 'jammy-22.04', 'amd64', '20260715'), '2026-07-15'),
  image(5, server('hvm-ssd-gp3', 'resolute-26.04', 'amd64', '20260820'), '2026-08-20'),
  image(10, 'debian-13-amd64-20260101-2345', '2026-01-01', DEBIAN),
  image(11, 'debian-13-amd64-20260818-2446', '2026-08-18', DEBIAN),
  image(12, 'debian-12-amd64-20260820-2448', '2026-08-20', DEBIAN),
  image(13, 'debian-12-backports-amd64-20260901-2450', '2026-09-01', DEBIAN),
  image(14, 'debian-13-amd64-20990101-1', '2099-01-01', { ...DEBIAN, owner_id: '666666666666' }),
  // Newer, but of another owner, of another kind, or not yet ready.
  image(6, server('hvm-ssd-gp3', 'noble-24.04', 'amd64', '20991231'), '2099-12-31', {
    owner_id: '666666666666',
  }),
  image(7, 'ubuntu/images-testing/hvm-ssd-gp3/ubuntu-noble-daily-amd64-server-20260901', '2026-09-01'),
  image(8, 'ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-20260901', '2026-09-01'),
  image(9, server('hvm-ssd-gp3', 'noble-24.04', 'amd64', '20260902'), '2026-09-02', { state: 'pending' }),
];
