"""One server: a throw-away copy of the sid root in which the real scripts run, watched at every program that they start.

Before each exec below the server's mounts the kernel sends an event (fanotify, FAN_OPEN_EXEC_PERM), and holds the process
until the answer. So the daemon acts between two commands, whichever program starts them (a shell, xargs, find), and needs
no process for it."""

import ctypes
import os
import signal
import struct
import subprocess
import threading
import time

from mounts import LIBC, bind, checked, mount, overlay, unmount

CASE, UPPER, BENCH, SNAPSHOTS = '/mnt/case', '/mnt/upper', '/mnt/bench', '/mnt/snapshots'
FAN_ADD_MOUNT, FAN_OPEN_EXEC_PERM, FAN_ALLOW, FAN_DENY = 0x11, 0x40000, 1, 2
ENVIRONMENT = {'PATH': '/bench/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root',
               'LC_ALL': 'C.UTF-8'}

class Case:
    def __init__(self, lower):
        self.lower = lower
        self.steps, self.trace, self.kill_at, self.dead = 0, [], 0, False
        # Called at every step with its number and the program's path, before the program starts.
        self.between = None
        self.scripts, self.last = set(), None
        self.tracing = self.active = False
        self.watch = checked(LIBC.fanotify_init(0x5, os.O_RDONLY | os.O_CLOEXEC))
        threading.Thread(target=self.listen, daemon=True).start()

    # --- the root directory

    def fresh(self, snapshot=None):
        self.close()
        self.snapshot = snapshot
        overlay(CASE, UPPER, *([f'{SNAPSHOTS}/{snapshot}'] if snapshot else []), self.lower)
        os.makedirs(CASE + '/bench', exist_ok=True)
        mount('proc', CASE + '/proc', 'proc')
        bind('/mnt/dev', CASE + '/dev')
        bind(BENCH, CASE + '/bench')
        for place in (CASE, CASE + '/bench'):
            checked(LIBC.fanotify_mark(self.watch, FAN_ADD_MOUNT, ctypes.c_uint64(FAN_OPEN_EXEC_PERM), -100, place.encode()))

    def close(self):
        self.kill_all()
        unmount(CASE)

    def save(self, snapshot):
        """What has changed since `fresh`; a server that came from a snapshot would miss that one's part."""
        assert self.snapshot is None
        subprocess.run(['cp', '-a', UPPER, f'{SNAPSHOTS}/{snapshot}'], check=True)

    # --- running

    def run(self, argv, directory='/root/work', kill_at=0, limit=300, tracing=False):
        self.steps, self.trace, self.kill_at, self.dead = 0, [], kill_at, False
        self.scripts, self.last, self.tracing, self.active = set(), None, tracing, True

        def enter():
            os.chroot(CASE)
            os.chdir(directory)
            os.umask(0o022)

        late = False
        with open('/mnt/output/out', 'wb') as out, open('/mnt/output/err', 'wb') as err:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=enter,
                                       start_new_session=True, env=ENVIRONMENT)
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                late = True
                self.kill_all()
                process.wait()
        self.kill_all()
        self.active = self.dead = False
        said = [open(f'/mnt/output/{name}', encoding='utf8', errors='replace').read() for name in ('out', 'err')]
        return {'code': process.returncode, 'stdout': said[0], 'stderr': said[1], 'steps': self.steps, 'late': late,
                'trace': self.trace}

    def kill_all(self):
        """Ends every process whose root directory is this server's, and so none of PostgreSQL's."""
        for _ in range(500):
            found = False
            for name in os.listdir('/proc'):
                if not name.isdigit():
                    continue
                try:
                    if os.readlink(f'/proc/{name}/root').startswith(CASE):
                        os.kill(int(name), signal.SIGKILL)
                        found = True
                except OSError:
                    pass
            if not found:
                return
            time.sleep(0.002)

    # --- at every program

    def listen(self):
        while True:
            events = os.read(self.watch, 8192)
            while events:
                length, _, _, _, _, file, process = struct.unpack_from('=IBBHQii', events)
                events = events[length:]
                allowed = True
                try:
                    path = os.readlink(f'/proc/self/fd/{file}')
                    allowed = self.step(process, path, os.pread(file, 2, 0) == b'#!')
                finally:
                    os.write(self.watch, struct.pack('=iI', file, FAN_ALLOW if allowed else FAN_DENY))
                    os.close(file)

    def step(self, process, path, script):
        """@returns whether the program may begin"""
        if self.dead:
            return False
        if '/ld-linux' in path or not self.active:
            return True
        if process in self.scripts:
            # The interpreter of a script that was counted.
            self.scripts.discard(process)
            return True
        if script:
            self.scripts.add(process)
        path = path.removeprefix(CASE).replace(BENCH, '/bench')
        self.name_last()
        self.steps += 1
        self.last = (process, path)
        if self.steps == self.kill_at:
            self.dead = True
            self.trace.append(f'{self.steps}: {path}')
            self.kill_all()
            return False
        if self.between:
            self.between(self.steps, path)
        return True

    def name_last(self):
        """Notes the step before by its whole command, which the kernel does not know before the program has begun."""
        if not self.tracing or not self.last:
            return
        process, path = self.last
        try:
            with open(f'/proc/{process}/cmdline', 'rb') as file:
                words = file.read().decode('utf8', 'replace').replace('\0', ' ').strip()
        except OSError:
            words = ''
        name = path.rsplit('/', 1)[1]
        self.trace.append(f'{self.steps}: {words[:200] if name in words else path}')
