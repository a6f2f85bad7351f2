"""A Synapse that has been taken over: while its container runs it acts between any two commands of the scripts, as user
991 and through its bind mount alone, which it still reaches when the directory is renamed."""

import contextlib
import ctypes
import os
import shutil
import socket

LIBC = ctypes.CDLL(None, use_errno=True)
SYNAPSE = 991
KEY = 'matrix.example.org.signing.key'
MEDIA = 'media_store/local_content/aa/bb/cccc'
FILES = [MEDIA, 'homeserver.yaml', 'pgpass', KEY, 'macaroon_secret_key', 'form_secret', 'registration_shared_secret']
DIRECTORIES = ['media_store', 'media_store/local_content', 'media_store/local_content/aa']
TARGETS = ['/usr/local/sbin/matrixctl', '/etc/shadow', '/root/.ssh/authorized_keys', '/etc/gen-cloudinit.env',
           '/data/matrix/docker-compose.yml', '/etc/dangling', '/data/matrix/db-password', '/root/work/dangling']
PLACES = ['/root', '/etc', '/usr/local/sbin', '/root/.ssh', '/data/matrix', '/']
NAMES = ['a b', "it's", 'new\nline', '-rf', '--checkpoint-action=exec=sh x', 'back\\slash', 'back\\nslash', '$(touch /etc/x)',
         '*', '.matrixctl-homeserver.yaml.1', '"', 'tab\t', '\x80\xff', 'x' * 255, '..a', ';id', 'SHA256SUMS', 'manifest.json',
         'database', 'config']
# Synapse's output when a script requests the domain's addresses from it.
ANSWERS = ['1.2.3.4/;etouch${IFS}/etc/injected;#\n', '1.2.3.4/;w/etc/injected\n', '*\n', "';touch /etc/injected;'\n", '1.2.3.4/e\n', '$(touch /etc/injected)\n',
           '-o/etc/injected\n', '[::1]/;r/etc/shadow\n', '1.2.3.4\\nw /etc/injected\n', '&\n', '1\n' * 500]


@contextlib.contextmanager
def as_synapse():
    """Only this thread's rights over files are others; the kernel takes root's powers over files away with them."""
    LIBC.setfsgid(SYNAPSE)
    LIBC.setfsuid(SYNAPSE)
    try:
        yield
    finally:
        LIBC.setfsuid(0)
        LIBC.setfsgid(0)


