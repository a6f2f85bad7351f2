"""The database: real PostgreSQL 15 of the bookworm root, with the data directory as the volume's content."""

import os
import signal
import subprocess
import time
import zlib

from mounts import overlay

ROOT = '/mnt/bookworm'
BIN = '/usr/lib/postgresql/15/bin'
DATA = '/volumes/postgres'
TEMPLATE = '/volumes/template'
USER = '100:102'
# No data has to outlive this process, so the database does not sync to disk.
SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=4MB', 'max_connections=20',
            'autovacuum=off', 'wal_level=minimal', 'max_wal_senders=0', 'unix_socket_directories=/run/postgresql',
            'listen_addresses=127.0.0.1', 'log_min_messages=fatal', 'jit=off', 'max_parallel_workers=0']
INITDB = ['-U', 'synapse', '--encoding=UTF-8', '--lc-collate=C', '--lc-ctype=C', '-A', 'trust', '--wal-segsize=1', '-N']


class Database:
    def __init__(self):
        self.server = None

    def template(self):
        """An empty cluster, made once: what the image's entrypoint does with an empty volume."""
        if os.path.exists(ROOT + TEMPLATE):
            return
        self._tool('initdb', '-D', DATA, *INITDB)
        self.start()
        self.query('CREATE DATABASE synapse', 'postgres')
        self.stop()
        os.rename(ROOT + DATA, ROOT + TEMPLATE)
        os.mkdir(ROOT + DATA)

    def _tool(self, name, *args):
        command = ['chroot', f'--userspec={USER}', ROOT, f'{BIN}/{name}', *args]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C'})

    @property
    def running(self):
        return self.server is not None and self.server.poll() is None

    def make(self):
        self.template()
        self.restore(ROOT + TEMPLATE)

    def start(self):
        if self.running:
            return
        options = [word for setting in SETTINGS for word in ('-c', setting)]
        for name in ('postmaster.pid', '../run/postgresql/.s.PGSQL.5432'):
            if os.path.exists(f'{ROOT}{DATA}/{name}'):
                os.remove(f'{ROOT}{DATA}/{name}')
        command = ['chroot', f'--userspec={USER}', ROOT, f'{BIN}/postgres', '-D', DATA, *options]
        with open('/mnt/output/postgres', 'ab') as log:
            self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C'})
        for _ in range(6000):
            try:
                with open(f'{ROOT}{DATA}/postmaster.pid', encoding='ascii') as file:
                    if file.read().split('\n')[7].strip() == 'ready':
                        return
            except (OSError, IndexError):
                pass
            if self.server.poll() is not None:
                break
            time.sleep(0.005)
        raise RuntimeError('PostgreSQL does not start: ' + open('/mnt/output/postgres', encoding='utf8').read()[-2000:])

    def stop(self, how=signal.SIGINT):
        if self.running:
            self.server.send_signal(how)
            self.server.wait()
        self.server = None

    def save(self, to):
        """A copy of the data directory, of a server that has been stopped."""
        subprocess.run(['cp', '-a', ROOT + DATA, to], check=True)

    def restore(self, what):
        self.stop(signal.SIGQUIT)
        overlay(ROOT + DATA, '/mnt/postgres.upper', what, owner=100, mode=0o700)

    def mark(self):
        """Another number after every change."""
        return [zlib.crc32(open(entry.path, 'rb').read()) for entry in sorted(os.scandir(f'{ROOT}{DATA}/pg_wal'), key=str)
                if entry.is_file()] if self.running else []

    def query(self, sql, database='synapse'):
        """The rows of some statements as text; a RuntimeError with PostgreSQL's words."""
        command = ['chroot', ROOT, f'{BIN}/psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-U', 'synapse', '-d', database]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=60, check=False,
                              env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8'})
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.rstrip('\n')

    def rows(self):
        """Each table with its rows, in an order of their own; one-time keys are left out of backups on purpose."""
        return self.query("""SELECT relname, query_to_xml(format('SELECT t::text AS r FROM %I t ORDER BY 1', relname),
            false, true, '') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'e2e_one_time_keys_json' ORDER BY 1""")
