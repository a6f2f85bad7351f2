/** Paths that must not exist in an image; `*` stands for a part of one name. */
export interface ForbiddenPaths {
  /** What the path would be, in words for a person. */
  readonly what: string;
  readonly places: readonly string[];
}

/**
 * The places where cloud-init, systemd, OpenSSH, Docker and this project's own document store what belongs to one
 * machine (cloud-init's cmd/clean.py, random-seed(8), systemd-creds(1), moby's daemon/id.go, containerd's
 * introspection plugin). The bake's script checks the same table on the machine itself, with the shell's globs.
 */
export const FORBIDDEN_PATHS: readonly ForbiddenPaths[] = [
  { what: 'an SSH host key', places: ['/etc/ssh/ssh_host_*'] },
  { what: 'a key that may log in', places: ['/root/.ssh/*', '/home/*/.ssh/*'] },
  {
    what: 'user data or a state of cloud-init',
    places: [
      '/var/lib/cloud/instance',
      '/var/lib/cloud/instances/*',
      '/var/lib/cloud/seed/*',
      '/var/lib/cloud/data/*',
    ],
  },
  {
    what: 'a log',
    places: [
      '/var/log/cloud-init*',
      '/var/log/journal/*',
      '/var/log/syslog*',
      '/var/log/auth.log*',
      '/var/log/messages*',
    ],
  },
  { what: 'the history of a shell', places: ['/root/.*_history', '/home/*/.*_history'] },
  {
    what: 'the network of a machine',
    places: [
      '/etc/netplan/50-cloud-init.yaml*',
      '/etc/network/interfaces.d/50-cloud-init*',
      '/etc/systemd/network/10-cloud-init-*',
      '/etc/udev/rules.d/70-persistent-net.rules',
      '/var/lib/dhcp/*',
    ],
  },
  {
    what: 'a random seed',
    places: [
      '/var/lib/systemd/random-seed',
      '/var/lib/systemd/credential.secret',
      '/boot/loader/random-seed',
      '/boot/efi/loader/random-seed',
      '/efi/loader/random-seed',
    ],
  },
  {
    what: 'the id of Docker or containerd',
    places: [
      '/etc/docker/key.json',
      '/var/lib/docker/engine-id',
      '/var/lib/docker/buildkit/*',
      '/var/lib/containerd/io.containerd.grpc.v1.introspection/uuid',
    ],
  },
  { what: 'a login to a registry', places: ['/root/.docker/config.json', '/home/*/.docker/config.json'] },
  {
    what: 'a container or a volume',
    places: ['/var/lib/docker/containers/*', '/var/lib/docker/volumes/*/_data'],
  },
  {
    what: 'a deployment',
    places: [
      '/etc/gen-cloudinit.env',
      '/etc/systemd/system/gen-cloudinit*',
      '/etc/systemd/system/matrix-*',
      '/usr/local/sbin/matrix*',
      '/var/backups/matrix',
      '/var/lib/gen-cloudinit/state.json',
      '/root/nginx',
      '/root/matrix-*',
      '/data/*',
    ],
  },
  {
    what: "a repository's list, or a package that was fetched",
    places: [
      '/var/lib/apt/lists/*Release',
      '/var/lib/apt/lists/*_Packages*',
      '/var/cache/apt/archives/*.deb',
    ],
  },
];