class Hostile:
    def __init__(self, synapse, engine):
        self.synapse, self.engine = synapse, engine
        self.attack = None
        self.mode = 'flip'
        self.count, self.seed = 0, 0
        self.undo = None
        self.known = set()
        self.acts = 0

    def set(self, attack, mode, seed=0):
        """`flip`: another act at each step and the former undone; `keep`: one act that stays for the whole command."""
        self.recover()
        self.attack, self.mode, self.seed, self.count = attack, mode, seed, 0
        self.engine.answers = None

    def begin(self):
        """A command begins."""
        self.recover()
        self.count += 1

    def between(self, step, _path):
        directory = self.synapse.directory
        if self.attack is None or directory is None:
            return
        if self.mode == 'keep' and self.undo:
            return
        try:
            directory = os.dup(directory)
        except OSError:
            return
        with as_synapse():
            try:
                if self.undo:
                    self.undone()
                    if self.mode == 'flip' and (step + self.seed) % 3 == 0:
                        return
                act = getattr(self, 'do_' + self.attack)
                self.undo = (act(directory, self.count + self.seed + (step if self.mode == 'flip' else 0)), directory)
                self.acts += 1
                directory = None
            except OSError:
                pass
            finally:
                if directory is not None:
                    os.close(directory)

    def undone(self):
        undo, directory = self.undo
        self.undo = None
        try:
            if undo:
                undo()
        except OSError:
            pass
        os.close(directory)

    def recover(self):
        if self.undo:
            with as_synapse():
                self.undone()

    # --- acts; each returns what undoes it

    def swapped(self, at, name, make):
        """Something else in the place of a name, until it is undone."""
        aside = f'.aside-{self.acts}'
        os.rename(name, aside, src_dir_fd=at, dst_dir_fd=at)

        def undo():
            remove(at, name)
            os.rename(aside, name, src_dir_fd=at, dst_dir_fd=at)

        try:
            make(name)
        except OSError:
            undo()
            raise
        return undo

    def do_links(self, at, turn):
        name, target = FILES[turn % len(FILES)], TARGETS[(turn // len(FILES) + turn) % len(TARGETS)]
        return self.swapped(at, name, lambda path: os.symlink(target, path, dir_fd=at))

    def do_directories(self, at, turn):
        name, target = DIRECTORIES[turn % len(DIRECTORIES)], PLACES[(turn // 3) % len(PLACES)]
        return self.swapped(at, name, lambda path: os.symlink(target, path, dir_fd=at))

    def do_kinds(self, at, turn):
        """A directory where a file was, and a file where a directory was."""
        name = (FILES + DIRECTORIES)[turn % (len(FILES) + len(DIRECTORIES))]

        def make(path):
            if name in DIRECTORIES:
                write(at, path, b'no directory')
            else:
                os.mkdir(path, 0o700, dir_fd=at)
                write(at, path + '/-rf', b'x')

        return self.swapped(at, name, make)

    def do_pipes(self, at, turn):
        name = FILES[turn % len(FILES)]
        return self.swapped(at, name, lambda path: os.mkfifo(path, 0o644, dir_fd=at))

    def do_names(self, at, turn):
        names = [os.fsencode(name) if '\x80' not in name else b'\x80\xff' for name in NAMES]
        where = [b'', b'media_store/', b'media_store/local_content/aa/'][turn % 3]
        for name in names:
            write(at, where + name, b'x' * (turn % 3))
        os.symlink(TARGETS[turn % len(TARGETS)], where + b'a link\n', dir_fd=at)
        return lambda: [remove(at, where + name) for name in [*names, b'a link\n']]

    def do_links_and_sockets(self, at, turn):
        """Hard links of its secrets among its media, and a socket."""
        name = f'media_store/local_content/aa/hard{turn}'
        os.link(FILES[turn % len(FILES)], name, src_dir_fd=at, dst_dir_fd=at)
        listening = socket.socket(socket.AF_UNIX)
        place = f'/proc/self/fd/{at}/socket{turn}'
        try:
            listening.bind(place)
        finally:
            listening.close()
        return lambda: [remove(at, name), remove(at, f'socket{turn}')]

    def do_changing(self, at, turn):
        """Files that grow, shrink, vanish and come back."""
        name = 'media_store/local_content/aa/changing'
        if turn % 4 == 3:
            remove(at, name)
        else:
            write(at, name, os.urandom(1 + turn * 997 % 70_000))
        vanished = FILES[turn % len(FILES)]
        if turn % 2:
            return self.swapped(at, vanished, lambda path: None)
        return None

    def do_newcomers(self, at, turn):
        """Whatever appears in its directory, such as a temporary file of a script, becomes a link at the next step."""
        now = set(os.listdir(at))
        for name in now - self.known if self.known else ():
            if name.startswith('.aside') or name in FILES:
                continue
            remove(at, name)
            os.symlink(TARGETS[turn % len(TARGETS)], name, dir_fd=at)
        self.known = now
        return None

    def do_ill(self, at, turn):
        """Unhealthy, with links where a restore would write."""
        links = self.do_links(at, turn * 7)
        try:
            gone = self.swapped(at, KEY, lambda path: None)
        except OSError:
            return links
        return lambda: [gone(), links()]

    def do_answers(self, _at, turn):
        self.engine.answers = ANSWERS[turn % len(ANSWERS)]
        return None


def write(at, name, content):
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644, dir_fd=at)
    with os.fdopen(file, 'wb') as opened:
        opened.write(content)


def remove(at, name):
    try:
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        shutil.rmtree(name, dir_fd=at, ignore_errors=True)
