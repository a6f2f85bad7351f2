// Faults that happen inside a machine, the same for every kind. The network's are at `machine.network`.
import { type Machine, MachineError } from './machine';

const filler = '.filled-by-the-lab';

/**
 * Fills the file system that holds `path` until `leaveBytes` are free (default 0; root's reserve is filled too).
 * A systemd-nspawn machine must have `diskBytes`, because otherwise it uses this host's own disk.
 */
export async function fillDisk(machine: Machine, path: string, leaveBytes = 0): Promise<void> {
  const asked = await must(machine, ['stat', '--file-system', '--format=%f %S', path]);
  const [blocks, size] = asked.split(' ');
  if (!machine.ownDisk) throw new MachineError(machine, "has no disk of its own: it would fill this host's");
  const bytes = Math.max(0, Number(blocks) * Number(size) - leaveBytes);
  machine.mark(`disk of ${path} filled, ${leaveBytes} bytes left`);
  // Reserves the space instead of writing it, except for the last part: the file system needs some of that for itself, so
  // reserving everything would fail. The last part is written until "No space left" occurs.
  const fill = `end=$(($1 < 67108864 ? $1 : 67108864)) start=$(($1 - end)) file=$2/${filler}
    [ "$start" = 0 ] || fallocate --length "$start" "$file"
    head -c "$end" /dev/zero >>"$file" || :`;
  await must(machine, ['sh', '-euc', fill, 'sh', String(bytes), path], 300_000);
}

/** Gives back what `fillDisk` took. */
export async function freeDisk(machine: Machine, path: string): Promise<void> {
  machine.mark(`disk of ${path} freed`);
  await must(machine, ['rm', '-f', `${path}/${filler}`]);
}

/** A program inside that holds a port; `release` ends it. A reboot ends it too. */
export interface TakenPort {
  release(): Promise<void>;
}

// Python is present because cloud-init needs it. It prints its pid once it listens, and then detaches from its caller.
const listener = `
import os, socket, sys, time
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", int(sys.argv[1])))
s.listen()
pid = os.fork()
if pid:
    print(pid)
    sys.exit(0)
os.setsid()
for fd in range(3):
    os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while True:
    time.sleep(3600)
`;

/** Occupies a TCP port on every address inside; throws MachineError if the port is in use. */
export async function takePort(machine: Machine, port: number): Promise<TakenPort> {
  const pid = (await must(machine, ['python3', '-c', listener, String(port)])).trim();
  machine.mark(`port ${port} taken`);
  return {
    release: async () => {
      machine.mark(`port ${port} released`);
      await must(machine, ['kill', pid]);
    },
  };
}

async function must(machine: Machine, argv: readonly string[], timeoutMs = 60_000): Promise<string> {
  const { code, stdout, stderr } = await machine.exec(argv, { timeoutMs });
  if (code !== 0) throw new MachineError(machine, `${argv[0]} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}
